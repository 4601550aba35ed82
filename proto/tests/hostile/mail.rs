//! Hostile letters: for others, of others, again and again, and full of nonsense.

use juice_proto::{
    content::{Body, Content, MAX_BODY},
    id::MessageId,
    letter::{DeliveryToken, Letter},
    link::{LinkBody, MAX_RECEIPT, Mood},
    messenger::{Output, record::Progress},
    presence::Capabilities,
    seal::{Envelope, KemSecret, Suite},
    server::{Answer, Call, Contact, Push, Relation},
    sign::{SecretKey, Signed},
    view::{BuddyState, Command, Notice},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::common::{
    disk::DiskMood,
    letters::{day_key, letter, seal, sealed},
    people::{Persona, key_of, persona},
    raw::{Raw, said},
    stage::{ALICE, BOB, CAROL, Stage},
};

/// Alice, online; Bob and Carol are buddies who are not there.
fn alice() -> Stage {
    let mut stage = Stage::new(&["alice", "bob", "carol"]);
    stage.kill(BOB);
    stage.kill(CAROL);
    stage.open_server();
    stage.connect(ALICE);
    stage.log.clear();
    stage
}

fn text(from: &Persona, seq: u64, words: &str) -> LinkBody {
    LinkBody::Content(signed(from, seq, &Body::text(words)))
}

fn signed(from: &Persona, seq: u64, body: &Body) -> Signed<Content> {
    Signed::make(&said(&from.identity, &persona("alice").identity, seq, body), &from.identity.device)
}

/// The letters that Alice let the server forget.
fn collected(stage: &Stage) -> Vec<u64> {
    let letters = |call| if let Call::Collected { letters } = call { letters } else { Vec::new() };
    stage.calls(ALICE).into_iter().flat_map(letters).collect()
}

fn posts(stage: &Stage) -> usize {
    stage.outputs(ALICE).filter(|output| matches!(output, Output::Mail(_, Call::Post { .. }))).count()
}

#[test]
fn an_honest_letter_is_read_and_collected() {
    let mut stage = alice();
    let bob = persona("bob");
    stage.deliver(&bob, ALICE, 7, &[text(&bob, 1, "hello")]);
    assert_eq!((stage.texts(ALICE), collected(&stage)), (vec!["hello".into()], vec![7]));
}

#[test]
fn eve_cannot_write_letters_as_another_or_to_another() {
    let (bob, carol, eve) = (persona("bob"), persona("carol"), persona("eve"));
    type Forge = fn(Letter) -> Letter;
    let as_it_is: Forge = |letter| letter;
    let cases: [(&str, &Persona, SecretKey, Forge); 6] = [
        ("a stranger's", &eve, eve.identity.device.clone(), as_it_is),
        ("another's signature", &bob, eve.identity.device.clone(), as_it_is),
        ("the account key's signature", &bob, bob.key.clone(), as_it_is),
        ("another's name on top", &carol, carol.identity.device.clone(), |letter| Letter {
            from: persona("bob").identity.account,
            ..letter
        }),
        ("for another device", &bob, bob.identity.device.clone(), |letter| Letter {
            to: key_of("another").device(),
            ..letter
        }),
        ("from a device of no list", &bob, key_of("bob's unknown device"), |letter| Letter {
            device: key_of("bob's unknown device").device(),
            ..letter
        }),
    ];
    for (what, from, signer, forge) in cases {
        let mut stage = alice();
        let forged = forge(letter(&stage, from, ALICE, &[text(from, 1, "believe me")]));
        let envelope = sealed(&stage, ALICE, &forged, &signer);
        stage.bring(ALICE, 7, envelope);
        assert!(stage.texts(ALICE).is_empty() && stage.players[ALICE].disk.rows.is_empty(), "{what}");
        assert_eq!(collected(&stage), [7], "{what}: nobody will ever read it");
        stage.pass(60_000);
        assert_eq!(posts(&stage), 0, "{what}: nor is it answered");
    }
}

#[test]
fn eve_cannot_put_anothers_words_into_her_letter() {
    let mut stage = alice();
    let (bob, carol) = (persona("bob"), persona("carol"));
    stage.deliver(&carol, ALICE, 1, &[text(&bob, 1, "stolen"), text(&carol, 1, "my own")]);
    assert_eq!(stage.texts(ALICE), ["my own"], "one that is wrong spoils nothing but itself");
}

#[test]
fn an_envelope_of_another_key_or_device_and_garbage_are_dropped() {
    let bob = persona("bob");
    let stage = alice();
    let plain = juice_proto::frame::encode(&Signed::make(
        &letter(&stage, &bob, ALICE, &[text(&bob, 1, "x")]),
        &bob.identity.device,
    ));
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let other = KemSecret::from_seed(Suite::X25519, [8; 32]).public();
    let mut bent = seal(&stage, ALICE, &plain);
    bent.sealed.iter_mut().take(9).for_each(|byte| *byte ^= 1);
    let cases = [
        ("a destroyed key", Envelope::seal(&plain, &other, &stage.device(ALICE), &mut rng).expect("short")),
        (
            "another device",
            Envelope::seal(&plain, &day_key(&stage, ALICE), &stage.device(BOB), &mut rng).expect("short"),
        ),
        ("a broken seal", bent),
        ("no letter", seal(&stage, ALICE, b"garbage")),
        ("nothing", seal(&stage, ALICE, b"")),
        ("a version of tomorrow", Envelope { version: 9, ..seal(&stage, ALICE, &plain) }),
    ];
    for (what, envelope) in cases {
        let mut stage = alice();
        stage.bring(ALICE, 7, envelope);
        assert!(stage.texts(ALICE).is_empty(), "{what}");
        assert_eq!(collected(&stage), [7], "{what}");
    }
}

#[test]
fn the_same_letter_ten_thousand_times_is_one_row_and_few_receipts() {
    let mut stage = alice();
    let bob = persona("bob");
    let once = letter(&stage, &bob, ALICE, &[text(&bob, 1, "again")]);
    let envelope = sealed(&stage, ALICE, &once, &bob.identity.device);
    for number in 1..=10_000 {
        stage.bring(ALICE, number, envelope.clone());
        if number % 100 == 0 {
            stage.pass(1_000);
            stage.log.retain(|(_, _, output)| !matches!(output, Output::ServerSend(_) | Output::Save(..)));
        }
    }
    assert_eq!((stage.texts(ALICE).len(), stage.players[ALICE].disk.rows.len()), (1, 1));
    assert_eq!(stage.row(ALICE, BOB).unread, 1);
    let unnamed = stage.outputs(ALICE).filter(|output| matches!(output, Output::Mail(..))).count();
    assert!(unnamed <= 45 + 100 / 2, "no more calls than the server takes anyway: {unnamed}");
}

#[test]
fn a_letter_of_the_blocked_the_removed_or_the_doubted_is_dropped() {
    let bob = persona("bob");
    for what in ["blocked", "removed", "doubted", "gone"] {
        let mut stage = alice();
        let hex = stage.hex(BOB);
        match what {
            "blocked" => drop(stage.command(ALICE, Command::BlockBuddy { buddy: hex })),
            "removed" => drop(stage.command(ALICE, Command::RemoveBuddy { buddy: hex })),
            "gone" => stage.push(ALICE, Push::Gone(bob.identity.account)),
            _ => {
                let lists = vec![bob.with_another_key("bob's second account").identity.list];
                let account = bob.identity.account;
                let contact = Contact { account, relation: Relation::Buddy, lists, presence: None };
                stage.push(ALICE, Push::Contact(contact));
            }
        }
        stage.log.clear();
        stage.deliver(&bob, ALICE, 7, &[text(&bob, 1, "let me in")]);
        assert!(stage.texts(ALICE).is_empty(), "{what}");
        assert_eq!(collected(&stage), [7], "{what}");
        stage.pass(60_000);
        assert_eq!(posts(&stage), 0, "{what}: no receipt");
    }
}

#[test]
fn eve_cannot_write_with_a_device_that_was_revoked() {
    let mut stage = alice();
    let (old, new) = (persona("bob"), persona("bob").moved("bob's new device"));
    stage.deliver(&old, ALICE, 1, &[text(&old, 1, "before")]);
    stage.deliver(&new, ALICE, 2, &[text(&new, 1, "moved")]);
    stage.deliver(&old, ALICE, 3, &[text(&old, 2, "stolen")]);
    let mixed = Letter { list: new.identity.list.clone(), ..letter(&stage, &old, ALICE, &[text(&old, 2, "stolen")]) };
    let envelope = sealed(&stage, ALICE, &mixed, &old.identity.device);
    stage.bring(ALICE, 4, envelope);
    assert_eq!(stage.texts(ALICE), ["before", "moved"]);
    let pin = stage.players[ALICE].disk.buddies[&new.identity.account].pin;
    assert_eq!(pin, Some(new.identity.pin), "the letter's list is followed, and never back");
}

#[test]
fn eve_cannot_bring_another_account_key_by_letter() {
    let mut stage = alice();
    let forged = persona("bob").with_another_key("eve's");
    stage.deliver(&forged, ALICE, 1, &[text(&forged, 1, "new key")]);
    assert!(stage.texts(ALICE).is_empty() && !stage.row(ALICE, BOB).key_alarm, "only the server can show another key");
    assert_eq!(collected(&stage), [1]);
}

#[test]
fn a_letter_under_a_weaker_suite_than_before_is_refused() {
    let mut stage = alice();
    let bob = persona("bob");
    stage.kill(ALICE);
    let row = stage.players[ALICE].disk.buddies.get_mut(&bob.identity.account).expect("a row");
    row.suite = Some(Suite::XWing);
    stage.start(ALICE);
    stage.connect(ALICE);
    stage.log.clear();
    stage.deliver(&bob, ALICE, 1, &[text(&bob, 1, "weak")]);
    assert!(stage.texts(ALICE).is_empty(), "SuiteDowngrade");
    stage.write(ALICE, BOB, "strong?");
    stage.pass(60_000);
    assert_eq!(posts(&stage), 0, "nor is anything sealed to a weak key");
}

#[test]
fn what_makes_no_sense_in_a_letter_is_ignored() {
    let mut stage = alice();
    let bob = persona("bob");
    let status = LinkBody::Status {
        name: "bob".into(),
        mood: Mood::Here,
        text: "here I am".into(),
        capabilities: Capabilities { microphone: true, camera: true },
        have: Some(u64::MAX),
    };
    stage.deliver(&bob, ALICE, 1, &[status, LinkBody::Typing(true), LinkBody::Bye, text(&bob, 1, "and this")]);
    let row = stage.row(ALICE, BOB);
    assert!(row.state == BuddyState::Offline && !row.typing && row.status_text.is_empty() && !row.can_voice, "{row:?}");
    assert_eq!(stage.texts(ALICE), ["and this"]);
    stage.write(ALICE, BOB, "first");
    assert_eq!(stage.players[ALICE].disk.rows.last().expect("a row").message.seq, 1, "no number is skipped for it");
}

#[test]
fn a_body_of_tomorrow_and_garbage_among_others_are_passed_over() {
    let mut stage = alice();
    let bob = persona("bob");
    let mut strange = letter(&stage, &bob, ALICE, &[text(&bob, 1, "known")]);
    strange.bodies.insert(0, vec![0x82, 0x18, 0x63, 0x01].into());
    strange.bodies.insert(0, vec![0xff; 40].into());
    let envelope = sealed(&stage, ALICE, &strange, &bob.identity.device);
    stage.bring(ALICE, 1, envelope);
    assert_eq!(stage.texts(ALICE), ["known"]);
}

#[test]
fn eve_cannot_say_two_things_under_one_number_by_letter() {
    let mut stage = alice();
    let bob = persona("bob");
    stage.deliver(&bob, ALICE, 1, &[text(&bob, 1, "yes")]);
    stage.deliver(&bob, ALICE, 2, &[text(&bob, 1, "no"), text(&bob, 2, "well")]);
    assert_eq!(stage.texts(ALICE), ["yes", "well"], "the first stays");
    assert!(matches!(stage.notices(ALICE).as_slice(), [Notice::Equivocation { .. }]));
    let [confirmed, other] = [1, 2].map(|seq| stage.players[ALICE].disk.rows[seq - 1].message.id);
    let owed: Vec<_> = stage.players[ALICE].disk.owed.iter().map(|(_, id)| *id).collect();
    assert!(owed.len() == 2 && owed.contains(&confirmed) && owed.contains(&other), "what was refused has no receipt");
}

#[test]
fn a_body_too_long_in_a_letter_keeps_its_place() {
    let mut stage = alice();
    let bob = persona("bob");
    let long = Content {
        kind: 999,
        body: vec![b'x'; MAX_BODY + 1].into(),
        ..said(&bob.identity, &persona("alice").identity, 1, &Body::Void)
    };
    stage.deliver(&bob, ALICE, 1, &[LinkBody::Content(Signed::make(&long, &bob.identity.device))]);
    stage.deliver(&bob, ALICE, 2, &[text(&bob, 2, "after it")]);
    assert_eq!(stage.texts(ALICE), ["after it"]);
}

#[test]
fn gaps_and_jumps_in_letters_show_nothing_and_stop_nothing() {
    let mut stage = alice();
    let (bob, carol) = (persona("bob"), persona("carol"));
    for number in 1..=20 {
        stage.deliver(&bob, ALICE, number, &[text(&bob, 1_000 + number, "far ahead"), text(&bob, u64::MAX, "end")]);
    }
    stage.deliver(&carol, ALICE, 21, &[text(&carol, 1, "from Carol")]);
    assert_eq!(stage.texts(ALICE), ["from Carol"], "letters with gaps don't stand in the way of others");
    assert!(collected(&stage).len() >= 21 - 8, "few are kept back: {:?}", collected(&stage));
    let missing: Vec<_> = (1..=3).map(|seq| text(&bob, seq, "at last")).collect();
    stage.deliver(&bob, ALICE, 22, &missing);
    assert_eq!(stage.texts(ALICE).len(), 4);
}

#[test]
fn a_receipt_of_too_many_ids_in_a_letter_is_ignored() {
    let mut stage = alice();
    let bob = persona("bob");
    stage.write(ALICE, BOB, "one");
    let id = stage.players[ALICE].disk.rows[0].message.id;
    let mut ids = vec![MessageId::new([1; 32]); MAX_RECEIPT];
    ids.push(id);
    stage.deliver(&bob, ALICE, 1, &[LinkBody::Delivered(ids), LinkBody::Refused(id, "x".repeat(65))]);
    assert_eq!(stage.players[ALICE].disk.rows[0].message.progress, Progress::Waiting);
}

#[test]
fn eve_cannot_confirm_by_letter_what_was_said_to_another() {
    let mut stage = alice();
    let carol = persona("carol");
    stage.write(ALICE, BOB, "for bob");
    let id = stage.players[ALICE].disk.rows[0].message.id;
    let claims = [LinkBody::Delivered(vec![id]), LinkBody::Read(id, 1), LinkBody::Refused(id, "x".into())];
    stage.deliver(&carol, ALICE, 1, &claims);
    assert_eq!(stage.players[ALICE].disk.rows[0].message.progress, Progress::Waiting);
}

#[test]
fn a_wish_in_a_letter_that_is_brought_again_is_granted_once() {
    let mut stage = alice();
    let bob = persona("bob");
    stage.write(ALICE, BOB, "one");
    let wish = letter(&stage, &bob, ALICE, &[LinkBody::Want(1)]);
    let envelope = sealed(&stage, ALICE, &wish, &bob.identity.device);
    let prekey = {
        // Bob's key of the day, so that he can be written to.
        stage.start(BOB);
        stage.connect(BOB);
        stage.kill(BOB);
        stage.cut(BOB);
        stage.server_misses(BOB);
        stage.players[BOB].disk.day_keys.len()
    };
    assert_eq!(prekey, 1);
    stage.pass(10_000);
    stage.log.clear();
    for number in 1..=100 {
        stage.bring(ALICE, number, envelope.clone());
        stage.pass(3_000);
    }
    assert!(posts(&stage) <= 1, "{} letters for one wish", posts(&stage));
}

#[test]
fn a_token_of_the_past_replaces_no_newer_one() {
    let mut stage = alice();
    let bob = persona("bob");
    let now = stage.now(ALICE).wall;
    let token = |n: u8, made_ms| LinkBody::Token { token: DeliveryToken::new([n; 32]), made_ms };
    stage.deliver(&bob, ALICE, 1, &[token(2, now)]);
    stage.deliver(&bob, ALICE, 2, &[token(1, now - 1_000)]);
    let row = &stage.players[ALICE].disk.buddies[&bob.identity.account];
    assert_eq!(row.their_token.map(|record| record.token), Some(DeliveryToken::new([2; 32])));
    stage.deliver(&bob, ALICE, 3, &[token(3, u64::MAX)]);
    stage.pass(1_000);
    let later = stage.now(ALICE).wall;
    stage.deliver(&bob, ALICE, 4, &[token(4, later)]);
    let row = &stage.players[ALICE].disk.buddies[&bob.identity.account];
    assert_eq!(row.their_token.map(|record| record.token), Some(DeliveryToken::new([4; 32])), "no token is for ever");
}

#[test]
fn a_server_that_pushes_without_end_fills_no_memory() {
    let mut stage = alice();
    let bob = persona("bob");
    stage.disk(ALICE, DiskMood::Stalls);
    for number in 1..=2_000 {
        stage.deliver(&bob, ALICE, number, &[text(&bob, number, &format!("{number}"))]);
    }
    stage.disk(ALICE, DiskMood::Works);
    let shown = stage.texts(ALICE).len();
    assert!((1..=40).contains(&shown), "the rest is pushed again at the next welcome: {shown}");
}

#[test]
fn nonsense_answers_to_unnamed_calls_cost_nothing() {
    let mut stage = alice();
    for (n, answer) in [
        Answer::Done,
        Answer::Account { lists: Vec::new(), prekey: None },
        Answer::Account { lists: vec![persona("carol").identity.list], prekey: None },
        Answer::Opaque(vec![0; 32].into()),
    ]
    .into_iter()
    .enumerate()
    {
        stage.mail_answer = Some(answer);
        stage.write(ALICE, BOB, &format!("{n}"));
        stage.pass(10 * 60_000);
    }
    assert_eq!(posts(&stage), 0, "nothing is sealed to a key that nobody signed");
    assert!(stage.players[ALICE].disk.rows.iter().all(|row| row.message.posted.is_none()));
    let calls = stage.outputs(ALICE).filter(|output| matches!(output, Output::Mail(..))).count();
    assert!(calls < 20, "and with growing waits: {calls}");
}

#[test]
fn a_letter_and_a_link_at_once_show_everything_once() {
    let mut stage = alice();
    let bob = persona("bob");
    let mut raw = Raw::meet(&mut stage, ALICE, &bob);
    stage.disk(ALICE, DiskMood::Stalls);
    let content = raw.content(&stage, 1, "twice");
    raw.tell(&mut stage, &content);
    let signed = raw.sign(&content);
    stage.deliver(&bob, ALICE, 1, &[LinkBody::Content(signed)]);
    stage.disk(ALICE, DiskMood::Works);
    assert_eq!(stage.texts(ALICE), ["twice"]);
    assert_eq!(collected(&stage), [1]);
    assert!(stage.players[ALICE].disk.owed.is_empty(), "the link took the receipt");
}
