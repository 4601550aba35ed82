//! A hostile server: forged welcomes, garbage, answers to what was not asked.

use juice_proto::{
    frame,
    id::ServerKey,
    messenger::{Input, Output},
    server::{Answer, Call, ClientFrame, Nonce, Push, Refusal, ServerFrame, SignedWelcome, Welcome},
    sign::SecretKey,
    view::{Command, ErrorCode, ServerState},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::common::{
    people::{key_of, persona, server_key},
    stage::{ALICE, BOB, Stage},
};

/// Alice has said hello to a server that the test plays: the connection's nonce and her call.
fn hello() -> (Stage, Nonce, ClientFrame) {
    let mut stage = Stage::new(&["alice", "bob"]);
    let nonce = stage.connect(ALICE);
    let call = stage.outputs(ALICE).find_map(|output| match output {
        Output::ServerSend(bytes) => frame::decode::<ClientFrame>(bytes).ok(),
        _ => None,
    });
    let call = call.expect("a hello");
    stage.log.clear();
    (stage, nonce, call)
}

fn answer(stage: &mut Stage, number: u32, answer: Answer) {
    stage.tell(ALICE, Input::ServerFrame(frame::encode(&ServerFrame::Answer(number, Box::new(answer)))));
}

fn closed(stage: &Stage) -> bool {
    stage.outputs(ALICE).any(|output| matches!(output, Output::ServerClose { again: true }))
}

fn state(stage: &Stage) -> ServerState {
    stage.players[ALICE].messenger.as_ref().expect("running").views().server
}

#[test]
fn eve_cannot_welcome_in_the_servers_name() {
    let welcome = Welcome::default();
    type Forge = fn(&Welcome, &Nonce, &[u8]) -> SignedWelcome;
    let forgeries: [(&str, Forge); 3] = [
        ("signed by another key", |w, nonce, call| SignedWelcome::make(w, &key_of("eve"), nonce, call)),
        ("of another connection", |w, _, call| SignedWelcome::make(w, &server_key(), &[9; 32], call)),
        ("to another call", |w, nonce, _| SignedWelcome::make(w, &server_key(), nonce, b"another call")),
    ];
    for (name, forge) in forgeries {
        let (mut stage, nonce, call) = hello();
        let forged = forge(&welcome, &nonce, &call.call);
        answer(&mut stage, call.number, Answer::Welcome(forged));
        assert!(closed(&stage), "a welcome {name} ends the connection");
        assert_ne!(state(&stage), ServerState::Connected, "a welcome {name}");
    }
    let (mut stage, nonce, call) = hello();
    let honest = SignedWelcome::make(&welcome, &server_key(), &nonce, &call.call);
    answer(&mut stage, call.number, Answer::Welcome(honest));
    assert_eq!(state(&stage), ServerState::Connected, "the honest one is taken");
}

#[test]
fn a_hello_is_proven_for_this_server_and_connection_alone() {
    let (_, nonce, call) = hello();
    let (device, server) = (persona("alice").identity.device.device(), server_key().server_key());
    assert!(call.check(&device, &server, &nonce).is_ok());
    assert!(call.check(&device, &server, &[1; 32]).is_err(), "eve cannot use it on a connection of hers");
    let other: ServerKey = SecretKey::from_seed(&[9; 32]).server_key();
    assert!(call.check(&device, &other, &nonce).is_err(), "nor at another server");
}

#[test]
fn pushes_before_the_welcome_are_not_believed() {
    let (mut stage, ..) = hello();
    let bob = persona("bob").identity.account;
    stage.push(ALICE, Push::Gone(bob));
    stage.push(ALICE, Push::Nudged(bob));
    assert_eq!(stage.row(ALICE, BOB).relation, juice_proto::view::Relation::Buddy);
    assert!(!stage.outputs(ALICE).any(|output| matches!(output, Output::Reserve)));
}

#[test]
fn a_hello_answered_by_anything_but_a_welcome_ends_the_connection() {
    let answers = [
        Answer::Done,
        Answer::Opaque(vec![1].into()),
        Answer::Refused(Refusal::BadSignature),
        Answer::Refused(Refusal::SlowDown(u32::MAX)),
        Answer::Account { lists: Vec::new(), prekey: None },
    ];
    for wrong in answers {
        let (mut stage, _, call) = hello();
        answer(&mut stage, call.number, wrong.clone());
        assert!(closed(&stage), "{wrong:?}");
    }
}

#[test]
fn answers_to_nothing_are_ignored() {
    let (mut stage, ..) = hello();
    for number in [0, 2, 77, u32::MAX] {
        answer(&mut stage, number, Answer::Done);
    }
    assert!(!closed(&stage));
    assert!(stage.events(ALICE).is_empty(), "nothing happens: {:?}", stage.events(ALICE));
}

#[test]
fn garbage_from_the_server_ends_the_connection_and_nothing_else() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut stage = Stage::online(&["alice", "bob"]);
    for n in 0..2_000_usize {
        let mut bytes = vec![0; n % 300];
        rng.fill_bytes(&mut bytes);
        stage.log.clear();
        stage.tell(ALICE, Input::ServerFrame(bytes));
        assert!(stage.sends(ALICE) == 0 && stage.dials(ALICE) == 0, "garbage {n} makes nothing happen elsewhere");
    }
    stage.write(ALICE, BOB, "unimpressed");
    assert_eq!(stage.texts(BOB), ["unimpressed"]);
}

