//! What a client may ask of the server, and how it is answered.

use minicbor::{Decode, Encode, bytes::ByteVec};

use super::SignedWelcome;
use crate::{
    capsule::ServerCapsule,
    device_list::DeviceList,
    id::{AccountId, Millis},
    letter::{DeliveryToken, LetterId, TokenHash},
    prekey::Prekey,
    presence::Presence,
    seal::Envelope,
    sign::Signed,
};

/// The most tokens in one call, each way.
pub const MAX_TOKENS: usize = 1_000;

/// One call.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(flat)]
pub enum Call {
    /// First of two calls to register: OPAQUE's request, and the server's registration code where it wants one.
    #[n(0)]
    RegisterStart {
        /// The account to be.
        #[n(0)]
        account: AccountId,
        /// OPAQUE.
        #[n(1)]
        request: ByteVec,
        /// The code that the server's keeper gave out.
        #[n(2)]
        code: Option<String>,
    },
    /// Second of two: makes the account and opens a session. Signed by the device.
    #[n(1)]
    RegisterFinish {
        /// OPAQUE.
        #[n(0)]
        upload: ByteVec,
        /// Version 1.
        #[n(1)]
        list: Signed<DeviceList>,
        /// The wrapped account key.
        #[n(2)]
        capsule: ServerCapsule,
        /// The key of the day.
        #[n(3)]
        prekey: Signed<Prekey>,
        /// "I am here"; none for the invisible.
        #[n(4)]
        presence: Option<Signed<Presence>>,
    },
    /// The daily login: opens a session. Signed by the device.
    #[n(2)]
    Hello {
        /// Whose session.
        #[n(0)]
        account: AccountId,
        /// The server's time of the last welcome this device has saved; only what changed since is sent. 0 for all.
        #[n(1)]
        since_ms: Millis,
        /// "I am here"; none for the invisible.
        #[n(2)]
        presence: Option<Signed<Presence>>,
        /// A fresh key of the day, when the last one is used up.
        #[n(3)]
        prekey: Option<Signed<Prekey>>,
    },
    /// First of three calls of a new device, or of two to prove the password.
    #[n(3)]
    LoginStart {
        /// Whose.
        #[n(0)]
        account: AccountId,
        /// OPAQUE.
        #[n(1)]
        request: ByteVec,
    },
    /// Second: the proof; answered by the capsule.
    #[n(4)]
    LoginFinish {
        /// OPAQUE.
        #[n(0)]
        proof: ByteVec,
    },
    /// Third: the list that names the new device; opens a session. Signed by the new device.
    #[n(5)]
    MoveHere {
        /// The next version.
        #[n(0)]
        list: Signed<DeviceList>,
        /// The key of the day.
        #[n(1)]
        prekey: Signed<Prekey>,
        /// "I am here".
        #[n(2)]
        presence: Option<Signed<Presence>>,
    },
    /// First of two calls for a new password, on a connection on which the old one was proven; no session is needed.
    #[n(6)]
    PasswordStart {
        /// OPAQUE.
        #[n(0)]
        request: ByteVec,
    },
    /// Second of two.
    #[n(7)]
    PasswordFinish {
        /// OPAQUE.
        #[n(0)]
        upload: ByteVec,
        /// The account key under the new password.
        #[n(1)]
        capsule: ServerCapsule,
    },
    /// Another presence (renewed, other addresses), or none (invisible).
    #[n(8)]
    SetPresence {
        /// The presence.
        #[n(0)]
        presence: Option<Signed<Presence>>,
    },
    /// A new key of the day.
    #[n(9)]
    SetPrekey {
        /// The key.
        #[n(0)]
        prekey: Signed<Prekey>,
    },
    /// The lists after `since_version` and the day key of an account.
    #[n(10)]
    LookUp {
        /// Whose.
        #[n(0)]
        account: AccountId,
        /// The newest version known; 0 for none.
        #[n(1)]
        since_version: u32,
    },
    /// A buddy request for `to`, sealed.
    #[n(11)]
    Ask {
        /// Who is asked.
        #[n(0)]
        to: AccountId,
        /// The sealed [`crate::request::Request`].
        #[n(1)]
        envelope: Envelope,
    },
    /// Yes to `from`'s request.
    #[n(12)]
    Accept {
        /// Who asked.
        #[n(0)]
        from: AccountId,
    },
    /// No to `from`'s request; nobody is told.
    #[n(13)]
    Decline {
        /// Who asked.
        #[n(0)]
        from: AccountId,
    },
    /// No longer buddies, or a request of mine taken back.
    #[n(14)]
    Remove {
        /// Who.
        #[n(0)]
        other: AccountId,
    },
    /// Nothing from them, and no presence for them. Ends being buddies.
    #[n(15)]
    Block {
        /// Who.
        #[n(0)]
        other: AccountId,
    },
    /// Ends a block.
    #[n(16)]
    Unblock {
        /// Who.
        #[n(0)]
        other: AccountId,
    },
    /// Tell a buddy behind a NAT to reserve a place at the relay, since I want to reach it.
    #[n(17)]
    Nudge {
        /// Who.
        #[n(0)]
        buddy: AccountId,
    },
    /// Logout: presence 0 at once.
    #[n(18)]
    Goodbye,
    /// Whoever shows one of these tokens (by their hashes) may post letters to me; whoever shows one of those no more.
    #[n(19)]
    SetTokens {
        /// At most [`MAX_TOKENS`].
        #[n(0)]
        add: Vec<TokenHash>,
        /// At most [`MAX_TOKENS`].
        #[n(1)]
        remove: Vec<TokenHash>,
    },
    /// These pushed letters are safe; forget them.
    #[n(20)]
    Collected {
        /// By their numbers.
        #[n(0)]
        letters: Vec<u64>,
    },
    /// As [`Call::LookUp`], of whoever gave out this token. Needs no session, so that the server learns nobody's wish
    /// to write.
    #[n(21)]
    LookUpToPost {
        /// The token.
        #[n(0)]
        token: DeliveryToken,
        /// The newest list version known; 0 for none.
        #[n(1)]
        since_version: u32,
    },
    /// Leaves a letter for whoever gave out this token. Needs no session. The same letter twice is one letter.
    #[n(22)]
    Post {
        /// The token.
        #[n(0)]
        token: DeliveryToken,
        /// The letter's name, chosen by its poster.
        #[n(1)]
        letter: LetterId,
        /// The sealed [`crate::letter::Letter`].
        #[n(2)]
        envelope: Envelope,
    },
    /// Takes a letter back that was never pushed to its recipient, who may have it on their disk from then on; `Unknown`
    /// where it was, or is gone. Needs no session.
    #[n(23)]
    Withdraw {
        /// The token that it was posted with.
        #[n(0)]
        token: DeliveryToken,
        /// The letter.
        #[n(1)]
        letter: LetterId,
    },
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(flat)]
pub enum Answer {
    /// Done, nothing to say.
    #[n(0)]
    Done,
    /// OPAQUE's next message.
    #[n(1)]
    Opaque(#[n(0)] ByteVec),
    /// A session is open.
    #[n(2)]
    Welcome(#[n(0)] SignedWelcome),
    /// The password was right: the wrapped account key, and the account's newest list.
    #[n(3)]
    Capsule {
        /// The wrapped account key.
        #[n(0)]
        capsule: ServerCapsule,
        /// The account's newest list.
        #[n(1)]
        list: Signed<DeviceList>,
    },
    /// An account: its lists after the version asked from, and its day key.
    #[n(4)]
    Account {
        /// The newest 16 at most, oldest first.
        #[n(0)]
        lists: Vec<Signed<DeviceList>>,
        /// The key of the day.
        #[n(1)]
        prekey: Option<Signed<Prekey>>,
    },
    /// No.
    #[n(5)]
    Refused(#[n(0)] Refusal),
}

/// Why the server did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Refusal {
    /// The call does not parse, or a field breaks its rules. The connection is closed.
    #[n(0)]
    BadRequest,
    /// The call needs a session, or a step before it.
    #[n(1)]
    NoSession,
    /// The proof is not this device's. The connection is closed.
    #[n(2)]
    BadSignature,
    /// Too many calls; the number says in how many seconds to try again.
    #[n(3)]
    SlowDown(#[n(0)] u32),
    /// The account exists.
    #[n(4)]
    NameTaken,
    /// The server wants a registration code.
    #[n(5)]
    CodeNeeded,
    /// The server takes no new accounts.
    #[n(6)]
    RegistrationClosed,
    /// The device is not in the account's list, or there is no such account.
    #[n(7)]
    UnknownDevice,
    /// The account has moved to another device.
    #[n(8)]
    RevokedDevice,
    /// The list does not follow the one that the server has.
    #[n(9)]
    WrongList,
    /// The presence or key is expired, not newer than the last, or from the future.
    #[n(10)]
    Stale,
    /// No such account, request or buddy.
    #[n(11)]
    Unknown,
    /// A request is waiting already.
    #[n(12)]
    AlreadyAsked,
    /// Buddies already.
    #[n(13)]
    AlreadyBuddies,
    /// One of both has as many buddies as there may be.
    #[n(14)]
    TooManyBuddies,
    /// The password's proof is wrong.
    #[n(15)]
    WrongPassword,
    /// The server could not: its disk, its database. Try again.
    #[n(16)]
    Failed,
    /// The mailbox has as many letters or bytes as it may hold.
    #[n(17)]
    MailboxFull,
}
