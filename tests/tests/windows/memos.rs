//! Messages that are spoken, in real windows: left after a call that nobody took, and played in the conversation.

use std::{thread::sleep, time::Duration};

use juice_tests::windows::{Window, id, wait_for};
use serde_json::json;

use crate::{
    Scene,
    calls::{wait_callable, wait_trace},
    picture,
    video::{Painted, call_with_video, seen},
};

/// The bar in which a memo is spoken, at a stage.
fn bar(stage: &str) -> String {
    format!("{}[data-stage=\"{stage}\"]", id("memo-bar"))
}

/// Where the newest memo of the conversation is, in milliseconds.
fn position(window: &Window) -> u64 {
    let script = "return [...document.querySelectorAll('[data-testid=\"memo\"] [data-testid=\"memo-player\"]')]\
         .at(-1)?.dataset.position ?? '0'";
    window.run(script, &json!([])).as_str().and_then(|at| at.parse::<f64>().ok()).unwrap_or_default() as u64
}

#[test]
fn a_call_that_is_declined_becomes_a_video_message_that_the_other_sees_and_a_voice_is_recorded_by_one_click() {
    let scene = Scene::set(&["alice", "bob"]);
    let (alice, bob) = (seen(&scene, 0), seen(&scene, 1));
    scene.befriend(&alice, &bob);
    call_with_video(&alice, "");
    bob.click(&id("incoming-decline"));
    let offer = format!("{} {}", id("call-ended"), id("leave-video"));
    alice.wait(&offer);
    picture(&alice, "memo-offered");
    alice.click(&offer);
    alice.wait(&bar("recording"));
    let mine = format!("{} canvas[data-person=\"me\"]", id("memo-bar"));
    wait_for("my own picture", || Painted::on(&alice, &mine).is_some());
    sleep(Duration::from_secs(3));
    picture(&alice, "memo-recording");
    alice.click(&id("memo-stop"));
    alice.wait(&bar("kept"));
    picture(&alice, "memo-kept");
    alice.click(&id("memo-send"));
    alice.wait_gone(&id("memo-bar"));
    wait_trace(&bob, "declined", "declined");

    // It comes without being asked for, and plays where it is.
    bob.wait(&format!("{}[data-video=\"true\"][data-stage=\"done\"]", id("memo")));
    picture(&bob, "memo-arrived");
    bob.click(&id("memo-film-play"));
    let film = format!("{} canvas[data-person=\"memo\"]", id("memo-film"));
    let number = || Painted::on(&bob, &film).and_then(|painted| painted.stamp()).map(|stamp| stamp.number);
    wait_for("a picture of it", || number().is_some());
    let first = number();
    wait_for("a later one", || number().is_some_and(|later| Some(later) != first));
    wait_for("how far it is", || position(&bob) > 500);
    picture(&bob, "memo-playing");
    bob.wait(&format!("{}[data-open=\"false\"]", id("memo-film")));

    // And a voice, from the field where one writes, stopped by a key.
    wait_callable(&bob);
    bob.click(&id("record-memo"));
    bob.wait(&bar("recording"));
    sleep(Duration::from_secs(2));
    bob.press("\u{e00c}");
    bob.wait(&bar("kept"));
    bob.click(&id("memo-send"));
    bob.wait_gone(&id("memo-bar"));
    alice.wait(&format!("{}[data-video=\"false\"][data-stage=\"done\"]", id("memo")));
    picture(&alice, "memo-voice");
}
