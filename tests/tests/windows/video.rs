//! Video calls in real windows: what one sees of the other is read back from the canvas that it is painted on.

use std::{thread::sleep, time::Duration};

use juice_engine::video::{Stamp, read_luma};
use juice_tests::windows::{Window, id, wait_for};
use serde_json::json;

use crate::{
    SOUND, Scene,
    calls::{in_header, wait_stage, wait_trace},
    picture,
};

const WIDE: usize = 320;
const HIGH: usize = 240;

/// The picture that is painted on the canvas of a person: its brightness, and the colours of the four patches below.
pub(crate) struct Painted {
    luma: Vec<u8>,
    patches: Vec<[i64; 3]>,
}

impl Painted {
    /// None where nothing is painted yet.
    pub(crate) fn on(window: &Window, canvas: &str) -> Option<Self> {
        let script = "const canvas = document.querySelector(arguments[0]); \
             if (!canvas || !Number(canvas.dataset.painted)) return null; \
             const [width, height] = canvas.dataset.size.split('x').map(Number); \
             const scale = Math[canvas.dataset.fill === 'true' ? 'max' : 'min']\
                 (canvas.width / width, canvas.height / height); \
             const [w, h] = [width * scale, height * scale]; \
             const small = document.createElement('canvas'); \
             [small.width, small.height] = [arguments[1], arguments[2]]; \
             const context = small.getContext('2d'); \
             context.drawImage(canvas, (canvas.width - w) / 2, (canvas.height - h) / 2, w, h, \
                 0, 0, small.width, small.height); \
             const pixels = context.getImageData(0, 0, small.width, small.height).data; \
             const luma = []; \
             for (let at = 0; at < pixels.length; at += 4) \
                 luma.push(Math.round(0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2])); \
             const patch = n => { \
                 const at = 4 * (Math.round(small.height * 0.94) * small.width + (n + 0.5) * small.width / 4); \
                 return [pixels[at], pixels[at + 1], pixels[at + 2]]; \
             }; \
             return { luma, patches: [0, 1, 2, 3].map(patch) };";
        let painted = window.run(script, &json!([canvas, WIDE, HIGH]));
        let bytes = painted["luma"].as_array()?.iter().map(|value| u8::try_from(value.as_u64().unwrap()).unwrap());
        let patch = |patch: &serde_json::Value| [0, 1, 2].map(|at| patch[at].as_i64().unwrap());
        Some(Self { luma: bytes.collect(), patches: painted["patches"].as_array()?.iter().map(patch).collect() })
    }

    /// Its number and its clock, where they can be read: not in a picture that stands on its head or is mirrored.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        read_luma(&self.luma, WIDE, HIGH)
    }

    fn is_of_many_shades(&self) -> bool {
        self.luma.iter().collect::<std::collections::BTreeSet<_>>().len() > 40
    }

    fn has_right_colours(&self) -> bool {
        let meant = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]];
        let near = |(is, meant): (&[i64; 3], [i64; 3])| is.iter().zip(meant).all(|(is, meant)| (is - meant).abs() < 40);
        self.patches.len() == meant.len() && self.patches.iter().zip(meant).all(near)
    }
}

/// What is painted is so much wider than high.
fn is_as_wide(window: &Window, ratio: f64) -> bool {
    let script = "return document.querySelector(arguments[0])?.dataset.size ?? ''";
    let size = window.run(script, &json!([THEIRS]));
    let sides = size.as_str().and_then(|size| size.split_once('x'));
    let sides = sides.and_then(|(wide, high)| wide.parse::<f64>().ok().zip(high.parse::<f64>().ok()));
    sides.is_some_and(|(wide, high)| (wide / high - ratio).abs() < 0.02)
}

/// The canvas of everyone but me.
const THEIRS: &str = "canvas[data-testid=\"picture\"]:not([data-person=\"me\"])";
const MINE: &str = "canvas[data-testid=\"picture\"][data-person=\"me\"]";

