//! What two buddies' devices say to each other on a link.
//!
//! A link is one stream on which frames follow each other. Each side first shows its [`Greeting`], signed by its device,
//! with a KEM key that lives only as long as the link; each seals a context to the other's key ([`LinkFrame::Key`]);
//! all after that is [`LinkBody`], sealed.

use minicbor::{Decode, Encode, bytes::ByteVec};

use crate::{
    call::CallSignal,
    content::{Content, Seq},
    device_list::{DeviceList, Pin},
    id::{AccountId, CallId, DeviceId, MessageId, Millis},
    letter::DeliveryToken,
    presence::Capabilities,
    seal::Suite,
    sign::{Context, Signable, Signed},
};

/// The name of the stream protocol.
pub const PROTOCOL: &str = "/juice/link/1";
/// The most ids in one receipt.
pub const MAX_RECEIPT: usize = 512;
/// The longest status line, in characters.
pub const MAX_STATUS: usize = 140;

/// Who I am and how to seal for me, on this link.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub struct Greeting {
    /// My account.
    #[n(0)]
    pub account: AccountId,
    /// My device; the transport has proven the same key.
    #[n(1)]
    pub device: DeviceId,
    /// Whom I mean to talk to.
    #[n(2)]
    pub to: DeviceId,
    /// My newest device list.
    #[n(3)]
    pub list: Signed<DeviceList>,
    /// What I believe to be yours, so that a server that shows different lists to different people is caught.
    #[n(4)]
    pub yours: Option<Pin>,
    /// The suite of `key`.
    #[n(5)]
    pub suite: Suite,
    /// My KEM key for this link.
    #[n(6)]
    pub key: ByteVec,
}

impl Signable for Greeting {
    const CONTEXT: Context = Context::Link;
}

/// A frame of a link.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(flat)]
pub enum LinkFrame {
    /// The first frame each way.
    #[n(0)]
    Greeting(#[n(0)] Box<Signed<Greeting>>),
    /// The second frame each way: the encapsulated secret of my sending half.
    #[n(1)]
    Key(#[n(0)] ByteVec),
    /// A sealed [`LinkBody`].
    #[n(2)]
    Sealed(#[n(0)] ByteVec),
}

/// How someone says they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Mood {
    /// Here.
    #[n(0)]
    Here,
    /// Away from the keyboard.
    #[n(1)]
    Away,
    /// Not to be disturbed.
    #[n(2)]
    Busy,
}

/// What travels sealed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(flat)]
pub enum LinkBody {
    /// The first body each way: my name, how I am, and how far I have your messages.
    #[n(0)]
    Status {
        /// My user name; it hashes to my account.
        #[n(0)]
        name: String,
        /// How I am.
        #[n(1)]
        mood: Mood,
        /// My status line.
        #[n(2)]
        text: String,
        /// What I can do in a call.
        #[n(3)]
        capabilities: Capabilities,
        /// The last of your device's contents that I have saved.
        #[n(4)]
        have: Option<Seq>,
    },
    /// A message.
    #[n(1)]
    Content(#[n(0)] Signed<Content>),
    /// These messages of yours are saved here.
    #[n(2)]
    Delivered(#[n(0)] Vec<MessageId>),
    /// Your messages up to this one have been seen.
    #[n(3)]
    Read(#[n(0)] MessageId, #[n(1)] Millis),
    /// This message of yours will not be taken, for a reason that is one of the protocol's error names.
    #[n(4)]
    Refused(#[n(0)] MessageId, #[n(1)] String),
    /// I miss your messages from this sequence number on.
    #[n(5)]
    Want(#[n(0)] Seq),
    /// I am typing, or stopped.
    #[n(6)]
    Typing(#[n(0)] bool),
    /// I am leaving; nothing more comes.
    #[n(7)]
    Bye,
    /// Post letters to me with this from now on.
    #[n(8)]
    Token {
        /// The token.
        #[n(0)]
        token: DeliveryToken,
        /// When I made it; the newest counts.
        #[n(1)]
        made_ms: Millis,
    },
    /// About a call.
    #[n(9)]
    Call(#[n(0)] CallId, #[n(1)] CallSignal),
}
