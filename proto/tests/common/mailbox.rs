//! A toy server's mailboxes: tokens, letters with their quota and their time, and what is pushed of them.

use std::collections::{BTreeMap, VecDeque};

use juice_proto::{
    id::{AccountId, Millis},
    letter::{DeliveryToken, KEPT, LetterId, TokenHash},
    seal::Envelope,
    server::{Answer, Call, LETTERS_AHEAD, Push, Refusal},
};

#[derive(Clone)]
pub struct Held {
    pub number: u64,
    pub posted_ms: Millis,
    pub id: LetterId,
    pub envelope: Envelope,
    pushed: bool,
    shown: bool,
}

pub struct Mailboxes {
    pub tokens: BTreeMap<[u8; 32], AccountId>,
    pub letters: BTreeMap<AccountId, VecDeque<Held>>,
    last: u64,
    /// The most letters in a mailbox.
    pub room: usize,
}

impl Default for Mailboxes {
    fn default() -> Self {
        Self { tokens: BTreeMap::new(), letters: BTreeMap::new(), last: 0, room: 1_000 }
    }
}

impl Mailboxes {
    /// What someone says of their tokens and letters in a session; anything else changes nothing here.
    pub fn hear(&mut self, account: AccountId, call: &Call) -> Answer {
        match call {
            Call::SetTokens { add, remove } => self.set_tokens(account, add, remove),
            Call::Collected { letters } => self.collect(account, letters),
            _ => {}
        }
        Answer::Done
    }

    /// A call of nobody knows whom: the answer, and whose mailbox has a letter by it. `about` is who an account is.
    pub fn hear_unnamed(
        &mut self,
        call: Call,
        now: Millis,
        about: impl Fn(AccountId) -> Answer,
    ) -> (Answer, Option<AccountId>) {
        match call {
            Call::LookUpToPost { token, .. } => {
                (self.owner(&token).map_or(Answer::Refused(Refusal::Unknown), about), None)
            }
            Call::Post { token, letter, envelope } => (self.post(&token, letter, envelope, now), self.owner(&token)),
            Call::Withdraw { token, letter } => (self.withdraw(&token, letter), None),
            _ => panic!("not without a session: {call:?}"),
        }
    }

    pub fn set_tokens(&mut self, account: AccountId, add: &[TokenHash], remove: &[TokenHash]) {
        self.tokens.extend(add.iter().map(|hash| (**hash, account)));
        self.tokens.retain(|hash, owner| *owner != account || !remove.iter().any(|gone| **gone == *hash));
    }

    pub fn tokens_of(&self, account: AccountId) -> u32 {
        u32::try_from(self.tokens.values().filter(|owner| **owner == account).count()).expect("few")
    }

    fn owner(&self, token: &DeliveryToken) -> Option<AccountId> {
        self.tokens.get(&*token.hash()).copied()
    }

    pub fn of(&self, account: AccountId) -> usize {
        self.letters.get(&account).map_or(0, VecDeque::len)
    }

    pub fn expire(&mut self, now: Millis) {
        self.letters.values_mut().for_each(|letters| letters.retain(|letter| letter.posted_ms + KEPT > now));
    }

    fn post(&mut self, token: &DeliveryToken, id: LetterId, envelope: Envelope, now: Millis) -> Answer {
        self.expire(now);
        let Some(owner) = self.owner(token) else { return Answer::Refused(Refusal::Unknown) };
        let letters = self.letters.entry(owner).or_default();
        if letters.iter().any(|letter| letter.id == id) {
            return Answer::Done;
        }
        if letters.len() >= self.room {
            return Answer::Refused(Refusal::MailboxFull);
        }
        self.last += 1;
        letters.push_back(Held { number: self.last, posted_ms: now, id, envelope, pushed: false, shown: false });
        Answer::Done
    }

    fn withdraw(&mut self, token: &DeliveryToken, id: LetterId) -> Answer {
        let Some(letters) = self.owner(token).and_then(|owner| self.letters.get_mut(&owner)) else {
            return Answer::Refused(Refusal::Unknown);
        };
        let before = letters.len();
        // What its recipient has been shown may be on their disk.
        letters.retain(|letter| letter.id != id || letter.shown);
        if letters.len() < before { Answer::Done } else { Answer::Refused(Refusal::Unknown) }
    }

    fn collect(&mut self, account: AccountId, numbers: &[u64]) {
        if let Some(letters) = self.letters.get_mut(&account) {
            letters.retain(|letter| !numbers.contains(&letter.number));
        }
    }

    /// What is pushed to someone who is connected.
    pub fn pushes(&mut self, account: AccountId) -> Vec<Push> {
        let letters = self.letters.entry(account).or_default().iter_mut().take(LETTERS_AHEAD);
        let push = |letter: &mut Held| {
            let (number, posted_ms, envelope) = (letter.number, letter.posted_ms, letter.envelope.clone());
            (letter.pushed, letter.shown) = (true, true);
            Push::Letter { number, posted_ms, envelope }
        };
        letters.filter(|letter| !letter.pushed).map(push).collect()
    }

    /// A new connection gets everything again.
    pub fn connected(&mut self, account: AccountId) {
        self.letters.entry(account).or_default().iter_mut().for_each(|letter| letter.pushed = false);
    }
}