/// Waits until somebody is seen moving, right way up and in the right colours.
fn wait_moving(window: &Window) {
    let stamp = || Painted::on(window, THEIRS).and_then(|painted| painted.stamp());
    wait_for("a picture", || stamp().is_some());
    let first = stamp().map(|stamp| stamp.number);
    wait_for("a later one", || stamp().is_some_and(|stamp| Some(stamp.number) != first));
    let painted = Painted::on(window, THEIRS).unwrap();
    assert!(painted.has_right_colours(), "red, green, blue and white: {:?}", painted.patches);
}

/// Calls from the open conversation for the first time, having looked at oneself; with a picture of that, if it has a name.
pub(crate) fn call_with_video(window: &Window, name: &str) {
    window.wait(&format!("{}[aria-disabled=\"false\"]", in_header("call-video")));
    window.click(&in_header("call-video"));
    wait_for("my own picture", || Painted::on(window, &format!("{} canvas", id("preview"))).is_some());
    if !name.is_empty() {
        picture(window, name);
    }
    window.click(&id("first-video-call"));
}

pub(crate) fn seen(scene: &Scene, number: usize) -> Window {
    scene.window_hearing(number, &[&SOUND[..], &["--camera", "test:640x480"]].concat(), &[])
}

#[test]
fn two_see_each_other_move_turn_their_cameras_off_and_on_and_share_a_screen() {
    let scene = Scene::set(&["alice", "bob"]);
    let (alice, bob) = (seen(&scene, 0), seen(&scene, 1));
    scene.befriend(&alice, &bob);
    call_with_video(&alice, "video-first");
    bob.wait(&format!("{}[data-video]", id("incoming")));
    picture(&bob, "video-incoming");
    bob.click(&id("incoming-answer-video"));
    for window in [&alice, &bob] {
        wait_stage(window, "talking");
        wait_moving(window);
        window.wait(MINE);
    }
    // What is painted is of this moment, and comes as fast as it is given.
    sleep(Duration::from_secs(3));
    let age = Painted::on(&bob, THEIRS).and_then(|painted| painted.stamp()).map(Stamp::age_ms);
    assert!(age.is_some_and(|age| (0.0..2_000.0).contains(&age)), "{age:?} ms old");
    picture(&alice, "video-talking");
    bob.resize(360, 700);
    wait_moving(&bob);
    picture(&bob, "video-talking-narrow");
    bob.resize(1_200, 900);
    picture(&bob, "video-talking-wide");
    bob.resize(960, 680);

    // Off, the face is there again; on, it moves again.
    alice.click(&id("call-camera"));
    bob.wait_gone(THEIRS);
    picture(&bob, "video-they-off");
    alice.click(&id("call-camera"));
    wait_moving(&bob);

    // Her screen, with both windows on it, takes the camera's place; what it is she chooses before he sees it.
    alice.click(&id("call-share"));
    alice.wait(&id("share-screen"));
    sleep(Duration::from_secs(1));
    picture(&alice, "video-share-what");
    alice.click(&id("share-screen"));
    alice.wait(&id("sharing"));
    wait_for("her screen", || is_as_wide(&bob, 1.4));
    wait_for("something on it", || Painted::on(&bob, THEIRS).is_some_and(|painted| painted.is_of_many_shades()));
    picture(&alice, "video-sharing");
    picture(&bob, "video-their-screen");
    alice.click(&id("sharing-stop"));
    bob.wait_gone(THEIRS);

    // A part of it, half as wide and a third as high.
    alice.click(&id("call-share"));
    alice.click(&id("share-area"));
    alice.wait(&id("area"));
    sleep(Duration::from_secs(1));
    picture(&alice, "video-share-area");
    // Shift and an arrow make it lower, by 10 pixels each.
    for _ in 0..17 {
        alice.press_with_shift("\u{e013}");
    }
    assert_eq!(alice.text(&id("area-size")), "700 × 330");
    alice.click(&id("area-share"));
    alice.wait(&id("sharing"));
    wait_for("a part of her screen", || is_as_wide(&bob, 700.0 / 330.0));
    picture(&alice, "video-sharing-area");
    alice.click(&id("sharing-stop"));
    bob.wait_gone(THEIRS);

    bob.click(&id("call-hang-up"));
    alice.wait(&id("call-ended"));
    for window in [&alice, &bob] {
        window.wait_gone("canvas[data-testid=\"picture\"]");
        wait_trace(window, "talked", "call");
    }
}

