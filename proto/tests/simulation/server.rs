//! A rendezvous in memory: hello, presence with its grace, goodbye. Everybody is everybody's buddy.

use std::collections::BTreeMap;

use juice_proto::{
    device_list::DeviceList,
    frame,
    id::AccountId,
    prekey::Prekey,
    presence::Presence,
    server::{Answer, Call, ClientFrame, Contact, Push, Relation, ServerFrame, SignedWelcome, Welcome},
    sign::{SecretKey, Signed},
};

use crate::mailbox::Mailboxes;

pub struct Server {
    pub key: SecretKey,
    pub running: bool,
    pub lists: BTreeMap<AccountId, Signed<DeviceList>>,
    presences: BTreeMap<AccountId, Signed<Presence>>,
    /// Who is connected, by the number of their connection.
    pub connected: BTreeMap<AccountId, u64>,
    pub mail: Mailboxes,
    prekeys: BTreeMap<AccountId, Signed<Prekey>>,
}

/// A frame to someone.
pub type Letter = (AccountId, Vec<u8>);

fn push(push: Push) -> Vec<u8> {
    frame::encode(&ServerFrame::Push(Box::new(push)))
}

impl Server {
    pub fn new(key: SecretKey) -> Self {
        Self {
            key,
            running: true,
            lists: BTreeMap::new(),
            presences: BTreeMap::new(),
            connected: BTreeMap::new(),
            mail: Mailboxes::default(),
            prekeys: BTreeMap::new(),
        }
    }

    pub fn die(&mut self) {
        self.running = false;
        self.presences.clear();
        self.connected.clear();
    }

    fn to_others(&self, from: AccountId) -> Vec<Letter> {
        let presence = self.presences.get(&from).cloned();
        let others = self.connected.keys().filter(|other| **other != from);
        others.map(|other| (*other, push(Push::Presence(from, presence.clone())))).collect()
    }

    fn set(&mut self, account: AccountId, presence: Option<Signed<Presence>>) {
        match presence {
            Some(presence) => self.presences.insert(account, presence),
            None => self.presences.remove(&account),
        };
    }

    pub fn hear(&mut self, account: AccountId, nonce: [u8; 32], bytes: &[u8], now: u64) -> Vec<Letter> {
        let call: ClientFrame = frame::decode(bytes).expect("clients speak the protocol");
        let mut letters = Vec::new();
        let answer = match call.open().expect("a call") {
            Call::Hello { presence, prekey, .. } => {
                let device = self.lists[&account].peek().expect("a list").current().expect("a device");
                call.check(&device, &self.key.server_key(), &nonce).expect("a proof");
                self.set(account, presence);
                self.prekeys.extend(prekey.map(|prekey| (account, prekey)));
                self.mail.expire(now);
                self.mail.connected(account);
                letters = self.to_others(account);
                let contacts: Vec<_> = self
                    .lists
                    .iter()
                    .filter(|(other, _)| **other != account)
                    .map(|(other, list)| Contact {
                        account: *other,
                        relation: Relation::Buddy,
                        lists: vec![list.clone()],
                        presence: self.presences.get(other).cloned(),
                    })
                    .collect();
                let contact_count = u32::try_from(contacts.len()).expect("few");
                let tokens = Some(self.mail.tokens_of(account));
                let welcome = Welcome { server_ms: now, contacts, contact_count, tokens, ..Welcome::default() };
                Answer::Welcome(SignedWelcome::make(&welcome, &self.key, &nonce, &call.call))
            }
            Call::SetPresence { presence } => {
                self.set(account, presence);
                letters = self.to_others(account);
                Answer::Done
            }
            Call::Goodbye => {
                self.set(account, None);
                letters = self.to_others(account);
                Answer::Done
            }
            Call::SetPrekey { prekey } => {
                self.prekeys.insert(account, prekey);
                Answer::Done
            }
            other => self.mail.hear(account, &other),
        };
        letters.push((account, frame::encode(&ServerFrame::Answer(call.number, Box::new(answer)))));
        letters.extend(self.letters_for(account));
        letters
    }

    fn letters_for(&mut self, account: AccountId) -> Vec<Letter> {
        self.mail.pushes(account).into_iter().map(|letter| (account, push(letter))).collect()
    }

    /// A call of nobody knows whom.
    pub fn hear_unnamed(&mut self, call: Call, now: u64) -> (Answer, Vec<Letter>) {
        let about = |owner| Answer::Account {
            lists: vec![self.lists[&owner].clone()],
            prekey: self.prekeys.get(&owner).cloned(),
        };
        let (answer, owner) = self.mail.hear_unnamed(call, now, about);
        let here = owner.filter(|owner| self.connected.contains_key(owner));
        (answer, here.map(|owner| self.letters_for(owner)).unwrap_or_default())
    }

    /// The grace of someone who vanished is over.
    pub fn gone(&mut self, account: AccountId) -> Vec<Letter> {
        if self.connected.contains_key(&account) {
            return Vec::new();
        }
        self.set(account, None);
        self.to_others(account)
    }
}
