//! Calls: what two people's devices say about one, and how one goes on.
//!
//! The signals travel sealed on the links, in order, and are lost when a link breaks; so whoever has a call says on each
//! new link how far it is, and every signal may come twice. The sound itself goes another way: see [`crate::media`].
//!
//! A call of several is a call with its host for each of the others, and the sound between every two of them: the host
//! introduces them to each other ([`Guest`]), with a secret for each pair, so that they need not be buddies.

mod machine;

pub use self::machine::{Asked, Calls, Deed, Ended, Introduced, Parted, Refusal};

use minicbor::{Decode, Encode, bytes::ByteArray};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{AccountId, CallId, DeviceId};

/// How many talk in one call at most; each hears all the others on streams of their own.
pub const MAX_GROUP: usize = 8;

/// What is said about a call. Its id stands beside it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum CallSignal {
    /// Let us talk. Half of the call's secret; the names of those who are in the call already; and what the caller
    /// means to show.
    #[n(0)]
    Offer(
        #[n(0)] ByteArray<32>,
        #[cbor(n(1), default, skip_if = "Vec::is_empty")] Vec<String>,
        #[cbor(n(2), default, skip_if = "Shows::is_nothing")] Shows,
    ),
    /// It rings here.
    #[n(1)]
    Ringing,
    /// Yes. The other half of the secret.
    #[n(2)]
    Answer(#[n(0)] ByteArray<32>),
    /// No.
    #[n(3)]
    Decline,
    /// I talk to somebody else.
    #[n(4)]
    Busy,
    /// It is over: given up, not answered, or hung up.
    #[n(5)]
    End,
    /// How my side of it is.
    #[n(6)]
    Side(#[n(0)] Side),
    /// Everybody else who talks in this call.
    #[n(7)]
    Guests(#[n(0)] Vec<Guest>),
}

/// One of the others in a call of several, as its host introduces them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Guest {
    /// The id of the sound between the two.
    #[n(0)]
    pub pair: CallId,
    /// Which of the two is told this: the one whose keys are a caller's, and who dials.
    #[n(1)]
    pub first: bool,
    /// The secret of the two.
    #[n(2)]
    pub secret: ByteArray<32>,
    /// Who.
    #[n(3)]
    pub account: AccountId,
    /// The computer they talk at.
    #[n(4)]
    pub device: DeviceId,
    /// What the host calls them.
    #[n(5)]
    pub name: String,
    /// Where that computer can be dialled, as multiaddresses.
    #[n(6)]
    pub addresses: Vec<String>,
}

/// What says nothing takes no bytes.
pub(crate) fn not(said: &bool) -> bool {
    !said
}

/// How one side of a call is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Side {
    /// It holds the call: no sound goes either way.
    #[n(0)]
    pub held: bool,
    /// Its microphone is off.
    #[n(1)]
    pub muted: bool,
    /// It records.
    #[n(2)]
    pub recording: bool,
    /// It has called others into it, and so is not introduced to those whom the other side calls into it.
    #[cbor(n(3), default, skip_if = "not")]
    pub hosts: bool,
    /// What it lets the other side see.
    #[cbor(n(4), default, skip_if = "Shows::is_nothing")]
    pub shows: Shows,
}

/// What one side of a call lets the other see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, Serialize, Deserialize, TS)]
#[cbor(index_only)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum Shows {
    /// Nothing.
    #[default]
    #[n(0)]
    Nothing,
    /// Themselves: the camera.
    #[n(1)]
    Camera,
    /// The screen.
    #[n(2)]
    Screen,
}

impl Shows {
    /// There is nothing to see.
    pub fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }
}
