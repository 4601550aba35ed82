//! One window: an app process, driven over WebDriver.

use std::{
    fs,
    path::Path,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::stage::{Stage, free_ports, tool, wait_for};
use crate::{PATIENCE, server::program};

/// The web view's own driver.
pub(super) const NATIVE: &str = "/usr/bin/WebKitWebDriver";

/// What stands for an element (W3C WebDriver, section 12).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

pub struct Window {
    driver: Child,
    session: String,
    agent: ureq::Agent,
}

impl Window {
    /// Starts the app on a profile and waits for its page.
    pub fn open(stage: &Stage, profile: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let (port, native) = free_ports();
        let log = fs::File::create(stage.folder.path().join(format!("driver-{port}.log"))).expect("writable");
        let driver = stage
            .command(tool("tauri-driver"))
            .args(["--port", &port.to_string(), "--native-port", &native.to_string()])
            .args(["--native-driver", NATIVE])
            .envs(environment.iter().copied())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .spawn()
            .expect("tauri-driver is installed");
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into();
        let base = format!("http://127.0.0.1:{port}");
        wait_for("tauri-driver", || agent.get(format!("{base}/status")).call().is_ok());
        let mut all: Vec<_> = vec!["--profile".to_owned(), profile.display().to_string(), "--loopback-only".into()];
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let options = json!({ "application": program("juice"), "args": all });
        let wanted = json!({ "capabilities": { "alwaysMatch": { "tauri:options": options } } });
        let mut window = Self { driver, session: format!("{base}/session"), agent };
        let session = window.post("", &wanted);
        let id = session["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {session}")).to_owned();
        window.session = format!("{base}/session/{id}");
        // A window that comes up takes the focus, and with it keys that are meant for another.
        window.wait("[data-testid^=\"phase-\"]");
        window
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let mut answer =
            self.agent.post(format!("{}{path}", self.session)).send_json(body).expect("the driver answers");
        answer.body_mut().read_json::<Value>().expect("JSON").get_mut("value").map(Value::take).unwrap_or_default()
    }

    fn get(&self, path: &str) -> Value {
        let mut answer = self.agent.get(format!("{}{path}", self.session)).call().expect("the driver answers");
        answer.body_mut().read_json::<Value>().expect("JSON").get_mut("value").map(Value::take).unwrap_or_default()
    }

    /// The page that is driven.
    pub fn page(&self) -> String {
        self.get("/window").as_str().unwrap_or_default().to_owned()
    }

    /// The pages of this app's windows, in no order.
    pub fn pages(&self) -> Vec<String> {
        let all = self.get("/window/handles");
        all.as_array().into_iter().flatten().filter_map(|page| page.as_str().map(str::to_owned)).collect()
    }

    /// From here on another of its pages is driven.
    pub fn turn_to(&self, page: &str) {
        let done = self.post("/window", &json!({ "handle": page }));
        assert!(done.is_null(), "there is no such page: {done}");
    }

    /// Runs JavaScript in the page; its `return` comes back.
    pub fn run(&self, script: &str, arguments: &Value) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// An element, if it is there.
    pub fn find(&self, selector: &str) -> Option<String> {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        found.as_object()?.values().next()?.as_str().filter(|_| found.get("error").is_none()).map(str::to_owned)
    }

    /// Waits for an element.
    pub fn wait(&self, selector: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(element) = self.find(selector) {
                return element;
            }
            assert!(Instant::now() < end, "{selector} is not on the page, which says: {}", self.text("body"));
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Waits until no such element is left.
    pub fn wait_gone(&self, selector: &str) {
        wait_for(&format!("the end of {selector}"), || self.find(selector).is_none());
    }

    pub fn click(&self, selector: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let element = self.wait(selector);
            let done = self.post(&format!("/element/{element}/click"), &json!({}));
            if done.is_null() {
                return;
            }
            // It moved or was drawn anew in between.
            assert!(Instant::now() < end, "{selector} can't be clicked: {done}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Moves the pointer over an element, and leaves it there.
    pub fn point_at(&self, selector: &str) {
        let origin = json!({ ELEMENT: self.wait(selector) });
        let moved = json!([{ "type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": origin }]);
        let mouse = json!({ "type": "pointer", "id": "mouse", "actions": moved });
        let done = self.post("/actions", &json!({ "actions": [mouse] }));
        assert!(done.is_null(), "{selector} can't be pointed at: {done}");
    }

    pub fn type_into(&self, selector: &str, text: &str) {
        let element = self.wait(selector);
        let done = self.post(&format!("/element/{element}/value"), &json!({ "text": text }));
        assert!(done.is_null(), "{selector} takes no keys: {done}");
    }

    /// Empties a field.
    pub fn clear(&self, selector: &str) {
        let element = self.wait(selector);
        self.post(&format!("/element/{element}/clear"), &json!({}));
    }

    /// Types into whatever has the focus, by keys alone.
    pub fn press(&self, keys: &str) {
        let actions: Vec<_> = keys
            .chars()
            .flat_map(|key| [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })])
            .collect();
        self.post("/actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }));
    }

    /// Types a key into whatever has the focus, with Shift held.
    pub fn press_with_shift(&self, key: &str) {
        const SHIFT: &str = "\u{e008}";
        let actions = [("keyDown", SHIFT), ("keyDown", key), ("keyUp", key), ("keyUp", SHIFT)]
            .map(|(kind, value)| json!({ "type": kind, "value": value }));
        self.post("/actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }));
    }

    pub fn text(&self, selector: &str) -> String {
        let text = self.run("return document.querySelector(arguments[0])?.innerText ?? ''", &json!([selector]));
        text.as_str().unwrap_or_default().to_owned()
    }

    pub fn attribute(&self, selector: &str, name: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.getAttribute(arguments[1]) ?? ''";
        self.run(script, &json!([selector, name])).as_str().unwrap_or_default().to_owned()
    }

    /// A picture of the page.
    pub fn picture(&self, file: &Path) {
        let picture = self.get("/screenshot");
        let bytes = STANDARD.decode(picture.as_str().unwrap_or_default()).expect("a picture in base64");
        assert!(bytes.starts_with(b"\x89PNG"), "a picture is a PNG");
        fs::create_dir_all(file.parent().expect("a folder")).expect("writable");
        fs::write(file, bytes).expect("writable");
    }

    /// The window's size, in pixels; its page has it when this returns.
    pub fn resize(&self, width: u32, height: u32) {
        self.post("/window/rect", &json!({ "width": width, "height": height, "x": 0, "y": 0 }));
        wait_for("the new size", || self.run("return innerWidth", &json!([])) == json!(width));
    }

    /// Memory (PSS) of the app on this profile and of its web process, in MB.
    pub fn memory(&self, profile: &Path) -> (f64, f64) {
        let app = app_on(profile).expect("the app runs");
        let page = numbers().find(|number| parent_of(*number) == Some(app) && name_of(*number) == "WebKitWebProces");
        (pss_of(app), pss_of(page.expect("it has a web process")))
    }

    /// Kills the app on this profile without warning, and the driver with it.
    pub fn kill(self, profile: &Path) {
        let app = app_on(profile).expect("the app runs");
        let done = Command::new("kill").args(["-KILL", &app.to_string()]).status().expect("the system can kill");
        assert!(done.success(), "the app was running");
        drop(self);
    }

    /// Ends the session, which closes the app's window the hard way.
    pub fn close(self) {
        drop(self);
    }
}

/// All processes.
fn numbers() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent_of(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// A name as the system keeps it: its first 15 letters.
fn name_of(process: u32) -> String {
    fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default().trim().to_owned()
}

fn pss_of(process: u32) -> f64 {
    let all = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).expect("the process is one's own");
    let line = all.lines().find_map(|line| line.strip_prefix("Pss:")).expect("the system counts it");
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1_024.0 / 1_000_000.0
}

/// The process of the app on a profile, which its command line names.
pub fn app_on(profile: &Path) -> Option<u32> {
    let app = program("juice").display().to_string();
    numbers().find(|number| {
        let line = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        let mut words = line.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        words.next().is_some_and(|first| first == app) && words.any(|word| word == profile.display().to_string())
    })
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
