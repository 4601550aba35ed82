//! Calls in real windows: who rings, how it is answered, what is seen on both sides, and what stays of it.
//!
//! Nobody is heard: tones go in and nothing comes out.

use juice_tests::{
    Puppet,
    windows::{Window, id, wait_for},
};
use serde_json::json;

use crate::{Scene, picture};

/// The two keys that are held for the shortcuts of calls, and what lets go of them.
const CTRL_SHIFT: &str = "\u{e009}\u{e008}";
const LET_GO: &str = "\u{e000}";

#[test]
fn a_call_rings_beside_what_is_typed_is_answered_muted_ended_and_leaves_its_trace() {
    let scene = Scene::set(&["alice", "bob"]);
    let (alice, bob) = scene.buddies();
    wait_callable(&alice);
    bob.type_into(&id("composer"), "half a");

    // It rings, and takes nothing from who is writing.
    alice.click(&in_header("call"));
    wait_stage(&alice, "ringing");
    bob.wait(&id("incoming"));
    assert!(bob.text(&id("incoming")).contains("alice"), "it says who");
    bob.press(" word");
    wait_for("the rest of the line", || written(&bob) == "half a word");
    picture(&alice, "call-ringing");
    picture(&bob, "call-incoming");
    bob.press("s");
    wait_for("one letter more", || written(&bob) == "half a words");

    // Both talk, for as long as the clock says.
    bob.click(&id("incoming-answer"));
    for window in [&alice, &bob] {
        wait_stage(window, "talking");
        wait_for("the clock", || window.text(&id("call-stage")).contains("00:0"));
        let first = window.text(&id("call-stage"));
        wait_for("its going on", || window.text(&id("call-stage")) != first);
        // A tone is no voice, but it is not silence.
        window.wait(&id("call-quality"));
    }
    picture(&alice, "call-talking");
    alice.resize(360, 700);
    picture(&alice, "call-talking-narrow");
    alice.resize(960, 680);

    // Who turns the microphone off is seen to on the other side.
    alice.click(&id("call-mute"));
    bob.wait(&id("call-note-theyMuted"));
    alice.wait(&id("call-note-off"));
    picture(&alice, "call-muted");
    picture(&bob, "call-they-muted");
    bob.type_into(&id("composer"), &format!("{CTRL_SHIFT}m{LET_GO}"));
    alice.wait(&id("call-note-theyMuted"));
    alice.click(&id("call-mute"));
    bob.wait_gone(&id("call-note-theyMuted"));

    // What is set in a call, and the sheet of all that can be.
    alice.click(&id("call-more"));
    alice.wait(&id("call-record"));
    picture(&alice, "call-menu");
    alice.click(&id("call-settings"));
    alice.wait(&id("sound-pushToTalk"));
    picture(&alice, "sound-in-call");
    alice.press("\u{e00c}");
    alice.wait_gone("dialog");

    // The end on both sides, and what stays.
    alice.click(&id("call-hang-up"));
    bob.wait(&format!("{}[data-reason=\"remoteHangUp\"]", id("call-ended")));
    alice.wait(&format!("{}[data-reason=\"localHangUp\"]", id("call-ended")));
    for window in [&alice, &bob] {
        wait_trace(window, "talked", "Voice call");
        assert!(window.find(&id("call-bar")).is_none(), "the bar is gone");
    }
    picture(&bob, "call-ended");
    assert_eq!(written(&bob), "half a words", "the line that was being written waited all the time");
}

#[test]
fn a_call_is_declined_or_given_up_and_whoever_missed_it_calls_back() {
    let scene = Scene::set(&["alice", "bob"]);
    let (alice, bob) = scene.buddies();
    wait_callable(&alice);
    alice.click(&in_header("call"));
    bob.click(&id("incoming-decline"));
    alice.wait(&format!("{}[data-reason=\"declined\"]", id("call-ended")));
    wait_trace(&alice, "declined", "bob declined");
    picture(&alice, "call-declined");
    wait_trace(&bob, "declined", "You declined");

    // Declined by keys, from the line one writes.
    alice.click(&in_header("call"));
    bob.wait(&id("incoming"));
    bob.type_into(&id("composer"), &format!("{CTRL_SHIFT}d{LET_GO}"));
    bob.wait_gone(&id("incoming"));
    alice.wait_gone(&id("call-bar"));

    alice.click(&in_header("call"));
    wait_stage(&alice, "ringing");
    bob.wait(&id("incoming"));
    alice.click(&id("call-hang-up"));
    bob.wait_gone(&id("incoming"));
    bob.wait(&format!("{}[data-reason=\"missed\"]", id("call-ended")));
    wait_trace(&bob, "notAnswered", "Missed call");
    wait_trace(&alice, "notAnswered", "no answer");
    picture(&bob, "call-missed");

    // Back, from what stays in the conversation.
    bob.click(&format!("{} {}", id("call-trace"), id("call-back")));
    alice.wait(&id("incoming"));
    alice.type_into(&id("composer"), &format!("{CTRL_SHIFT}a{LET_GO}"));
    wait_stage(&alice, "talking");
    wait_stage(&bob, "talking");
    bob.click(&id("call-hang-up"));
    wait_trace(&alice, "talked", "Voice call");
}

