//! What a person does in the window, in the page's own names.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use super::{Window, wait_for};
use crate::PASSWORD;

/// The element with a test id.
pub fn id(name: &str) -> String {
    format!("[data-testid=\"{name}\"]")
}

impl Window {
    /// Makes an account on the first-run screen.
    pub fn register(&self, name: &str) {
        self.wait(&id("phase-firstrun"));
        self.type_into(&id("name"), name);
        self.type_into(&id("password"), PASSWORD);
        self.type_into(&id("password2"), PASSWORD);
        self.click(&id("submit-account"));
        self.wait(&id("phase-open"));
    }

    /// Opens the profile on the locked screen.
    pub fn unlock(&self) {
        self.wait(&id("phase-locked"));
        self.type_into(&id("unlock-password"), PASSWORD);
        self.click(&id("unlock-submit"));
        self.wait(&id("phase-open"));
    }

    /// Asks someone to be a buddy.
    pub fn add_buddy(&self, name: &str, note: &str) {
        self.click(&id("add-buddy"));
        self.type_into(&id("add-name"), name);
        self.type_into(&id("add-note"), note);
        self.click(&id("add-submit"));
        self.wait_gone(&id("add-submit"));
    }

    /// Says yes to the request that waits.
    pub fn accept_request(&self) {
        self.click("[data-testid^=\"accept-\"]");
    }

    /// The row of a buddy.
    pub fn row(name: &str) -> String {
        format!("[data-testid^=\"buddy-\"][data-name=\"{name}\"]")
    }

    /// Waits until a buddy's row shows a state.
    pub fn wait_state(&self, name: &str, state: &str) {
        self.wait(&format!("{}[data-state=\"{state}\"]", Self::row(name)));
    }

    /// Opens the conversation with a buddy.
    pub fn open_chat(&self, name: &str) {
        let header = format!("{}[data-name=\"{name}\"]", id("conversation-header"));
        // A row that comes to its place as its buddy does misses the click; a person clicks again.
        wait_for("the conversation", || {
            self.click(&Self::row(name));
            let end = Instant::now() + Duration::from_secs(2);
            while self.find(&header).is_none() && Instant::now() < end {
                thread::sleep(Duration::from_millis(30));
            }
            self.find(&header).is_some()
        });
        self.wait(&id("composer"));
    }

    /// Says something in the open conversation.
    pub fn say(&self, text: &str) {
        self.type_into(&id("composer"), text);
        self.type_into(&id("composer"), "\u{e007}");
    }

    /// Says something of several lines.
    pub fn say_lines(&self, text: &str) {
        for (number, line) in text.lines().enumerate() {
            if number > 0 {
                self.type_into(&id("composer"), "\u{e008}\u{e007}\u{e000}");
            }
            if line.is_ascii() {
                self.type_into(&id("composer"), line);
            } else {
                // The driver has no keys beyond the first plane; this is how an input method or a paste comes in.
                let script = "document.querySelector(arguments[0]).focus(); \
                              document.execCommand('insertText', false, arguments[1])";
                self.run(script, &json!([id("composer"), line]));
            }
        }
        self.type_into(&id("composer"), "\u{e007}");
    }

    /// Waits for a message of mine or theirs in the open conversation.
    pub fn wait_message(&self, text: &str, mine: bool) {
        wait_for(&format!("the message '{text}'"), || {
            let script = "return [...document.querySelectorAll('[data-testid=\"message\"]')].some(m => \
                          m.innerText.includes(arguments[0]) && m.dataset.mine === String(arguments[1]))";
            self.run(script, &json!([text, mine])) == json!(true)
        });
    }

    /// Waits until a message of mine shows a state.
    pub fn wait_delivery(&self, text: &str, state: &str) {
        wait_for(&format!("'{text}' as {state}"), || {
            let script = "return [...document.querySelectorAll('[data-testid=\"message\"]')].some(m => \
                          m.innerText.includes(arguments[0]) && m.dataset.state === arguments[1])";
            self.run(script, &json!([text, state])) == json!(true)
        });
    }

    /// Points at the message with this text, and clicks on something in the bar that floats over it then.
    pub fn on_message(&self, text: &str, button: &str) {
        wait_for(&format!("a button on '{text}'"), || {
            let script = "const found = [...document.querySelectorAll('[data-testid=\"message\"]')]\
                          .find(m => m.innerText.includes(arguments[0])); \
                          if (!found) return false; \
                          found.dispatchEvent(new PointerEvent('pointermove', { bubbles: true })); \
                          const button = found.querySelector(arguments[1]); \
                          if (button) button.click(); return button !== null;";
            self.run(script, &json!([text, button])) == json!(true)
        });
    }

    /// Signs out by the menu.
    pub fn sign_out(&self) {
        self.click(&id("me-menu"));
        self.click(&id("sign-out"));
        self.wait(&id("phase-locked"));
    }

    /// Light or dark, whatever the system says; it is there at once, and on the screen.
    pub fn theme(&self, theme: &str) {
        let script = "document.documentElement.dataset.theme = arguments[0]; \
                      for (const one of document.getAnimations()) if (one instanceof CSSTransition) one.finish(); \
                      return new Promise(drawn => { \
                          requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))); \
                          setTimeout(() => drawn(false), 1000); \
                      });";
        self.run(script, &json!([theme]));
    }
}