#[test]
fn an_answer_of_the_wrong_kind_is_an_error_to_the_person_not_a_hang() {
    let mut stage = Stage::online(&["alice", "bob"]);
    stage.server = None;
    stage.log.clear();
    let command = stage.command(ALICE, Command::AddBuddy { name: "zoe".into(), note: String::new() });
    let number = stage.outputs(ALICE).find_map(|output| match output {
        Output::ServerSend(bytes) => frame::decode::<ClientFrame>(bytes).ok().map(|frame| frame.number),
        _ => None,
    });
    answer(&mut stage, number.expect("a call"), Answer::Done);
    assert_eq!(stage.answer(ALICE, command), Some(Err(ErrorCode::Internal)));
}

#[test]
fn a_server_cannot_put_another_key_in_an_invites_place() {
    let mut stage = Stage::online(&["alice", "bob"]);
    let (zoe, eve) = (persona("zoe"), persona("zoe").with_another_key("the server's zoe"));
    let invite = juice_proto::invite::Invite {
        server: zoe.identity.server,
        name: zoe.identity.name,
        key: zoe.identity.account_key,
        token: [1; 16],
    };
    let server = stage.server.as_mut().expect("up");
    server.lists.insert(zoe.identity.account, eve.identity.list);
    stage.log.clear();
    let number = stage.command(ALICE, Command::AddByInvite { link: invite.to_string() });
    assert_eq!(stage.answer(ALICE, number), Some(Err(ErrorCode::BadInvite)));
    let asked = stage.calls(ALICE).iter().any(|call| matches!(call, Call::Ask { .. }));
    assert!(!asked, "nothing, least of all the token, is sealed to a key that the invite does not name");
}

#[test]
fn a_prekey_counts_only_under_the_devices_signature() {
    use juice_proto::{
        prekey::Prekey,
        seal::{KemSecret, Suite},
        sign::Signed,
    };
    let mut stage = Stage::online(&["alice", "bob"]);
    let zoe = persona("zoe");
    let secret = KemSecret::from_seed(Suite::X25519, [3; 32]);
    let now = stage.now(ALICE).wall;
    let prekey = |made_ms, kept_until_ms| Prekey {
        device: zoe.identity.device.device(),
        suite: Suite::X25519,
        key: secret.public().to_bytes().into(),
        made_ms,
        kept_until_ms,
    };
    let good = prekey(now, now + 1_000_000);
    let cases = [
        ("eve's signature", Signed::make(&good, &key_of("eve")), false),
        ("long destroyed", Signed::make(&prekey(1, now), &zoe.identity.device), false),
        ("of the future", Signed::make(&prekey(u64::MAX, u64::MAX), &zoe.identity.device), false),
        ("good", Signed::make(&good, &zoe.identity.device), true),
    ];
    for (name, prekey, wanted) in cases {
        let server = stage.server.as_mut().expect("up");
        server.lists.insert(zoe.identity.account, zoe.identity.list.clone());
        server.prekeys.insert(zoe.identity.account, prekey);
        let number = stage.command(ALICE, Command::AddBuddy { name: "zoe".into(), note: String::new() });
        assert_eq!(stage.answer(ALICE, number).map(|answer| answer.is_ok()), Some(wanted), "{name}");
    }
}
