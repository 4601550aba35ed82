//! Letters for someone on the stage, by whoever the test likes, saying what the test likes.

use juice_proto::{
    frame,
    letter::Letter,
    link::LinkBody,
    seal::{Envelope, KemPublic},
    server::Push,
    sign::{SecretKey, Signed},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{
    people::Persona,
    stage::{Stage, Who},
};

/// An honest letter, to be bent.
pub fn letter(stage: &Stage, from: &Persona, to: Who, bodies: &[LinkBody]) -> Letter {
    let identity = &from.identity;
    Letter {
        from: identity.account,
        device: identity.device.device(),
        to: stage.device(to),
        sent_ms: stage.now(to).wall,
        list: identity.list.clone(),
        name: identity.name.as_str().into(),
        bodies: bodies.iter().map(|body| frame::encode(body).into()).collect(),
    }
}

/// The key of the day of someone on the stage.
pub fn day_key(stage: &Stage, who: Who) -> KemPublic {
    stage.players[who].disk.day_keys.last().expect("one").secret.public()
}

/// Seals a letter for someone.
pub fn sealed(stage: &Stage, to: Who, letter: &Letter, signer: &SecretKey) -> Envelope {
    let plain = frame::encode(&Signed::make(letter, signer));
    seal(stage, to, &plain)
}

/// Seals any bytes for someone.
pub fn seal(stage: &Stage, to: Who, plain: &[u8]) -> Envelope {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    Envelope::seal(plain, &day_key(stage, to), &stage.device(to), &mut rng).expect("not too long")
}

impl Stage {
    /// The server brings a letter under a number.
    pub fn bring(&mut self, to: Who, number: u64, envelope: Envelope) {
        let posted_ms = self.now(to).wall;
        self.push(to, Push::Letter { number, posted_ms, envelope });
    }

    /// Seals and brings what somebody writes.
    pub fn deliver(&mut self, from: &Persona, to: Who, number: u64, bodies: &[LinkBody]) {
        let letter = letter(self, from, to, bodies);
        let envelope = sealed(self, to, &letter, &from.identity.device);
        self.bring(to, number, envelope);
    }
}
