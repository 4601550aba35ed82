//! What is done from outside of the window: by `juice ctl`, and by a key while another window has the focus.

use std::process::{Output, Stdio};

use juice_tests::{
    PASSWORD,
    server::program,
    wav,
    windows::{Shortcuts, Window, app_on, id, wait_for},
};

use crate::{Scene, picture};

/// Ctrl and Alt are held for the T.
const CTRL_ALT_T: &str = "\u{e009}\u{e00a}t\u{e000}";

#[test]
fn a_running_juice_is_told_what_to_do_and_says_what_came_of_it() {
    let scene = Scene::set(&["alice", "bob"]);
    refused(&ctl(&scene, 0, &["talk", "on"]), "JUICE isn't running.");
    let (alice, bob) = scene.buddies();
    refused(&ctl(&scene, 0, &["talk", "on"]), "You are in no call.");
    refused(&ctl(&scene, 1, &["answer"]), "Nobody is calling you.");
    done(&ctl(&scene, 1, &["show"]), "JUICE has come up.");

    call(&alice, &bob);
    done(&ctl(&scene, 1, &["answer"]), "Answered.");
    alice.wait(&stage("talking"));
    done(&ctl(&scene, 1, &["talk", "off"]), "Your microphone is off.");
    alice.wait(&id("call-note-theyMuted"));
    done(&ctl(&scene, 1, &["mute", "toggle"]), "Your microphone is on.");
    alice.wait_gone(&id("call-note-theyMuted"));
    done(&ctl(&scene, 1, &["mute", "on"]), "Your microphone is off.");
    bob.wait(&id("call-note-off"));
    done(&ctl(&scene, 1, &["hang-up"]), "Hung up.");
    alice.wait_gone(&id("call-bar"));

    call(&alice, &bob);
    done(&ctl(&scene, 1, &["decline"]), "Declined.");
    alice.wait_gone(&id("call-bar"));
    bob.sign_out();
    refused(&ctl(&scene, 1, &["hang-up"]), "Nobody is signed in.");

    let help = ctl(&scene, 0, &["--help"]);
    let said = String::from_utf8_lossy(&help.stdout);
    for word in ["talk", "mute", "answer", "decline", "hang-up", "show", "keyboard settings"] {
        assert!(said.contains(word), "'{word}' is explained: {said}");
    }
}

#[test]
fn who_sits_in_the_tray_hears_it_ring() {
    let scene = Scene::set(&["alice", "bob"]);
    let (alice, bob) = scene.buddies();
    bob.close();
    alice.wait_state("bob", "offline");
    let heard = scene.home(1).join("heard.wav");
    let mut hidden = scene.stage.command(program("juice"));
    hidden.args(["--hidden", "--loopback-only", "--microphone", "silence", "--profile"]).arg(scene.home(1));
    hidden.arg("--speaker").arg(&heard).env("JUICE_UNLOCK", PASSWORD).stderr(Stdio::null());
    let mut hidden = hidden.spawn().expect("the app is built");

    let button = format!("{} {}", id("conversation-header"), id("call"));
    alice.wait(&format!("{button}[aria-disabled=\"false\"]"));
    alice.click(&button);
    alice.wait(&stage("ringing"));
    let rung = heard.with_extension("ring.wav");
    // The ring is on its way to the file as long as it rings.
    wait_for("a ring", || rung.metadata().is_ok_and(|about| about.len() > 48_000));
    done(&ctl(&scene, 1, &["decline"]), "Declined.");
    wait_for("the end of it", || hound::WavReader::open(&rung).is_ok_and(|file| file.duration() > 24_000));
    let (_, samples) = wav::read(&rung);
    let loudest = samples.iter().fold(0.0, |most: f64, sample| most.max(sample.abs()));
    assert!(loudest > 0.2, "it was to be heard: {loudest}");
    let _ = hidden.kill();
    let _ = hidden.wait();
}

#[test]
fn a_key_opens_the_microphone_while_another_window_has_the_focus() {
    let scene = Scene::set(&["alice", "bob"]);
    let (alice, bob) = scene.buddies();
    choose_key(&bob);
    wait_for("the key", || shown(&bob) == "Ctrl Alt T");
    picture(&bob, "talk-key");
    // The same key can't be had twice.
    choose_key(&alice);
    wait_for("who has it", || alice.text(".note.trouble").contains("Another program has this key"));
    picture(&alice, "talk-key-taken");
    alice.click(&id("talk-key-clear"));
    wait_for("no key", || shown(&alice).is_empty());
    alice.click(&id("sound-pushToTalk"));
    for window in [&alice, &bob] {
        close_sheet(window);
    }

    call(&alice, &bob);
    bob.click(&id("incoming-answer"));
    alice.wait(&stage("talking"));
    bob.wait(&id("call-note-off"));
    alice.wait(&id("call-note-theyMuted"));
    focus(&scene, 0);
    wait_for("the focus", || has_focus(&alice) && !has_focus(&bob));
    alice.type_into(&id("composer"), "half a");
    for _ in 0..3 {
        keys(&scene, &["keydown", "ctrl", "keydown", "alt", "keydown", "t"]);
        bob.wait_gone(&id("call-note-off"));
        alice.wait_gone(&id("call-note-theyMuted"));
        keys(&scene, &["keyup", "t", "keyup", "alt", "keyup", "ctrl"]);
        bob.wait(&id("call-note-off"));
        alice.wait(&id("call-note-theyMuted"));
    }
    let script = "return document.querySelector(arguments[0]).value";
    let written = alice.run(script, &serde_json::json!([id("composer")]));
    assert_eq!(written, "half a", "and nothing is typed there");
    alice.click(&id("call-hang-up"));
}