#[test]
fn the_small_window_shows_who_is_in_the_call_and_leads_back_to_it() {
    let scene = Scene::set(&["alice", "bob"]);
    let (alice, bob) = (seen(&scene, 0), seen(&scene, 1));
    scene.befriend(&alice, &bob);
    call_with_video(&alice, "");
    bob.click(&id("incoming-answer-video"));
    wait_moving(&bob);
    bob.click(&id("small-open"));
    bob.wait(&id("small-end"));
    assert!(bob.find(THEIRS).is_none(), "the large window paints none");
    let large = bob.page();
    let small = bob.pages().into_iter().find(|page| *page != large).expect("a page of its own");

    bob.turn_to(&small);
    wait_moving(&bob);
    picture(&bob, "small-window");
    bob.click(&id("small-mute"));
    alice.wait(&id("tile-muted"));
    bob.click(&id("small-mute"));
    alice.wait_gone(&id("tile-muted"));
    // What the page of a small window has no use for, it can't do.
    let refused = "return window.__TAURI_INTERNALS__.invoke(arguments[0], arguments[1]).then(() => 'done', String)";
    for (name, given) in [("history", json!({ "buddy": "", "at": { "type": "end" }, "limit": 1 })), ("quit", json!({}))]
    {
        let answer = bob.run(refused, &json!([name, given]));
        assert!(answer.as_str().is_some_and(|answer| answer.contains("not allowed")), "{name}: {answer}");
    }
    let answer = bob.run(
        "return window.__TAURI_INTERNALS__.invoke('call_command', { command: { type: 'signOut' } })\
            .then(() => 'done', error => error.code)",
        &json!([]),
    );
    assert_eq!(answer, "internal", "it signs nobody out");
    bob.click(&id("small-back"));
    bob.turn_to(&large);
    wait_moving(&bob);
    wait_for("its end", || bob.pages().len() == 1);

    bob.click(&id("small-open"));
    wait_for("another", || bob.pages().len() == 2);
    alice.click(&id("call-hang-up"));
    wait_for("its end with the call", || bob.pages().len() == 1);
    bob.wait(&id("call-ended"));
}

#[test]
fn who_has_no_camera_sees_the_other_and_is_told_why_nobody_sees_them() {
    let scene = Scene::set(&["alice", "bob"]);
    let (alice, bob) = (scene.window(0), seen(&scene, 1));
    scene.befriend(&alice, &bob);
    bob.wait(&format!("{}[aria-disabled=\"false\"]", in_header("call")));
    bob.click(&in_header("call"));
    alice.wait(&id("incoming"));
    alice.click(&id("incoming-answer"));
    for window in [&alice, &bob] {
        wait_stage(window, "talking");
    }
    bob.click(&id("call-camera"));
    wait_moving(&alice);
    picture(&alice, "video-one-way");
    assert!(alice.find(MINE).is_none(), "she shows nothing");
    bob.click(&id("call-hang-up"));
    alice.wait(&id("call-ended"));
}

#[test]
fn one_sees_oneself_before_the_first_call() {
    let scene = Scene::set(&["alice"]);
    let alice = seen(&scene, 0);
    alice.register("alice");
    alice.click(&id("me-menu"));
    alice.click(&id("sound"));
    alice.wait(&id("camera-part"));
    alice.click(&id("preview-toggle"));
    wait_for("my own picture", || {
        Painted::on(&alice, &format!("{} canvas", id("preview"))).is_some() || Painted::on(&alice, MINE).is_some()
    });
    picture(&alice, "video-preview");
    alice.press("\u{e00c}");
    alice.wait_gone("dialog");
}
