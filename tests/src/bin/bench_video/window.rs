//! How a real window paints: how long a picture takes from when it is asked for, and how many are painted a second.
//!
//! Bob is an engine with a test picture in a process of its own; Alice sees him in the app, on a screen that nobody sees,
//! whose pictures are drawn by the processor. A picture counts as painted when it can be read back from its canvas.

use std::{thread::sleep, time::Duration};

use juice_tests::{
    Folder, Puppet, ServerProcess,
    server::program,
    windows::{Stage, Window, can_be_driven, id},
};
use serde_json::{Map, Value, json};

/// Until the line is known to be wide, and the page is warm.
const SETTLED: Duration = Duration::from_secs(6);
/// The canvas of everyone but me.
const THEIRS: &str = "canvas[data-testid=\"picture\"]:not([data-person=\"me\"])";
/// Between two pictures of thirty a second, with half of one: more is a picture that was left out.
const GAP_US: f64 = 50_000.0;

/// Gathers what the canvas says of each picture, and reads it back, so that nothing of it is still to be drawn.
const WATCH: &str = "window.seen = []; const pixel = new Uint8Array(4); \
    document.querySelector(arguments[0]).addEventListener('painted', ({ target, detail }) => { \
        const gl = target.getContext('webgl'); \
        if (gl) gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel); \
        else target.getContext('2d').getImageData(0, 0, 1, 1); \
        const { asked, came, captured } = detail; \
        window.seen.push([asked, came, performance.now(), captured]); \
    });";

/// Null for each where no window can be driven.
pub fn measure(seconds: u64) -> Map<String, Value> {
    let missing = if !program("juice").exists() {
        "the app is not built beside this program"
    } else if !can_be_driven() {
        "Xvfb, dbus-daemon, WebKitWebDriver or tauri-driver is missing"
    } else {
        ""
    };
    if !missing.is_empty() {
        eprintln!("no window: {missing}");
        let names = ["ui_frame_ms", "ui_paint_ms", "ui_painted_fps", "ui_left_out"];
        return names.into_iter().map(|name| (name.to_owned(), Value::Null)).collect();
    }
    figures(&watch(seconds), seconds)
}

/// When each was asked for, came and was painted, in ms of the page; and taken, in microseconds of Bob.
fn watch(seconds: u64) -> Vec<[f64; 4]> {
    let [home, alices, bobs] = ["server", "alice", "bob"].map(Folder::new);
    let server = ServerProcess::start(home.path(), "127.0.0.1:0");
    let stage = Stage::open("1400x1000");
    let profile = alices.path().display().to_string();
    let arguments = ["--server", server.address(), "--microphone", "tone:440", "--speaker", "nothing"];
    let arguments = [&arguments[..], &["--camera", "test:640x480"]].concat();
    let around = [("LANG", "en_GB.UTF-8"), ("HOME", profile.as_str())];
    let alice = Window::open(&stage, alices.path(), &arguments, &around);
    alice.register("alice");

    let mut command = std::process::Command::new(program("buddy"));
    command.args(["--source", "tone:440", "--camera", "test:640x480"]);
    let mut bob = Puppet::run(command, bobs.path());
    bob.register("bob", server.address());
    bob.done(&json!({ "type": "addBuddy", "name": "alice", "note": "" }));
    alice.accept_request();
    alice.wait_state("bob", "here");
    alice.open_chat("bob");
    let can_voice = |buddy: &Value| buddy["canVoice"] == true;
    if !bob.buddies().iter().any(can_voice) {
        bob.until("a microphone", |event| event["type"] == "buddyChanged" && can_voice(&event["buddy"]));
    }
    let buddies = bob.buddies();
    bob.done(&json!({ "type": "placeCall", "buddy": buddies[0]["id"], "video": true }));
    alice.click(&id("incoming-answer"));
    alice.wait(&format!("{THEIRS}[data-coming=\"live\"]"));
    sleep(SETTLED);
    alice.run(WATCH, &json!([THEIRS]));
    sleep(Duration::from_secs(seconds));
    let seen = alice.run("return window.seen", &json!([]));
    let row = |row: &Value| [0, 1, 2, 3].map(|at| row[at].as_f64().unwrap_or_default());
    seen.as_array().expect("the page keeps them").iter().map(row).collect()
}

fn figures(seen: &[[f64; 4]], seconds: u64) -> Map<String, Value> {
    let spread = |of: &dyn Fn(&[f64; 4]) -> f64| {
        let mut all: Vec<f64> = seen.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        let at = |percent: usize| all.get(all.len() * percent / 100).copied().map(super::round);
        json!({ "p50": at(50), "p95": at(95) })
    };
    let left_out = seen.windows(2).filter(|two| two[1][3] - two[0][3] > GAP_US).count();
    [
        // From asked to painted; with the wait for the next picture in it.
        ("ui_frame_ms".into(), spread(&|[asked, _, painted, _]| painted - asked)),
        // From the moment at which the page has it.
        ("ui_paint_ms".into(), spread(&|[_, came, painted, _]| painted - came)),
        ("ui_painted_fps".into(), json!(super::round(seen.len() as f64 / seconds as f64))),
        ("ui_left_out".into(), json!(left_out)),
    ]
    .into_iter()
    .collect()
}
