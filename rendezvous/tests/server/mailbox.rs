//! Letters: posted without a name, kept until they are safe elsewhere, within bounds.

use std::time::Duration;

use juice_proto::{
    letter::{DeliveryToken, LetterId, MAX_SEALED},
    seal::{Envelope, KemSecret, Suite},
    server::{Answer, Call, LETTERS_AHEAD, Push, Refusal},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::{
    client::PATIENCE,
    world::{Person, World},
};

static TOKEN: std::sync::LazyLock<DeliveryToken> = std::sync::LazyLock::new(|| token(1));

fn token(n: u8) -> DeliveryToken {
    DeliveryToken::new([n; 32])
}

/// A letter to `to` of `size` bytes before sealing; the server can't look into it.
fn letter(to: &Person, size: usize) -> Envelope {
    let mut rng = ChaCha20Rng::from_seed([5; 32]);
    let key = KemSecret::random(Suite::X25519, &mut rng).public();
    Envelope::seal(&vec![b'x'; size], &key, &to.device.device(), &mut rng).unwrap()
}

fn post(to: &Person, name: u8) -> Call {
    Call::Post { token: *TOKEN, letter: LetterId::new([name; 16]), envelope: letter(to, 100) }
}

fn give(token: DeliveryToken) -> Call {
    Call::SetTokens { add: vec![token.hash()], remove: Vec::new() }
}

fn number(push: &Push) -> u64 {
    match push {
        Push::Letter { number, .. } => *number,
        other => panic!("not a letter: {other:?}"),
    }
}

#[tokio::test]
async fn a_letter_waits_for_its_recipient_and_goes_when_it_is_safe() {
    let world = World::new().await;
    let (bob, mut at_bob) = world.register("bob").await;
    at_bob.done(&give(*TOKEN)).await;
    at_bob.done(&Call::Goodbye).await;

    // Whoever posts has no session.
    let mut at_someone = world.connect().await;
    let found = at_someone.call(&Call::LookUpToPost { token: *TOKEN, since_version: 0 }).await;
    let Answer::Account { lists, prekey } = found else { panic!("{found:?}") };
    assert_eq!((lists, prekey.is_some()), (vec![bob.signed.clone()], true));
    at_someone.done(&post(&bob, 1)).await;
    at_someone.done(&post(&bob, 1)).await;
    at_someone.done(&post(&bob, 2)).await;

    let (mut at_bob, welcome) = world.log_in(&bob).await;
    assert_eq!((welcome.mailbox, welcome.tokens), (2, Some(1)), "posted twice is posted once");
    let (one, two) = (at_bob.push().await, at_bob.push().await);
    assert!(number(&one) < number(&two));
    // Not collected, they come again, even after a restart.
    drop(at_bob);
    let mut world = world;
    world.restart().await;
    let (mut at_bob, _) = world.log_in(&bob).await;
    assert_eq!((number(&at_bob.push().await), number(&at_bob.push().await)), (number(&one), number(&two)));
    at_bob.done(&Call::Collected { letters: vec![number(&one), number(&two), 999] }).await;
    let (_at_bob, welcome) = world.log_in(&bob).await;
    assert_eq!(welcome.mailbox, 0);
}

#[tokio::test]
async fn a_letter_comes_at_once_to_who_is_there() {
    let world = World::new().await;
    let (bob, mut at_bob) = world.register("bob").await;
    at_bob.done(&give(*TOKEN)).await;
    let mut at_someone = world.connect().await;
    at_someone.done(&post(&bob, 1)).await;
    number(&at_bob.push().await);
}

#[tokio::test]
async fn no_more_letters_are_on_their_way_than_are_taken() {
    let world = World::new().await;
    let (bob, mut at_bob) = world.register("bob").await;
    at_bob.done(&give(*TOKEN)).await;
    let mut at_someone = world.connect().await;
    let all = u8::try_from(LETTERS_AHEAD).unwrap() + 4;
    for name in 0..all {
        at_someone.done(&post(&bob, name)).await;
    }
    let came: Vec<u64> = at_bob.pushed().await.iter().map(number).collect();
    assert_eq!(came.len(), LETTERS_AHEAD);
    at_bob.done(&Call::Collected { letters: came[..3].to_vec() }).await;
    assert_eq!(at_bob.pushed().await.len(), 3, "what is collected makes room");
    assert_eq!(
        at_bob.refused(&Call::Collected { letters: vec![1; LETTERS_AHEAD + 1] }).await,
        Refusal::BadRequest,
        "nobody has more"
    );
}

#[tokio::test]
async fn a_token_that_is_taken_back_lets_nobody_in() {
    let world = World::new().await;
    let (bob, mut at_bob) = world.register("bob").await;
    let (_eve, mut at_eve) = world.register("eve").await;
    let mut at_someone = world.connect().await;
    assert_eq!(at_someone.refused(&post(&bob, 1)).await, Refusal::Unknown);
    assert_eq!(at_someone.refused(&give(*TOKEN)).await, Refusal::NoSession);
    at_bob.done(&give(*TOKEN)).await;
    // Another's token is not to be had, nor to be taken away.
    at_eve.done(&give(*TOKEN)).await;
    at_eve.done(&Call::SetTokens { add: Vec::new(), remove: vec![TOKEN.hash()] }).await;
    at_someone.done(&post(&bob, 1)).await;
    assert!(at_eve.pushed().await.is_empty());
    at_bob.done(&Call::SetTokens { add: Vec::new(), remove: vec![TOKEN.hash()] }).await;
    assert_eq!(at_someone.refused(&post(&bob, 2)).await, Refusal::Unknown);
    let nobody = Call::LookUpToPost { token: *TOKEN, since_version: 0 };
    assert_eq!(at_someone.refused(&nobody).await, Refusal::Unknown);
}

#[tokio::test]
async fn only_its_poster_can_take_a_letter_back_and_only_before_its_recipient_is_sent_it() {
    let world = World::new().await;
    let (bob, mut at_bob) = world.register("bob").await;
    at_bob.done(&give(*TOKEN)).await;
    at_bob.done(&give(token(2))).await;
    at_bob.done(&Call::Goodbye).await;
    drop(at_bob);
    let withdraw = |name: u8| Call::Withdraw { token: *TOKEN, letter: LetterId::new([name; 16]) };
    let mut at_someone = world.connect().await;
    at_someone.done(&post(&bob, 1)).await;
    at_someone.done(&post(&bob, 2)).await;
    assert_eq!(at_someone.refused(&withdraw(9)).await, Refusal::Unknown, "its name is a secret");
    at_someone.done(&withdraw(1)).await;
    assert_eq!(at_someone.refused(&withdraw(1)).await, Refusal::Unknown);
    let (mut at_bob, _) = world.log_in(&bob).await;
    let came = at_bob.pushed().await;
    assert_eq!(came.len(), 1);
    assert_eq!(at_someone.refused(&withdraw(2)).await, Refusal::Unknown, "he may have it on his disk");
    at_bob.done(&Call::Collected { letters: came.iter().map(number).collect() }).await;
    assert_eq!(at_someone.refused(&withdraw(2)).await, Refusal::Unknown);
}

#[tokio::test]
async fn a_mailbox_has_its_bounds() {
    let world = World::with(|config| {
        config.limits.letters = 2;
        config.limits.mailbox = 10_000;
        config.limits.buddies = 3;
    })
    .await;
    let (bob, mut at_bob) = world.register("bob").await;
    at_bob.done(&give(*TOKEN)).await;
    at_bob.done(&Call::Goodbye).await;
    drop(at_bob);
    let mut at_someone = world.connect().await;
    at_someone.done(&post(&bob, 1)).await;
    at_someone.done(&post(&bob, 2)).await;
    assert_eq!(at_someone.refused(&post(&bob, 3)).await, Refusal::MailboxFull, "by number");
    at_someone.done(&post(&bob, 2)).await;
    at_someone.done(&Call::Withdraw { token: *TOKEN, letter: LetterId::new([2; 16]) }).await;
    let large = Call::Post { token: *TOKEN, letter: LetterId::new([4; 16]), envelope: letter(&bob, 15_000) };
    assert_eq!(at_someone.refused(&large).await, Refusal::MailboxFull, "by bytes");

    let mut too_large = letter(&bob, 100);
    too_large.sealed = vec![0; MAX_SEALED].into();
    let too_large = Call::Post { token: *TOKEN, letter: LetterId::new([5; 16]), envelope: too_large };
    assert_eq!(at_someone.refused(&too_large).await, Refusal::BadRequest);

    let (mut at_bob, _) = world.log_in(&bob).await;
    let many = Call::SetTokens { add: (2..6).map(|n| token(n).hash()).collect(), remove: Vec::new() };
    assert_eq!(at_bob.refused(&many).await, Refusal::TooManyBuddies);
    let (_at_bob, welcome) = world.log_in(&bob).await;
    assert_eq!(welcome.tokens, Some(1), "all or none");
}

#[tokio::test]
async fn letters_that_nobody_collects_are_forgotten() {
    let world = World::with(|config| config.timing.letters = Duration::ZERO).await;
    let (bob, mut at_bob) = world.register("bob").await;
    at_bob.done(&give(*TOKEN)).await;
    at_bob.done(&Call::Goodbye).await;
    let mut at_someone = world.connect().await;
    at_someone.done(&post(&bob, 1)).await;
    let mut world = world;
    // It tidies when it has started.
    world.restart().await;
    let end = std::time::Instant::now() + PATIENCE;
    while world.log_in(&bob).await.1.mailbox > 0 {
        assert!(std::time::Instant::now() < end, "it is still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_server_keeps_neither_token_nor_sender() {
    let world = World::new().await;
    let (alice, at_alice) = world.register("alice").await;
    let (bob, mut at_bob) = world.register("bob").await;
    at_bob.done(&give(*TOKEN)).await;
    at_bob.done(&Call::Goodbye).await;
    drop(at_alice);
    let mut at_someone = world.connect().await;
    at_someone.done(&post(&bob, 1)).await;
    let mut world = world;
    world.stop().await;
    let bytes = std::fs::read(world.folder.0.join("rendezvous.db")).unwrap();
    let held = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(held(TOKEN.hash().as_slice()) && held(bob.id.bytes()));
    assert!(!held(TOKEN.bytes()));
    let envelopes = bytes.windows(16).filter(|window| *window == [1; 16]).count();
    assert!(envelopes > 0, "the letter is there");
    let of_alice = bytes.windows(32).filter(|window| window == alice.id.bytes()).count();
    // Her account and her device list; the latter is also in the index of none.
    assert!(of_alice <= 3, "nothing of the letter names her: {of_alice}");
}