#[test]
fn a_call_with_the_echo_needs_nobody_else() {
    let scene = Scene::set(&["alice"]);
    let alice = scene.window(0);
    alice.register("alice");
    alice.wait(&id("empty-echo"));
    picture(&alice, "echo-offered");
    alice.click(&id("me-menu"));
    alice.click(&id("sound"));
    alice.wait(&id("sound-echo"));
    picture(&alice, "sound");
    // There it needs a device that the system knows.
    alice.press("\u{e00c}");
    alice.wait_gone("dialog");
    alice.click(&id("empty-echo"));
    let bar = format!("{}[data-buddy=\"echo\"]", id("call-bar"));
    alice.wait(&bar);
    wait_for("its name", || alice.text(&bar).contains("Echo"));
    wait_for("the clock", || alice.text(&id("call-stage")).contains("00:02"));
    picture(&alice, "call-echo");
    alice.click(&id("call-mute"));
    alice.wait(&id("call-note-off"));
    alice.click(&id("call-mute"));
    alice.wait_gone(&id("call-note-off"));
    alice.click(&id("call-hang-up"));
    alice.wait(&id("call-ended"));
    alice.wait_gone(&bar);
    picture(&alice, "call-echo-ended");
    alice.click(&id("call-again"));
    alice.wait(&bar);
}

#[test]
fn who_is_called_in_a_call_holds_one_for_the_other_and_goes_back() {
    let scene = Scene::set(&["alice", "bob", "carol"]);
    let (alice, bob) = scene.buddies();
    let carol = scene.window(2);
    carol.register("carol");
    carol.add_buddy("bob", "hi");
    bob.accept_request();
    carol.wait_state("bob", "here");
    carol.open_chat("bob");
    wait_callable(&alice);
    alice.click(&in_header("call"));
    bob.click(&id("incoming-answer"));
    wait_stage(&bob, "talking");
    wait_stage(&alice, "talking");

    wait_callable(&carol);
    carol.click(&in_header("call"));
    bob.wait(&id("incoming"));
    wait_for("who would be held", || bob.text(&id("incoming-answer")).contains("hold alice"));
    picture(&bob, "call-second");
    bob.click(&id("incoming-answer"));
    wait_stage(&carol, "talking");
    wait_for("the one that is held", || bob.text(&id("call-waiting")).contains("alice"));
    wait_for("its being told", || alice.text(&id("call-stage")).contains("holds the call"));
    picture(&bob, "call-two");
    picture(&alice, "call-held-by-them");

    bob.click(&id("call-switch"));
    wait_for("the other one held", || bob.text(&id("call-waiting")).contains("carol"));
    wait_for("going on", || !alice.text(&id("call-stage")).contains("holds the call"));
    bob.click(&id("call-waiting-end"));
    carol.wait(&format!("{}[data-reason=\"remoteHangUp\"]", id("call-ended")));
    wait_stage(&alice, "talking");
    assert!(bob.find(&id("call-waiting")).is_none(), "only one is left");
}

#[test]
fn who_calls_one_with_two_calls_hears_that_they_are_busy() {
    let scene = Scene::set(&["bob", "dora", "alice", "carol"]);
    let (bob, dora) = (scene.window(0), scene.window(1));
    bob.register("bob");
    dora.register("dora");
    dora.add_buddy("bob", "hi");
    bob.accept_request();
    dora.wait_state("bob", "here");
    dora.open_chat("bob");

    // One talks with Bob, another one rings: a third would be one too many.
    let mut alice = calling_bob(&scene, &bob, 2, "alice");
    bob.click(&id("incoming-answer"));
    wait_stage(&bob, "talking");
    let _carol = calling_bob(&scene, &bob, 3, "carol");
    bob.wait(&id("incoming"));
    wait_callable(&dora);
    dora.click(&in_header("call"));
    let busy = format!("{}[data-reason=\"busy\"]", id("call-ended"));
    dora.wait(&busy);
    let said = dora.text(&busy);
    assert!(said.contains("bob is in another call"), "it is said why: {said}");
    assert!(dora.find(&id("call-again")).is_some(), "and can be tried again");
    picture(&dora, "call-busy");
    wait_trace(&dora, "busy", "You called, bob was busy");
    assert!(dora.find(&id("call-bar")).is_none(), "the call is over");

    // Bob's call goes on, with what he missed to be read.
    wait_stage(&bob, "talking");
    assert_eq!(bob.attribute(&id("incoming"), "data-buddy"), id_of(&bob, "carol"), "nobody else rings");
    bob.open_chat("dora");
    wait_trace(&bob, "busy", "Missed call, you were in another one");
    picture(&bob, "call-busy-missed");

    // Free again, he rings.
    bob.click(&id("incoming-decline"));
    bob.wait_gone(&id("incoming"));
    bob.click(&id("call-hang-up"));
    alice.until("the end", |event| event["type"] == "callEnded");
    dora.click(&format!("{} {}", id("call-trace"), id("call-back")));
    wait_for("dora", || bob.find(&id("incoming")).is_some_and(|_| bob.text(&id("incoming")).contains("dora")));
}

