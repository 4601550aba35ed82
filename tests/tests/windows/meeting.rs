//! From the first screen to the last: meeting, talking, parting, and finding everything again.

use juice_tests::windows::{Toasts, Window, id, wait_for};
use serde_json::json;

use crate::{Scene, picture};

#[test]
fn two_people_meet_talk_part_and_find_everything_again() {
    let scene = Scene::set(&["alice", "bob"]);
    let (alice, bob) = (scene.window(0), scene.window(1));

    // The first screen has the server filled in, and says what is wrong beside the field.
    alice.wait(&id("phase-firstrun"));
    picture(&alice, "first-run");
    alice.type_into(&id("name"), "two words");
    alice.type_into(&id("password"), juice_tests::PASSWORD);
    alice.type_into(&id("password2"), juice_tests::PASSWORD);
    alice.click(&id("submit-account"));
    alice.wait("[aria-invalid=\"true\"]");
    picture(&alice, "first-run-error");
    alice.clear(&id("name"));
    alice.type_into(&id("name"), "alice");
    alice.click(&id("submit-account"));
    alice.wait(&id("phase-open"));
    picture(&alice, "empty-list");
    bob.register("bob");

    // Befriending: by name, with a few words, which the other one reads.
    alice.add_buddy("bob", "It's Alice from next door");
    bob.wait("[data-testid^=\"request-\"]");
    assert!(bob.text("[data-testid^=\"request-\"]").contains("Alice from next door"), "the note is shown");
    picture(&bob, "request");
    bob.accept_request();
    alice.wait_state("bob", "here");
    bob.wait_state("alice", "here");

    // Messages both ways, with their delivery to be seen; typed by keyboard alone.
    alice.open_chat("bob");
    alice.say("Hello Bob!");
    alice.wait_delivery("Hello Bob!", "delivered");
    bob.open_chat("alice");
    bob.wait_message("Hello Bob!", false);
    alice.wait_delivery("Hello Bob!", "read");
    bob.say_lines("Hello Alice!\nTwo lines, even.");
    alice.wait_message("Two lines, even.", false);
    bob.say("<img src=x onerror=alert(1)> is only text");
    alice.wait_message("<img src=x onerror=alert(1)> is only text", false);
    assert!(alice.run("return document.querySelectorAll('[data-testid=\"message\"] img').length", &json!([])) == 0);
    picture(&alice, "conversation");
    alice.resize(360, 700);
    picture(&alice, "conversation-narrow");
    alice.resize(960, 680);

    // Signing out is seen at once, and what is written meanwhile waits and says so.
    bob.sign_out();
    alice.wait_state("bob", "offline");
    alice.say("Are you gone?");
    alice.wait_delivery("Are you gone?", "posted");
    picture(&alice, "waiting");
    bob.unlock();
    bob.wait_state("alice", "here");
    alice.wait_delivery("Are you gone?", "delivered");

    // A restart finds the history and the account again.
    bob.close();
    let bob = scene.window(1);
    bob.wait(&id("phase-locked"));
    picture(&bob, "locked");
    bob.unlock();
    bob.open_chat("alice");
    bob.wait_message("Hello Bob!", false);
    bob.wait_message("Two lines, even.", true);
    bob.wait_message("Are you gone?", false);
    alice.wait_state("bob", "here");

    // An invite link can be made.
    alice.click(&id("add-buddy"));
    alice.click(&id("way-invite"));
    alice.click(&id("invite-make"));
    alice.wait(&id("invite-link"));
    picture(&alice, "invite");
}

#[test]
fn a_message_that_nobody_looks_at_is_a_toast_and_its_click_opens_the_conversation() {
    let scene = Scene::set(&["alice", "bob"]);
    let mut toasts = Toasts::watch(&scene.stage);
    // The window that opens last has the focus: nobody looks at Bob's.
    let bob = scene.window(1);
    let alice = scene.window(0);
    alice.register("alice");
    bob.register("bob");
    alice.add_buddy("bob", "hi");
    toasts.until("for the request", |toast| toast["summary"].to_string().contains("alice"));
    bob.accept_request();
    alice.wait_state("bob", "here");
    alice.open_chat("bob");
    // What its author deletes leaves the screen.
    alice.say("not for you");
    let wrong = toasts.until("for the wrong message", |toast| toast["body"].to_string().contains("not for you"));
    alice.on_message("not for you", &id("message-menu"));
    alice.click(&id("menu-delete"));
    alice.click(&id("delete-submit"));
    toasts.until_taken_back(&wrong);
    alice.say("ring ring");
    let toast = toasts.until("for the message", |toast| toast["body"].to_string().contains("ring ring"));
    assert!(toast["summary"].to_string().contains("alice"), "it says who: {toast}");
    // The app begins to listen for clicks when the daemon has given it the toast's number; nobody clicks faster.
    wait_for("the conversation", || {
        toasts.click(&toast);
        std::thread::sleep(std::time::Duration::from_millis(500));
        bob.find(&id("conversation-header")).is_some()
    });
    bob.wait_message("ring ring", false);
    alice.wait_delivery("ring ring", "read");
}

#[test]
fn the_list_holds_still_under_the_pointer_and_settles_when_it_leaves() {
    let scene = Scene::set(&["alice", "bob", "carol"]);
    let alice = scene.window(0);
    alice.register("alice");
    let mut bob = scene.puppet(1, "bob", "alice");
    alice.accept_request();
    let _carol = scene.puppet(2, "carol", "alice");
    alice.accept_request();
    alice.wait_state("bob", "here");
    alice.wait_state("carol", "here");
    wait_for("the list", || listed(&alice) == ["bob", "carol"]);

    // Who goes stays where he was as long as somebody may be about to click there.
    alice.point_at(&Window::row("carol"));
    bob.done(&json!({ "type": "signOut" }));
    alice.wait_state("bob", "offline");
    assert_eq!(listed(&alice), ["bob", "carol"], "nothing has moved under the pointer");
    picture(&alice, "list-held");
    alice.open_chat("carol");
    assert_eq!(listed(&alice), ["bob", "carol"], "nor after a click");
    alice.point_at(&id("composer"));
    wait_for("the order of those who are here", || listed(&alice) == ["carol", "bob"]);
}

/// The names on the list, from top to bottom.
fn listed(window: &Window) -> Vec<String> {
    let script = "return [...document.querySelectorAll('[role=treeitem][data-name]')].map(row => row.dataset.name)";
    serde_json::from_value(window.run(script, &json!([]))).unwrap_or_default()
}
