//! Conversations that nobody had: what people say, and how it lies in the store.

use juice_proto::{
    content::{self, Body, Content, Hlc, Place},
    id::{AccountId, ConversationId, MessageId},
    messenger::record::{MessageRecord, Progress},
    sign::{SecretKey, Signed},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// People's way of talking: words by Zipf's law, eleven at a time.
pub struct Speech {
    words: Vec<String>,
    below: Vec<f64>,
}

impl Speech {
    pub fn new() -> Self {
        let mut rng = ChaCha20Rng::from_seed([2; 32]);
        let common = ["the", "and", "to", "you", "it", "that", "is", "hello", "what", "so"].map(str::to_owned);
        let letters = "etaoinshrdlucmfwypvbgk".as_bytes();
        let made = (10..30_000).map(|_| {
            let length = 2 + rng.next_u32() as usize % 8;
            (0..length).map(|_| char::from(letters[rng.next_u32() as usize % letters.len()])).collect()
        });
        let words: Vec<String> = common.into_iter().chain(made).collect();
        let mut sum = 0.0;
        let below = (0..words.len())
            .map(|rank| {
                sum += 1.0 / (rank as f64 + 2.7);
                sum
            })
            .collect();
        Self { words, below }
    }

    pub fn say(&self, rng: &mut ChaCha20Rng) -> String {
        let all = self.below.last().copied().unwrap_or_default();
        let said = (0..11).map(|_| {
            let at = f64::from(rng.next_u32()) / f64::from(u32::MAX) * all;
            self.words[self.below.partition_point(|below| *below < at).min(self.words.len() - 1)].as_str()
        });
        said.collect::<Vec<_>>().join(" ")
    }
}

/// Between whom something is said.
#[derive(Clone, Copy)]
pub struct Talk {
    pub me: AccountId,
    pub buddy: AccountId,
    pub conversation: ConversationId,
}

impl Talk {
    /// What was said at a time, as the message of this number from a device.
    pub fn message(&self, device: &SecretKey, mine: bool, seq: u64, at: u64, text: &str) -> MessageRecord {
        let place = Place {
            conversation: self.conversation,
            author: if mine { self.me } else { self.buddy },
            device: device.device(),
            seq,
            previous: MessageId::new([0; 32]),
            hlc: Hlc(at << 16),
            sent_ms: at,
        };
        let content = Content::new(place, &Body::text(text));
        // Signing is not what is measured.
        let signed = Signed::from_parts(juice_proto::frame::encode(&content), [0; 64]);
        MessageRecord {
            id: content::id(&signed),
            buddy: self.buddy,
            conversation: content.conversation,
            mine,
            device: content.device,
            seq,
            hlc: content.hlc,
            sent_ms: content.sent_ms,
            kind: content.kind,
            text: text.into(),
            target: None,
            signed,
            progress: if mine { Progress::Read(at) } else { Progress::Waiting },
            posted: None,
        }
    }
}