/// Somebody without a window, who calls the one buddy they have.
fn calling_bob(scene: &Scene, bob: &Window, number: usize, name: &str) -> Puppet {
    let mut puppet = scene.puppet(number, name, "bob");
    bob.accept_request();
    let ready = puppet.until("bob's microphone", |event| {
        event["type"] == "buddyChanged" && event["buddy"]["canVoice"] == true && !event["buddy"]["route"].is_null()
    });
    puppet.done(&json!({ "type": "placeCall", "buddy": ready["buddy"]["id"] }));
    bob.wait(&format!("{}[data-buddy=\"{}\"]", id("incoming"), id_of(bob, name)));
    puppet
}

fn id_of(window: &Window, name: &str) -> String {
    window.attribute(&Window::row(name), "data-id")
}

#[test]
fn one_more_is_called_into_a_call_and_the_two_who_are_no_buddies_talk_on() {
    let scene = Scene::set(&["alice", "bob", "carol"]);
    let (alice, bob) = scene.buddies();
    let carol = scene.window(2);
    carol.register("carol");
    carol.add_buddy("alice", "hi");
    alice.accept_request();
    carol.wait_state("alice", "here");
    alice.open_chat("bob");
    wait_callable(&alice);
    alice.click(&in_header("call"));
    bob.click(&id("incoming-answer"));
    wait_stage(&alice, "talking");

    alice.click(&id("call-add"));
    alice.wait(&id("call-add-buddy"));
    picture(&alice, "call-add");
    alice.type_into(&id("call-add-search"), "car\u{e007}");
    wait_for("who is there", || {
        carol.find(&id("incoming")).is_some_and(|_| carol.text(&id("incoming")).contains("bob"))
    });
    picture(&carol, "call-incoming-group");
    carol.click(&id("incoming-answer"));
    for (window, others) in [(&alice, ["bob", "carol"]), (&bob, ["alice", "carol"]), (&carol, ["alice", "bob"])] {
        wait_for("everyone", || {
            window.find(&id("call-faces")).is_some() && {
                let faces = window.text(&id("call-faces"));
                others.iter().all(|name| faces.contains(name))
            }
        });
    }
    picture(&alice, "call-group");
    carol.resize(360, 700);
    picture(&carol, "call-group-narrow");
    carol.resize(960, 680);
    bob.click(&id("call-mute"));
    carol.wait(&id("person-muted"));
    bob.click(&id("call-mute"));
    carol.wait_gone(&id("person-muted"));

    // Who called them together leaves.
    alice.click(&id("call-hang-up"));
    alice.wait(&id("call-ended"));
    carol.wait(&id("call-note-parted"));
    picture(&carol, "call-host-left");
    wait_for("bob alone", || carol.text(&id("call-bar")).contains("bob") && carol.find(&id("call-faces")).is_none());
    wait_stage(&bob, "talking");
    bob.click(&id("call-hang-up"));
    carol.wait(&id("call-ended"));
}

pub(crate) fn in_header(button: &str) -> String {
    format!("{} {}", id("conversation-header"), id(button))
}

/// A buddy says that there is a microphone a moment after the line is there.
pub(crate) fn wait_callable(window: &Window) {
    window.wait(&format!("{}[aria-disabled=\"false\"]", in_header("call")));
}

pub(crate) fn wait_stage(window: &Window, stage: &str) {
    window.wait(&format!("{}[data-stage=\"{stage}\"]", id("call-bar")));
}

/// Waits for what stays of a call in the open conversation.
pub(crate) fn wait_trace(window: &Window, kind: &str, words: &str) {
    let trace = format!("{}[data-kind=\"{kind}\"]", id("call-trace"));
    window.wait(&trace);
    let text = window.text(&trace);
    assert!(text.contains(words), "'{words}' is said of it: {text}");
}

/// The line that is being written.
fn written(window: &Window) -> String {
    let script = "return document.querySelector(arguments[0]).value";
    window.run(script, &json!([id("composer")])).as_str().unwrap_or_default().to_owned()
}
