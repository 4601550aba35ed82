//! The messenger's vocabulary: what it is told, and what it answers with.
//!
//! The caller hands in one [`Input`] with the time, then takes [`Output`]s until there is none, then waits for the next
//! input or [`super::Messenger::deadline`]. Outputs are done in order; none of them may make the caller wait.

use std::path::PathBuf;

use super::record::{Change, Fate, MessageRecord};
use crate::{
    call::{Shows, Side},
    content::{FileOffer, Seq},
    id::{AccountId, CallId, DeviceId, LinkId},
    media::MediaKeys,
    presence::Capabilities,
    server::{Answer, Call, Nonce, Relay, Welcome},
    view::{Command, CommandError, Event, Reply},
};

/// Something happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A person asked; answered once by [`Output::Answer`] with the same number. Register and password commands are
    /// not for the messenger: it begins where the vault is open.
    Command(u64, Command),
    /// A file that a person wants to send has been read and is at `path`; answered as the command of that number.
    FileReady {
        /// The command's.
        number: u64,
        /// For whom.
        buddy: String,
        /// What it is.
        offer: Box<FileOffer>,
        /// Where it is.
        path: PathBuf,
    },
    /// A stream of [`crate::link::PROTOCOL`] to a device is open; the transport has proven the device.
    LinkUp {
        /// Its number.
        link: LinkId,
        /// The other end.
        device: DeviceId,
        /// Through the relay.
        relayed: bool,
    },
    /// A frame came on a link.
    LinkFrame(LinkId, Vec<u8>),
    /// A link is gone: closed, broken, or its frames did not parse.
    LinkDown(LinkId),
    /// No link to the device came of an [`Output::Dial`].
    DialFailed(DeviceId),
    /// A connection to the server is up and the server has proven its key. `welcome` is there when the session has
    /// been opened on it already (by registering), with the number of the last call made.
    ServerUp {
        /// The connection's nonce.
        nonce: Nonce,
        /// The session opened on it.
        welcome: Option<(Welcome, u32)>,
    },
    /// A frame from the server.
    ServerFrame(Vec<u8>),
    /// The connection to the server is gone, or the next attempt (counted from 1) is under way.
    ServerDown {
        /// Which attempt comes next.
        attempt: u32,
    },
    /// The answer to an [`Output::Mail`] of that number; none where the server could not be reached or broke off.
    Mailed(u64, Option<Answer>),
    /// What became of the changes of an [`Output::Save`]: one fate each, in order.
    Saved(SaveId, Vec<Fate>),
    /// None of the changes of an [`Output::Save`] was made.
    SaveFailed(SaveId),
    /// The messages that an [`Output::Fetch`] asked for.
    Fetched(AccountId, Vec<MessageRecord>),
    /// Where this device can be dialled, as multiaddresses; and whether it was found that nobody can.
    Addresses(Vec<String>, bool),
    /// What this device can do in a call.
    Capabilities(Capabilities),
    /// Sound of a call has come.
    CallHeard(CallId),
    /// Nothing of it has come for some seconds.
    CallSilent(CallId),
    /// The other side said with the sound how it is.
    CallSide(CallId, Side),
    /// The other side said with the sound that it leaves.
    CallLeft(CallId),
    /// No microphone or no loudspeaker could be used for a call.
    NoSound(CallId),
    /// There is nothing to show in a group: no camera, or no screen.
    NoPicture(CallId),
    /// The machine slept or its clock jumped: every link is suspect.
    Woke,
    /// Nothing but time.
    Tick,
}

/// The number of a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SaveId(pub u64);

/// What is to be done about sound.
#[derive(Clone, Debug)]
pub enum Voice {
    /// Let it go both ways.
    Start {
        /// The call.
        call: CallId,
        /// The group that it is part of; all that are part of one share the microphone.
        group: CallId,
        /// With whom.
        buddy: AccountId,
        /// The other end.
        device: DeviceId,
        /// Its keys.
        keys: Box<MediaKeys>,
    },
    /// None either way for a while, or again.
    Pause(CallId, bool),
    /// None of this call any more.
    Stop(CallId),
    /// What is said of my side with the sound.
    Side(CallId, Side),
    /// Let everyone in a group see this.
    Video(CallId, Shows),
    /// The microphone is off, or on, now and in calls to come.
    Mute(bool),
    /// Nothing is played, or again, now and in calls to come.
    Deafen(bool),
    /// How loud the other side of a call is, in percent.
    Volume(CallId, u32),
    /// Record a group, or stop.
    Record(CallId, bool),
}

/// Something to do.
#[derive(Clone, Debug)]
pub enum Output {
    /// The answer to a command.
    Answer(u64, Result<Reply, CommandError>),
    /// Something to show.
    Tell(Event),
    /// Connect to a device and open a link: directly at these addresses, and through the relay where asked.
    Dial {
        /// The other end.
        device: DeviceId,
        /// Multiaddresses without the peer id.
        addresses: Vec<String>,
        /// Try the relay too.
        relay: bool,
    },
    /// Write a frame to a link. A link that can't take it at once is to be closed.
    Send(LinkId, Vec<u8>),
    /// Close a link after what was sent on it.
    Close(LinkId),
    /// Close a link on which something came that no honest device sends, and count it against the device.
    Refuse(LinkId),
    /// Write a frame to the server.
    ServerSend(Vec<u8>),
    /// Make a call that needs no session on a connection to the server that says nothing of who makes it; several go in
    /// order on the same one. Answered by [`Input::Mailed`].
    Mail(u64, Call),
    /// Drop the connection to the server; come back only where `again`.
    ServerClose {
        /// Come back.
        again: bool,
    },
    /// Make these changes durable, all or none, in order with other saves; answered by [`Input::Saved`].
    Save(SaveId, Vec<Change>),
    /// Load my own messages to a buddy from this sequence number on, at most 64; answered by [`Input::Fetched`].
    Fetch(AccountId, Seq),
    /// Something about the sound of a call.
    Voice(Voice),
    /// Where the relay is.
    UseRelay(Option<Relay>),
    /// Someone will come through the relay: reserve a place there for ten minutes.
    Reserve,
    /// The goodbyes are said.
    SignedOut,
}