#[test]
fn on_wayland_the_desktop_gives_the_key() {
    let mut scene = Scene::set(&["alice", "bob"]);
    let mut desktop = scene.wayland();
    let (alice, bob) = scene.buddies();
    choose_key(&bob);
    assert_eq!(desktop.bound(), "CTRL+ALT+t");
    wait_for("the desktop's word", || bob.text(".key .note").contains("Meta+CTRL+ALT+t"));
    picture(&bob, "talk-key-desktop");
    close_sheet(&bob);

    call(&alice, &bob);
    bob.click(&id("incoming-answer"));
    alice.wait(&stage("talking"));
    bob.wait(&id("call-note-off"));
    desktop.press(true);
    alice.wait_gone(&id("call-note-theyMuted"));
    desktop.press(false);
    alice.wait(&id("call-note-theyMuted"));
    // Given up while it is held, it is let go.
    desktop.press(true);
    alice.wait_gone(&id("call-note-theyMuted"));
    open_sheet(&bob);
    bob.click(&id("talk-key-clear"));
    desktop.closed();
    alice.wait(&id("call-note-theyMuted"));
    close_sheet(&bob);
    bob.click(&id("call-hang-up"));

    desktop.refuse();
    open_sheet(&bob);
    press_key(&bob);
    wait_for("the refusal", || bob.text(".note.trouble").contains("didn’t give JUICE this key"));
    assert!(bob.text(".note.trouble").contains("juice ctl talk toggle"), "and what else works");
    picture(&bob, "talk-key-refused");
    desktop.know_nobody();
    bob.click(&id("talk-key-clear"));
    wait_for("no key", || shown(&bob).is_empty());
    press_key(&bob);
    wait_for("what is missing", || bob.text(".note.trouble").contains("doesn’t know JUICE"));
    picture(&bob, "talk-key-unknown");
}

#[test]
fn where_no_desktop_gives_keys_the_settings_say_what_else_works() {
    let mut scene = Scene::set(&["alice"]);
    drop(scene.wayland());
    let alice = scene.window(0);
    alice.register("alice");
    open_sheet(&alice);
    alice.click(&id("sound-pushToTalk"));
    alice.wait(&id("talk-key-impossible"));
    assert!(alice.text(&id("talk-key-impossible")).contains("juice ctl talk toggle"), "the command is named");
    picture(&alice, "talk-key-impossible");
}

fn ctl(scene: &Scene, number: usize, words: &[&str]) -> Output {
    let mut command = scene.stage.command(program("juice"));
    command.arg("ctl").args(words).arg("--profile").arg(scene.home(number));
    command.output().expect("the app is built")
}

fn done(output: &Output, words: &str) {
    let (said, trouble) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.trim() == words, "'{words}' and not '{said}' ({trouble})");
}

fn refused(output: &Output, words: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "nothing was done");
    assert!(said.trim().starts_with(words), "'{words}' and not '{said}'");
}

/// Alice calls, and it rings at Bob's.
fn call(alice: &Window, bob: &Window) {
    let button = format!("{} {}", id("conversation-header"), id("call"));
    alice.wait(&format!("{button}[aria-disabled=\"false\"]"));
    alice.click(&button);
    bob.wait(&id("incoming"));
}

fn stage(stage: &str) -> String {
    format!("{}[data-stage=\"{stage}\"]", id("call-bar"))
}

fn open_sheet(window: &Window) {
    window.click(&id("me-menu"));
    window.click(&id("sound"));
    window.wait(&id("sound-pushToTalk"));
}

fn close_sheet(window: &Window) {
    window.press("\u{e00c}");
    window.wait_gone("dialog");
}

/// Talks by a key from here on, by Ctrl, Alt and T.
fn choose_key(window: &Window) {
    open_sheet(window);
    window.click(&id("sound-pushToTalk"));
    press_key(window);
}

fn press_key(window: &Window) {
    window.click(&id("talk-key"));
    wait_for("keys to be waited for", || window.text(&id("talk-key")).contains('…'));
    window.type_into(&id("talk-key"), CTRL_ALT_T);
}

/// The key that is shown.
fn shown(window: &Window) -> String {
    let script = "return [...document.querySelectorAll(arguments[0])].map(key => key.textContent).join(' ')";
    let keys = format!("{} kbd", id("talk-key"));
    window.run(script, &serde_json::json!([keys])).as_str().unwrap_or_default().to_owned()
}

/// Keys as a keyboard has them, whichever window has the focus.
fn keys(scene: &Scene, words: &[&str]) {
    let done = scene.stage.command("xdotool").args(words).status().expect("xdotool is here");
    assert!(done.success(), "keys can be pressed");
}

/// Gives the focus to a person's window.
fn focus(scene: &Scene, number: usize) {
    let process = app_on(scene.home(number)).expect("the app runs").to_string();
    let search = ["search", "--all", "--onlyvisible", "--pid", &process, "--name", "JUICE"];
    keys(scene, &[&search[..], &["windowfocus", "--sync", "%1"]].concat());
}

fn has_focus(window: &Window) -> bool {
    window.run("return document.hasFocus()", &serde_json::json!([])) == true
}

impl Scene {
    /// A desktop of Wayland, for the windows that are opened from here on.
    fn wayland(&mut self) -> Shortcuts {
        self.environment.push(Shortcuts::ENVIRONMENT);
        Shortcuts::watch(&self.stage)
    }
}
