//! Calls: what two people's devices say about one, and how one goes on.
//!
//! The signals travel sealed on the links, in order, and are lost when a link breaks; so whoever has a call says on each
//! new link how far it is, and every signal may come twice. The sound itself goes another way: see [`crate::media`].

mod machine;

pub use self::machine::{Asked, Calls, Deed, Ended, Refusal};

use minicbor::{Decode, Encode, bytes::ByteArray};

/// What is said about a call. Its id stands beside it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum CallSignal {
    /// Let us talk. Half of the call's secret.
    #[n(0)]
    Offer(#[n(0)] ByteArray<32>),
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
}
