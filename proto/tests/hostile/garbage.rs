//! Garbage on links: random bytes, bent frames, random bodies under a good seal.

use juice_proto::{
    frame::{self, MAX_FRAME},
    link::LinkBody,
    messenger::Output,
    seal::Suite,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::common::{
    people::persona,
    raw::Raw,
    stage::{ALICE, BOB, Stage},
};

fn alice() -> Stage {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.kill(BOB);
    stage
}

fn random(rng: &mut ChaCha20Rng, longest: u32) -> Vec<u8> {
    let length = rng.next_u32() % longest;
    let mut bytes = vec![0; usize::try_from(length).expect("small")];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// Everything that came out is the end of that link or a row that changed by it.
fn only_closes(stage: &Stage, what: &str) {
    for output in stage.outputs(ALICE) {
        let fine = matches!(output, Output::Refuse(_) | Output::Close(_) | Output::Tell(_) | Output::Save(..));
        assert!(fine, "{what} brought {output:?}");
    }
    assert!(stage.notices(ALICE).is_empty() && stage.arrived(ALICE).is_empty(), "{what}: nothing is shown");
    assert!(stage.players[ALICE].disk.rows.is_empty(), "{what}: nothing is kept");
}

#[test]
fn ten_thousand_frames_of_garbage_do_no_more_than_close_their_link() {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let mut stage = alice();
    let mut raw = Raw::dial(&mut stage, ALICE, &persona("bob"), Suite::X25519);
    for n in 0..10_000 {
        if !stage.is_open(raw.link) {
            raw = Raw::dial(&mut stage, ALICE, &persona("bob"), Suite::X25519);
        }
        stage.log.clear();
        let bytes = random(&mut rng, 200);
        stage.inject(raw.link, bytes);
        only_closes(&stage, &format!("garbage {n}"));
    }
}

#[test]
fn bent_handshake_frames_do_no_more_than_close_their_link() {
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    let mut stage = alice();
    for n in 0..1_000 {
        let raw = Raw::dial(&mut stage, ALICE, &persona("bob"), Suite::X25519);
        let signed = juice_proto::sign::Signed::make(&raw.greeting(), &raw.persona.identity.device);
        let mut bytes = frame::encode(&juice_proto::link::LinkFrame::Greeting(Box::new(signed)));
        let at = usize::try_from(rng.next_u32()).expect("32 bits") % bytes.len();
        bytes[at] ^= 1 << (rng.next_u32() % 8);
        stage.log.clear();
        stage.inject(raw.link, bytes);
        only_closes(&stage, &format!("flip {n} at byte {at}"));
        assert!(!stage.is_open(raw.link), "flip {n} at byte {at}: every byte of a greeting is signed");
    }
}

#[test]
fn random_bodies_under_a_good_seal_do_no_more_than_close_their_link() {
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let mut stage = alice();
    let mut raw = Raw::meet(&mut stage, ALICE, &persona("bob"));
    for n in 0..1_500 {
        if !stage.is_open(raw.link) {
            raw = Raw::meet(&mut stage, ALICE, &persona("bob"));
        }
        let mut body = random(&mut rng, 80);
        if let Some(first) = body.first_mut() {
            // An array of a few elements: what a body is.
            *first = 0x81 + (*first % 4);
        }
        let bytes = raw.sealed(&body);
        stage.log.clear();
        stage.inject(raw.link, bytes);
        let quiet = stage.outputs(ALICE).all(|o| !matches!(o, Output::Dial { .. } | Output::ServerSend(_)));
        assert!(quiet && stage.arrived(ALICE).is_empty(), "body {n}: {body:02x?}");
    }
}

#[test]
fn a_frame_above_the_limit_is_refused_unread() {
    let mut stage = alice();
    let raw = Raw::meet(&mut stage, ALICE, &persona("bob"));
    stage.log.clear();
    stage.inject(raw.link, vec![0; MAX_FRAME + 1]);
    assert_eq!(stage.refusals(ALICE), (1, 0), "FrameLen");
}

#[test]
fn an_empty_frame_is_refused() {
    let mut stage = alice();
    let raw = Raw::meet(&mut stage, ALICE, &persona("bob"));
    stage.log.clear();
    stage.inject(raw.link, Vec::new());
    assert_eq!(stage.refusals(ALICE), (1, 0));
}

#[test]
fn frames_after_the_end_are_ignored() {
    let mut stage = alice();
    let mut raw = Raw::meet(&mut stage, ALICE, &persona("bob"));
    let late = raw.sealed(&frame::encode(&LinkBody::Typing(true)));
    raw.say(&mut stage, &LinkBody::Bye);
    stage.log.clear();
    stage.inject(raw.link, late);
    assert_eq!(stage.log.len(), 0);
}
