//! A toy server: sessions, presence, lists, and requests handed on. Everybody is everybody's buddy unless parted.

use std::collections::{BTreeMap, BTreeSet};

use juice_proto::{
    device_list::DeviceList,
    frame,
    id::{AccountId, Millis},
    prekey::Prekey,
    presence::Presence,
    server::{
        Answer, Call, ClientFrame, Contact, Nonce, Pending, Push, Refusal, Relation, ServerFrame, SignedWelcome,
        Welcome,
    },
    sign::{SecretKey, Signed},
};

use super::{
    mailbox::Mailboxes,
    people::{Persona, server_key},
};

pub struct Rendezvous {
    key: SecretKey,
    pub lists: BTreeMap<AccountId, Signed<DeviceList>>,
    pub presences: BTreeMap<AccountId, Signed<Presence>>,
    pub prekeys: BTreeMap<AccountId, Signed<Prekey>>,
    /// Pairs that are no buddies, low account first.
    pub apart: BTreeSet<(AccountId, AccountId)>,
    /// Requests that wait, by the one asked.
    pub pending: BTreeMap<AccountId, Vec<Pending>>,
    pub blocks: BTreeSet<(AccountId, AccountId)>,
    pub mail: Mailboxes,
}

/// A frame to someone.
pub type Letter = (AccountId, ServerFrame);

pub fn pair(a: AccountId, b: AccountId) -> (AccountId, AccountId) {
    if a < b { (a, b) } else { (b, a) }
}

impl Rendezvous {
    pub fn new(people: &[Persona]) -> Self {
        Self {
            key: server_key(),
            lists: people.iter().map(|p| (p.identity.account, p.identity.list.clone())).collect(),
            presences: BTreeMap::new(),
            prekeys: BTreeMap::new(),
            apart: BTreeSet::new(),
            pending: BTreeMap::new(),
            blocks: BTreeSet::new(),
            mail: Mailboxes::default(),
        }
    }

    fn buddies(&self, of: AccountId) -> Vec<AccountId> {
        self.lists.keys().copied().filter(|other| *other != of && !self.apart.contains(&pair(of, *other))).collect()
    }

    pub fn contact(&self, account: AccountId) -> Contact {
        Contact {
            account,
            relation: Relation::Buddy,
            lists: self.lists.get(&account).cloned().into_iter().collect(),
            presence: self.presences.get(&account).cloned(),
        }
    }

    /// Tells the buddies where someone is.
    fn spread(&self, account: AccountId) -> Vec<Letter> {
        let presence = self.presences.get(&account);
        let push = || Push::Presence(account, presence.cloned());
        self.buddies(account).into_iter().map(|other| (other, ServerFrame::Push(Box::new(push())))).collect()
    }

    pub fn set(&mut self, account: AccountId, presence: Option<Signed<Presence>>) -> Vec<Letter> {
        match presence {
            Some(presence) => drop(self.presences.insert(account, presence)),
            None => drop(self.presences.remove(&account)),
        }
        self.spread(account)
    }

    pub fn hear(&mut self, account: AccountId, nonce: &Nonce, call: &ClientFrame, wall: Millis) -> Vec<Letter> {
        let mut letters = Vec::new();
        let answer = match call.open().expect("a call") {
            Call::Hello { presence, prekey, .. } => {
                let device = self.lists[&account].peek().expect("a list").current().expect("a device");
                call.check(&device, &self.key.server_key(), nonce).expect("a proof of the device");
                self.prekeys.extend(prekey.map(|prekey| (account, prekey)));
                letters.extend(self.set(account, presence));
                let contacts: Vec<_> = self.buddies(account).into_iter().map(|other| self.contact(other)).collect();
                let contact_count = u32::try_from(contacts.len()).expect("few");
                let pending = self.pending.get(&account).cloned().unwrap_or_default();
                let tokens = Some(self.mail.tokens_of(account));
                let mailbox = u32::try_from(self.mail.of(account)).expect("few");
                self.mail.connected(account);
                let welcome = Welcome {
                    server_ms: wall,
                    contacts,
                    contact_count,
                    pending,
                    tokens,
                    mailbox,
                    ..Welcome::default()
                };
                Answer::Welcome(SignedWelcome::make(&welcome, &self.key, nonce, &call.call))
            }
            Call::SetPresence { presence } => {
                letters.extend(self.set(account, presence));
                Answer::Done
            }
            Call::Goodbye => {
                letters.extend(self.set(account, None));
                Answer::Done
            }
            Call::SetPrekey { prekey } => {
                self.prekeys.insert(account, prekey);
                Answer::Done
            }
            Call::LookUp { account, .. } => match self.lists.get(&account) {
                Some(list) => {
                    Answer::Account { lists: vec![list.clone()], prekey: self.prekeys.get(&account).cloned() }
                }
                None => Answer::Refused(Refusal::Unknown),
            },
            Call::Ask { to, envelope } => {
                let pending = Pending { from: account, list: self.lists[&account].clone(), envelope };
                self.pending.entry(to).or_default().push(pending.clone());
                letters.push((to, ServerFrame::Push(Box::new(Push::Pending(pending)))));
                Answer::Done
            }
            Call::Accept { from } => {
                self.apart.remove(&pair(account, from));
                self.pending.entry(account).or_default().retain(|pending| pending.from != from);
                let push = |of| ServerFrame::Push(Box::new(Push::Contact(self.contact(of))));
                letters.extend([(account, push(from)), (from, push(account))]);
                Answer::Done
            }
            Call::Block { other } => {
                self.blocks.insert((account, other));
                self.apart.insert(pair(account, other));
                letters.push((other, ServerFrame::Push(Box::new(Push::Gone(account)))));
                Answer::Done
            }
            other => self.mail.hear(account, &other),
        };
        letters.push((account, ServerFrame::Answer(call.number, Box::new(answer))));
        letters.extend(self.letters_for(account));
        letters
    }

    /// Letters that go to someone who is connected.
    fn letters_for(&mut self, account: AccountId) -> Vec<Letter> {
        self.mail.pushes(account).into_iter().map(|push| (account, ServerFrame::Push(Box::new(push)))).collect()
    }

    /// A call of nobody knows whom.
    pub fn hear_unnamed(
        &mut self,
        call: Call,
        wall: Millis,
        connected: impl Fn(AccountId) -> bool,
    ) -> (Answer, Vec<Letter>) {
        let about = |owner| Answer::Account {
            lists: vec![self.lists[&owner].clone()],
            prekey: self.prekeys.get(&owner).cloned(),
        };
        let (answer, owner) = self.mail.hear_unnamed(call, wall, about);
        let here = owner.filter(|owner| connected(*owner));
        (answer, here.map(|owner| self.letters_for(owner)).unwrap_or_default())
    }

    /// The bytes of a frame.
    pub fn bytes(frame: &ServerFrame) -> Vec<u8> {
        frame::encode(frame)
    }
}
