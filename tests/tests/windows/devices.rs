//! Microphones and loudspeakers of a system, chosen in the middle of a call.

use juice_tests::windows::{Sound, Window, id, wait_for};
use serde_json::json;

use crate::{
    Scene,
    calls::{in_header, wait_callable, wait_stage},
    picture,
};

/// Quieter than this is nobody: silence is digital here.
const AUDIBLE: f64 = 0.003;

#[test]
fn another_microphone_and_loudspeaker_take_over_in_the_middle_of_a_call() {
    let scene = Scene::set(&["alice", "bob"]);
    let sound = Sound::start();
    let alice = scene.window_with(0, &sound);
    let voice = sound.voice().display().to_string();
    let bob = scene.window_hearing(1, &["--microphone", &voice, "--speaker", "nothing"], &[]);
    scene.befriend(&alice, &bob);
    let ([table, headset], [boxes, earphones]) = (Sound::MICROPHONES, Sound::SPEAKERS);
    wait_callable(&alice);
    alice.click(&in_header("call"));
    bob.click(&id("incoming-answer"));
    wait_stage(&alice, "talking");
    wait_stage(&bob, "talking");
    bob.click(&id("call-mute"));
    alice.wait(&id("call-note-theyMuted"));

    // Bob hears who speaks into the microphone that the system uses.
    let speech = sound.say(table);
    wait_speaks(&bob, true);
    picture(&bob, "call-they-speak");
    drop(speech);
    wait_speaks(&bob, false);
    let _speech = sound.say(headset);
    alice.click(&id("call-more"));
    alice.wait(&option("microphone", headset));
    picture(&alice, "call-devices");
    let offered = "return [...document.querySelectorAll(arguments[0])].map(one => one.textContent)";
    let offered = alice.run(offered, &json!([format!("{} option", id("microphone"))]));
    assert_eq!(offered, json!([format!("System: {table}"), table, headset]), "all that can be spoken into is there");

    // Another one is chosen: he hears that one, and it is said which.
    alice.click(&option("microphone", headset));
    wait_told(&alice, &format!("You speak into «{headset}»"));
    wait_speaks(&bob, true);
    picture(&alice, "call-microphone-chosen");

    // And what he says comes out where it is wanted.
    bob.click(&id("call-mute"));
    wait_speaks(&alice, true);
    wait_for("his voice", || sound.loudness(boxes) > AUDIBLE);
    assert!(sound.loudness(earphones) < AUDIBLE, "one loudspeaker is used");
    alice.click(&option("speaker", earphones));
    wait_told(&alice, &format!("You hear with «{earphones}»"));
    wait_for("his voice elsewhere", || sound.loudness(earphones) > AUDIBLE);
    wait_for("the end of it here", || sound.loudness(boxes) < AUDIBLE);
    picture(&alice, "call-speaker-chosen");
    wait_stage(&alice, "talking");
    wait_stage(&bob, "talking");
}

/// One of the devices to be chosen from.
fn option(kind: &str, device: &str) -> String {
    format!("{} option[value$=\"{device}\"]", id(kind))
}

/// Waits until the other one's face shows that they speak, or don't.
fn wait_speaks(window: &Window, speaks: bool) {
    window.wait(&format!("{}[data-speaks=\"{speaks}\"]", id("call-face")));
}

/// Waits for a notice at the edge of the window.
fn wait_told(window: &Window, words: &str) {
    wait_for(words, || window.text("nav").contains(words));
}
