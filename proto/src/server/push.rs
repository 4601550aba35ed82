//! What the server tells: at the welcome, and by itself later.

use minicbor::{Decode, Encode};

use crate::{
    device_list::DeviceList,
    id::{AccountId, Millis},
    presence::Presence,
    seal::Envelope,
    sign::Signed,
};

/// How the server knows two accounts to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Relation {
    /// Buddies.
    #[n(0)]
    Buddy,
    /// I asked; no answer yet.
    #[n(1)]
    Asked,
    /// I blocked them.
    #[n(2)]
    Blocked,
}

/// Someone I have to do with.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Contact {
    /// Who.
    #[n(0)]
    pub account: AccountId,
    /// How we stand.
    #[n(1)]
    pub relation: Relation,
    /// For buddies: lists that I may not have, oldest first, at most 16.
    #[n(2)]
    pub lists: Vec<Signed<DeviceList>>,
    /// For buddies: where they are now.
    #[n(3)]
    pub presence: Option<Signed<Presence>>,
}

/// A request that waits for my answer.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Pending {
    /// Who asks.
    #[n(0)]
    pub from: AccountId,
    /// Their newest list.
    #[n(1)]
    pub list: Signed<DeviceList>,
    /// The sealed [`crate::request::Request`].
    #[n(2)]
    pub envelope: Envelope,
}

/// Where the relay is: on the server's host, with the server's key as its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Relay {
    /// QUIC, UDP.
    #[n(0)]
    pub quic_port: u16,
    /// TCP.
    #[n(1)]
    pub tcp_port: u16,
}

/// A session is open: all that there is to know.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Welcome {
    /// The server's clock, to be said as `since_ms` next time.
    #[n(0)]
    pub server_ms: Millis,
    /// Contacts, as many as fit; the rest is pushed right after as [`Push::Contacts`].
    #[n(1)]
    pub contacts: Vec<Contact>,
    /// How many contacts there are in all; those not named are gone.
    #[n(2)]
    pub contact_count: u32,
    /// Requests that wait for me, as many as fit; the rest is pushed.
    #[n(3)]
    pub pending: Vec<Pending>,
    /// Envelopes in my mailbox.
    #[n(4)]
    pub mailbox: u32,
    /// The relay, if there is one.
    #[n(5)]
    pub relay: Option<Relay>,
    /// The address that this client is seen from.
    #[n(6)]
    pub seen_from: Option<String>,
    /// How many tokens of mine there are: another number than I gave out means that they are to be set anew.
    #[n(7)]
    pub tokens: Option<u32>,
}

/// News from the server.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(flat)]
pub enum Push {
    /// More of the welcome.
    #[n(0)]
    Contacts(#[n(0)] Vec<Contact>),
    /// A contact is new or stands otherwise: they accepted, or moved to another device.
    #[n(1)]
    Contact(#[n(0)] Contact),
    /// A buddy came, changed or (none) went.
    #[n(2)]
    Presence(#[n(0)] AccountId, #[n(1)] Option<Signed<Presence>>),
    /// They ended being buddies, or took their request back.
    #[n(3)]
    Gone(#[n(0)] AccountId),
    /// A request for me.
    #[n(4)]
    Pending(#[n(0)] Pending),
    /// A buddy wants to reach me: reserve a place at the relay.
    #[n(5)]
    Nudged(#[n(0)] AccountId),
    /// The account was opened on another connection; this one ends. Don't come back by yourself.
    #[n(6)]
    Superseded,
    /// The server stops; come back after about this many seconds.
    #[n(7)]
    Stopping(#[n(0)] u32),
    /// A letter out of my mailbox, oldest first; kept there until it is [`super::Call::Collected`]. Comes right after
    /// the welcome, and later as letters are posted; while [`LETTERS_AHEAD`] are not collected no more come.
    #[n(8)]
    Letter {
        /// Its number in the mailbox.
        #[n(0)]
        number: u64,
        /// When it was posted.
        #[n(1)]
        posted_ms: Millis,
        /// The sealed [`crate::letter::Letter`].
        #[n(2)]
        envelope: Envelope,
    },
}

/// Letters that may be pushed without being collected.
pub const LETTERS_AHEAD: usize = 16;
