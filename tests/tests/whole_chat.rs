//! Two whole buddies and a real server on loopback: signing in and out, finding each other, talking.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test's way to say that it failed"
)]

use juice_engine::view::{
    AccountAddress, Availability, BuddyState, Command, CommandError, Delivery, ErrorCode, Event, Relation, Reply,
    ServerState,
};
use juice_tests::{Buddy, Server, alice_and_bob};

#[tokio::test(flavor = "multi_thread")]
async fn login_is_one_call_register_two_and_logout_one() {
    let server = Server::start().await;
    let mut alice = Buddy::register("alice", &server.address()).await;
    assert_eq!(server.all_calls(), 2, "registering takes two calls: {:?}", server.inner.calls());

    alice.sign_out().await;
    assert_eq!(server.all_calls(), 3, "signing out takes one: {:?}", server.inner.calls());

    alice.drain().await;
    alice.sign_in().await;
    let connected = Event::ServerChanged { server: ServerState::Connected };
    alice.until("the server", |event| format!("{event:?}") == format!("{connected:?}")).await;
    assert_eq!(server.all_calls(), 4, "signing in takes one: {:?}", server.inner.calls());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_buddies_meet_and_talk_both_ways() {
    let server = Server::start().await;
    let (mut alice, mut bob) = alice_and_bob(&server.address()).await;

    alice.say("bob", "hello bob").await;
    let message = bob.hear("hello bob").await;
    assert!(!message.mine);
    bob.say("alice", "hello alice").await;
    alice.hear("hello alice").await;
    alice
        .until("the receipt", |event| {
            matches!(event, Event::DeliveryChanged { delivery: Delivery::Delivered { .. }, .. })
        })
        .await;
    let id = bob.id_of("alice").await;
    bob.command(Command::MarkRead { buddy: id }).await.expect("marks");
    alice
        .until("the read mark", |event| matches!(event, Event::DeliveryChanged { delivery: Delivery::Read { .. }, .. }))
        .await;

    let page = alice.history("bob").await;
    let texts: Vec<_> = page.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["hello bob", "hello alice"]);
    assert!(!page.more);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buddy_who_was_offline_is_learnt_from_its_own_dial_without_a_server_call() {
    let server = Server::start().await;
    let (mut alice, mut bob) = alice_and_bob(&server.address()).await;
    // Each gives the other a token for letters; that call may come a moment after they are linked.
    server.until_called("set_tokens", 2).await;
    bob.leave(&mut alice).await;
    assert_eq!(alice.row("bob").await.state, BuddyState::Offline, "a goodbye is offline at once");

    // Not counted: alice looks, without a name, whether a letter could be left for bob while he is away.
    let named = || server.all_calls() - server.calls("look_up");
    let before = named();
    bob.sign_in().await;
    alice.until("bob's coming", |event| matches!(event, Event::BuddyAppeared { .. })).await;
    alice.say("bob", "there you are").await;
    bob.hear("there you are").await;
    assert_eq!(named(), before + 1, "only bob's hello: {:?}", server.inner.calls());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_to_someone_offline_waits_and_goes_out_when_they_come() {
    let server = Server::start().await;
    let (mut alice, mut bob) = alice_and_bob(&server.address()).await;
    bob.leave(&mut alice).await;
    alice.say("bob", "for later").await;
    alice.restart().await;
    bob.sign_in().await;
    bob.hear("for later").await;
    alice
        .until("the receipt", |event| {
            matches!(event, Event::DeliveryChanged { delivery: Delivery::Delivered { .. }, .. })
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_link_makes_verified_buddies_in_one_step() {
    let server = Server::start().await;
    let mut alice = Buddy::register("alice", &server.address()).await;
    let mut bob = Buddy::register("bob", &server.address()).await;
    let reply = alice.command(Command::CreateInvite).await.expect("an invite");
    let Reply::Invite { link, qr_path, qr_size, .. } = reply else { panic!("an invite") };
    assert!(qr_size > 20 && qr_path.len() > 1_000, "with its QR code");
    bob.command(Command::AddByInvite { link: link.clone() }).await.expect("is taken");
    bob.until_here("alice").await;
    alice.until_here("bob").await;
    assert!(alice.row("bob").await.verified && bob.row("alice").await.verified);

    let mut carol = Buddy::register("carol", &server.address()).await;
    carol.command(Command::AddByInvite { link }).await.expect("goes out as a request");
    let event = alice.until("an ordinary request", |event| matches!(event, Event::RequestArrived { .. })).await;
    let Event::RequestArrived { request } = event else { unreachable!("just matched") };
    assert_eq!(request.name, "carol", "a used invite opens no door");
    assert_eq!(carol.row("alice").await.relation, Relation::Asked);
    carol.drain().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_say_what_to_do() {
    let server = Server::start().await;
    let alice = Buddy::register("alice", &server.address()).await;
    let code = |result: Result<_, CommandError>| result.map(|_: Reply| ()).expect_err("refused").code;
    let add = |name: &str| Command::AddBuddy { name: name.into(), note: String::new() };
    assert_eq!(code(alice.command(add("nobody")).await), ErrorCode::NoSuchName);
    assert_eq!(code(alice.command(add("Alice")).await), ErrorCode::Yourself);
    assert_eq!(code(alice.command(add("two words")).await), ErrorCode::BadName);
    alice.sign_out().await;
    let wrong = Command::SignIn { password: "not the password".into(), account: None };
    assert_eq!(code(alice.command(wrong).await), ErrorCode::WrongPassword);

    let twin = Buddy::new("alice").await;
    assert_eq!(code(twin.sign_up(&server.address()).await), ErrorCode::NameTaken);
    assert_eq!(code(twin.sign_up("nonsense").await), ErrorCode::BadServerAddress);
    let nobody = server.address().replace(&format!(":{}", server.inner.socket().port()), ":1");
    assert_eq!(code(twin.sign_up(&nobody).await), ErrorCode::ServerUnreachable);
    let short =
        Command::Register { name: "x".into(), password: "short".into(), server: server.address(), invite: None };
    assert_eq!(code(twin.command(short).await), ErrorCode::WeakPassword);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_can_be_changed_and_an_account_moves_to_a_new_computer() {
    let server = Server::start().await;
    let (mut alice, bob) = alice_and_bob(&server.address()).await;
    let new = "another long password".to_owned();
    let change = Command::ChangePassword { old: juice_tests::PASSWORD.into(), new: new.clone() };
    alice.command(change).await.expect("changes");

    let mut laptop = Buddy::new("laptop").await;
    let account = AccountAddress { name: "alice".into(), server: server.address() };
    let old = Command::SignIn { password: juice_tests::PASSWORD.into(), account: Some(account.clone()) };
    assert_eq!(laptop.command(old).await.expect_err("the old password is dead").code, ErrorCode::WrongPassword);
    laptop.command(Command::SignIn { password: new, account: Some(account) }).await.expect("moves");
    alice
        .until("being superseded", |event| matches!(event, Event::ServerChanged { server: ServerState::Superseded }))
        .await;
    laptop.until_here("bob").await;
    bob.say("alice", "nice laptop").await;
    laptop.hear("nice laptop").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_simultaneous_dials_end_as_one_logical_session_each() {
    let server = Server::start().await;
    let (mut alice, mut bob) = alice_and_bob(&server.address()).await;
    let status = |availability| Command::SetStatus { availability, text: String::new() };
    for round in 0..200 {
        for buddy in [&mut alice, &mut bob] {
            buddy.command(status(Availability::Invisible)).await.expect("hides");
        }
        for buddy in [&mut alice, &mut bob] {
            buddy.until("the other's going", |event| matches!(event, Event::BuddyWentAway { .. })).await;
            buddy.drain().await;
        }
        // Both find the other there by the server's word, and both dial.
        let (a, b) = tokio::join!(alice.command(status(Availability::Here)), bob.command(status(Availability::Here)));
        a.and(b).expect("show themselves");
        alice.until_here("bob").await;
        bob.until_here("alice").await;
        alice.say("bob", &format!("round {round}")).await;
        bob.hear(&format!("round {round}")).await;
        for buddy in [&mut alice, &mut bob] {
            let events = buddy.drain().await;
            let doors = events.iter().filter(|event| matches!(event, Event::BuddyAppeared { .. })).count();
            let gone = events.iter().filter(|event| matches!(event, Event::BuddyWentAway { .. })).count();
            assert!(doors <= 1 && gone == 0, "round {round}, {}: the door opened {doors} times", buddy.name);
        }
    }
}
