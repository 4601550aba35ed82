//! Whole buddies who are not there at the same time: letters, their receipts, and taking them back.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test's way to say that it failed"
)]

use juice_engine::view::{Command, Delivery, ErrorCode, Event, MessageView};
use juice_tests::{Buddy, PATIENCE, Server, alice_and_bob};

fn delivery(event: &Event, fits: impl Fn(&Delivery) -> bool) -> bool {
    matches!(event, Event::DeliveryChanged { delivery, .. } if fits(delivery))
}

async fn until_posted(buddy: &mut Buddy) {
    buddy.until("the posting", |event| delivery(event, |delivery| matches!(delivery, Delivery::Posted { .. }))).await;
}

async fn until_delivered(buddy: &mut Buddy) {
    buddy
        .until("the receipt", |event| delivery(event, |delivery| matches!(delivery, Delivery::Delivered { .. })))
        .await;
}

/// Waits until the server has had so many calls of a kind.
async fn until_calls(server: &Server, kind: &str, count: u64) {
    let waiting = async {
        while server.calls(kind) < count {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let done = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(done.is_ok(), "{count} calls of {kind}: {:?}", server.inner.calls());
}

/// Two buddies, of whom each may leave letters for the other.
async fn pen_friends(server: &Server) -> (Buddy, Buddy) {
    let both = alice_and_bob(&server.address()).await;
    until_calls(server, "set_tokens", 2).await;
    both
}

async fn with(buddy: &Buddy, other: &str) -> Vec<MessageView> {
    buddy.history(other).await.messages
}

async fn say_and_see_it_posted(a: &mut Buddy, b: &str, text: &str) -> String {
    a.say(b, text).await;
    until_posted(a).await;
    with(a, b).await.last().expect("it is in the history").id.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_arrives_and_its_receipt_returns_though_the_two_are_never_there_together() {
    let server = Server::start().await;
    let (mut alice, mut bob) = pen_friends(&server).await;
    bob.leave(&mut alice).await;
    say_and_see_it_posted(&mut alice, "bob", "a canary for later").await;
    alice.sign_out().await;

    let (hellos, posts) = (server.calls("hello"), server.calls("post"));
    bob.sign_in().await;
    bob.hear("a canary for later").await;
    assert_eq!(server.calls("hello"), hellos + 1, "it came with the login");
    until_calls(&server, "collected", 1).await;
    until_calls(&server, "post", posts + 1).await;
    bob.sign_out().await;

    alice.sign_in().await;
    until_delivered(&mut alice).await;
    assert!(server.folder.files_with(b"a canary for later").is_empty(), "the server can't read it");
    // Told at once, and on the disk a moment later.
    let kept = async {
        while !matches!(with(&alice, "bob").await[0].delivery, Some(Delivery::Delivered { .. })) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, kept).await.expect("it stays delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_in_a_mailbox_survives_everyone_and_the_server_restarting() {
    let server = Server::start().await;
    let (mut alice, mut bob) = pen_friends(&server).await;
    bob.leave(&mut alice).await;
    for number in 1..=20 {
        alice.say("bob", &format!("number {number}")).await;
    }
    until_posted(&mut alice).await;
    alice.restart().await;
    let waiting = with(&alice, "bob").await;
    assert!(matches!(waiting[0].delivery, Some(Delivery::Posted { .. })), "{:?}", waiting[0].delivery);
    alice.sign_out().await;
    bob.restart().await;
    for number in 1..=20 {
        bob.hear(&format!("number {number}")).await;
    }
    let texts: Vec<String> = with(&bob, "alice").await.into_iter().map(|message| message.text).collect();
    let said: Vec<String> = (1..=20).map(|number| format!("number {number}")).collect();
    assert_eq!(texts, said, "each once, in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_never_met_become_buddies_and_talk_by_letter() {
    let server = Server::start().await;
    let mut alice = Buddy::register("alice", &server.address()).await;
    let mut bob = Buddy::register("bob", &server.address()).await;
    bob.sign_out().await;
    let add = Command::AddBuddy { name: "bob".into(), note: "it's me".into() };
    alice.command(add).await.expect("the request waits");
    until_calls(&server, "set_tokens", 1).await;
    alice.sign_out().await;

    let posts = server.calls("post");
    bob.sign_in().await;
    let event = bob.until("the request", |event| matches!(event, Event::RequestArrived { .. })).await;
    let Event::RequestArrived { request } = event else { panic!("just matched") };
    bob.command(Command::AcceptBuddy { buddy: request.id }).await.expect("accepts");
    bob.say("alice", "yes, of course").await;
    until_posted(&mut bob).await;
    // His words, and his leave to answer them, which goes by a letter of its own.
    until_calls(&server, "post", posts + 2).await;
    bob.sign_out().await;

    alice.sign_in().await;
    alice.hear("yes, of course").await;
    say_and_see_it_posted(&mut alice, "bob", "how nice").await;
    alice.sign_out().await;
    bob.sign_in().await;
    bob.hear("how nice").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_can_be_taken_back_until_it_is_fetched() {
    let server = Server::start().await;
    let (mut alice, mut bob) = pen_friends(&server).await;
    let bob_id = alice.id_of("bob").await;
    bob.leave(&mut alice).await;
    let first = say_and_see_it_posted(&mut alice, "bob", "in anger").await;
    let cancel = |message: String| Command::CancelMessage { buddy: bob_id.clone(), message };
    alice.command(cancel(first)).await.expect("nobody has it");
    let second = say_and_see_it_posted(&mut alice, "bob", "in peace").await;
    bob.sign_in().await;
    bob.hear("in peace").await;
    let texts: Vec<String> = with(&bob, "alice").await.into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["in peace"]);
    until_delivered(&mut alice).await;
    let error = alice.command(cancel(second)).await.expect_err("he has it");
    assert_eq!(error.code, ErrorCode::TooLate);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_buddy_can_leave_no_letter() {
    let server = Server::start().await;
    let (alice, mut bob) = pen_friends(&server).await;
    let alice_id = bob.id_of("alice").await;
    let tokens = server.calls("set_tokens");
    bob.command(Command::BlockBuddy { buddy: alice_id }).await.expect("blocks");
    until_calls(&server, "set_tokens", tokens + 1).await;
    let posts = server.calls("post");
    alice.say("bob", "let me in").await;
    until_calls(&server, "look_up_to_post", 1).await;
    assert_eq!(server.calls("post"), posts, "the server knows no such token any more");
    bob.restart().await;
    assert!(with(&bob, "alice").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_edits_reactions_and_deletions_are_the_same_on_both_sides() {
    let server = Server::start().await;
    let (mut alice, mut bob) = pen_friends(&server).await;
    let (to_bob, to_alice) = (alice.id_of("bob").await, bob.id_of("alice").await);
    alice.say("bob", "tea or cofee?").await;
    let asked = bob.hear("tea or cofee?").await.id;
    let (text, reply_to) = ("tea".to_owned(), Some(asked.clone()));
    bob.command(Command::SendMessage { buddy: to_alice.clone(), text, reply_to }).await.expect("is saved");
    let answer = alice.hear("tea").await;
    assert_eq!(answer.quote.expect("it answers").text, "tea or cofee?");

    let changed = |fits: fn(&MessageView) -> bool| move |event: &Event| matches!(event, Event::MessageChanged { message } if fits(message));
    let (message, text) = (asked.clone(), "tea or coffee?".to_owned());
    alice.command(Command::EditMessage { buddy: to_bob.clone(), message, text }).await.expect("is saved");
    bob.until("the edit", changed(|message| message.edited && message.text == "tea or coffee?")).await;
    let (message, emoji) = (asked.clone(), "\u{1f375}".to_owned());
    bob.command(Command::React { buddy: to_alice.clone(), message, emoji, on: true }).await.expect("is saved");
    alice.until("the reaction", changed(|message| message.reactions.iter().any(|one| one.theirs && !one.mine))).await;
    bob.command(Command::DeleteMessage { buddy: to_alice.clone(), message: answer.id }).await.expect("is saved");
    alice.until("the deletion", changed(|message| message.deleted && message.text.is_empty())).await;

    let shown = |messages: Vec<MessageView>| -> Vec<_> {
        let of =
            |m: MessageView| (m.id, m.text, m.edited, m.deleted, m.reactions.len(), m.quote.map(|quote| quote.text));
        messages.into_iter().map(of).collect()
    };
    alice.restart().await;
    assert_eq!(shown(with(&alice, "bob").await), shown(with(&bob, "alice").await));
    let edits = alice.handle.edits(to_bob, asked).await.expect("the disk gives them");
    let texts: Vec<_> = edits.iter().map(|edit| edit.text.as_str()).collect();
    assert_eq!(texts, ["tea or cofee?", "tea or coffee?"], "what was said is not hidden");
}
