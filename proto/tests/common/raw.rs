//! Someone at the other end of a link who need not keep to the rules: says any frame, with any keys.

use juice_proto::{
    content::{self, Body, Content, Hlc, Place, Seq},
    frame,
    id::{ConversationId, DeviceId, LinkId, MessageId},
    link::{Greeting, LinkBody, LinkFrame, Mood},
    messenger::Identity,
    presence::Capabilities,
    seal::{KemPublic, KemSecret, LinkOpener, LinkSealer, Suite},
    sign::Signed,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{
    people::{Persona, START},
    stage::{Stage, Who},
};

pub struct Raw {
    pub persona: Persona,
    pub link: LinkId,
    /// Whom this talks to, and the device that is.
    who: Who,
    to: DeviceId,
    pub secret: KemSecret,
    sealer: Option<LinkSealer>,
    opener: Option<LinkOpener>,
    rng: ChaCha20Rng,
}

impl Raw {
    /// Opens a link to someone; nothing is said yet.
    pub fn dial(stage: &mut Stage, who: Who, persona: &Persona, suite: Suite) -> Self {
        let link = stage.raw_link(who, persona.identity.device.device());
        let mut rng = ChaCha20Rng::seed_from_u64(link.0);
        let secret = KemSecret::random(suite, &mut rng);
        let to = stage.device(who);
        Self { persona: persona.clone(), link, who, to, secret, sealer: None, opener: None, rng }
    }

    /// Opens a link and goes through the whole handshake, as an honest device would.
    pub fn meet(stage: &mut Stage, who: Who, persona: &Persona) -> Self {
        Self::try_meet(stage, who, persona).expect("an honest handshake is welcome")
    }

    /// The same, where it may not be welcome.
    pub fn try_meet(stage: &mut Stage, who: Who, persona: &Persona) -> Option<Self> {
        let mut raw = Self::dial(stage, who, persona, Suite::X25519);
        raw.greet(stage);
        let enc = raw.open_sealer(stage)?;
        raw.frame(stage, &LinkFrame::Key(enc.into()));
        raw.say(stage, &raw.status());
        stage.is_open(raw.link).then_some(raw)
    }

    pub fn greeting(&self) -> Greeting {
        Greeting {
            account: self.persona.identity.account,
            device: self.persona.identity.device.device(),
            to: self.to,
            list: self.persona.identity.list.clone(),
            yours: None,
            suite: self.secret.suite(),
            key: self.secret.public().to_bytes().into(),
        }
    }

    pub fn greet(&mut self, stage: &mut Stage) {
        let greeting = Signed::make(&self.greeting(), &self.persona.identity.device);
        self.frame(stage, &LinkFrame::Greeting(Box::new(greeting)));
    }

    /// Reads what came until the key to seal with is known, and answers it with the encapsulated secret.
    pub fn key(&mut self, stage: &mut Stage) {
        let enc = self.open_sealer(stage).expect("they greet first");
        self.frame(stage, &LinkFrame::Key(enc.into()));
    }

    /// Makes the sealing half out of their greeting; the secret is not sent.
    pub fn open_sealer(&mut self, stage: &mut Stage) -> Option<Vec<u8>> {
        let LinkFrame::Greeting(theirs) = stage.hear(self.link)? else {
            return None;
        };
        let theirs = theirs.peek().expect("a greeting");
        let key = KemPublic::parse(theirs.suite, &theirs.key).expect("a key");
        let (sealer, enc) = LinkSealer::new(&key, &self.to, &mut self.rng).expect("a key");
        self.sealer = Some(sealer);
        Some(enc)
    }

    pub fn frame(&self, stage: &mut Stage, frame: &LinkFrame) {
        stage.inject(self.link, frame::encode(frame));
    }

    /// Seals; the frame is not sent.
    pub fn sealed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let sealer = self.sealer.as_mut().expect("their greeting was read");
        frame::encode(&LinkFrame::Sealed(sealer.seal(bytes).expect("not too long").into()))
    }

    pub fn say(&mut self, stage: &mut Stage, body: &LinkBody) {
        let bytes = self.sealed(&frame::encode(body));
        stage.inject(self.link, bytes);
    }

    /// What they said since.
    pub fn hear(&mut self, stage: &mut Stage) -> Vec<LinkBody> {
        let mut bodies = Vec::new();
        while let Some(frame) = stage.hear(self.link) {
            match frame {
                LinkFrame::Greeting(_) => {}
                LinkFrame::Key(enc) => {
                    let us = self.persona.identity.device.device();
                    let opener = LinkOpener::new(&self.secret, &self.secret.public(), &us, &enc);
                    self.opener = Some(opener.expect("a secret for our key"));
                }
                LinkFrame::Sealed(sealed) => {
                    let opener = self.opener.as_mut().expect("their key comes first");
                    let body = opener.open(&sealed).expect("sealed for us, in order");
                    bodies.push(frame::decode(&body).expect("a body"));
                }
            }
        }
        bodies
    }

    pub fn status(&self) -> LinkBody {
        LinkBody::Status {
            name: self.persona.identity.name.as_str().into(),
            mood: Mood::Here,
            text: String::new(),
            capabilities: Capabilities::default(),
            have: None,
        }
    }

    /// A text at a place in the sequence, in the conversation with whom this talks to.
    pub fn content(&self, stage: &Stage, seq: Seq, text: &str) -> Content {
        self.saying(stage, seq, &Body::text(text))
    }

    /// Anything at a place in the sequence.
    pub fn saying(&self, stage: &Stage, seq: Seq, body: &Body) -> Content {
        let other = &stage.players[self.who].persona.identity;
        said(&self.persona.identity, other, seq, body)
    }

    pub fn sign(&self, content: &Content) -> Signed<Content> {
        Signed::make(content, &self.persona.identity.device)
    }

    /// Says a content; its id.
    pub fn tell(&mut self, stage: &mut Stage, content: &Content) -> MessageId {
        let signed = self.sign(content);
        let id = content::id(&signed);
        self.say(stage, &LinkBody::Content(signed));
        id
    }
}

/// What someone says to someone, at a place in the sequence.
pub fn said(me: &Identity, to: &Identity, seq: Seq, body: &Body) -> Content {
    let place = Place {
        conversation: ConversationId::between(&me.account_key, &to.account_key),
        author: me.account,
        device: me.device.device(),
        seq,
        previous: MessageId::new([0; 32]),
        hlc: Hlc(START << 16 | seq),
        sent_ms: START,
    };
    Content::new(place, body)
}

/// The ids that were confirmed.
pub fn confirmed(bodies: &[LinkBody]) -> Vec<MessageId> {
    let ids = |body: &LinkBody| {
        if let LinkBody::Delivered(ids) = body { ids.clone() } else { Vec::new() }
    };
    bodies.iter().flat_map(ids).collect()
}

/// The codes of refusals.
pub fn refused(bodies: &[LinkBody]) -> Vec<String> {
    let code = |body: &LinkBody| {
        if let LinkBody::Refused(_, code) = body { Some(code.clone()) } else { None }
    };
    bodies.iter().filter_map(code).collect()
}
