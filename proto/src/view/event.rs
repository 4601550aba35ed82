//! What a person should see, as it happens.

use serde::Serialize;
use ts_rs::TS;

use super::{
    BuddyView, CallQuality, CallView, CameraTrouble, Delivery, EndReason, FileView, MeView, MemoDraft, MemoPlay,
    MemoTrouble, MessageView, Phase, RequestView, ServerState, SoundDevices, SoundLevels, SoundTest, VideoDevices,
};

/// What a person should see.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Event {
    /// Another screen.
    PhaseChanged {
        phase: Phase,
    },
    MeChanged {
        me: MeView,
    },
    ServerChanged {
        server: ServerState,
    },
    /// A buddy row is new or different.
    BuddyChanged {
        buddy: BuddyView,
    },
    /// A buddy row is gone.
    BuddyRemoved {
        id: String,
    },
    /// A buddy came online: door open.
    BuddyAppeared {
        id: String,
    },
    /// A buddy went offline: door closed.
    BuddyWentAway {
        id: String,
    },
    RequestArrived {
        request: RequestView,
    },
    RequestGone {
        id: String,
    },
    /// A message of mine is saved and will be sent.
    MessageQueued {
        message: MessageView,
    },
    /// A message came, and is saved.
    MessageArrived {
        message: MessageView,
    },
    /// What became of messages of mine.
    DeliveryChanged {
        buddy: String,
        messages: Vec<String>,
        delivery: Delivery,
    },
    /// A message stands otherwise: edited, deleted, with other emoji on it.
    MessageChanged {
        message: MessageView,
    },
    /// Everything said with a buddy is forgotten here.
    ConversationForgotten {
        buddy: String,
    },
    /// How far a file is, at most four times a second.
    FileChanged {
        buddy: String,
        message: String,
        file: FileView,
    },
    /// A file is being read before it is offered; `ready` ends it, well or not.
    FilePreparing {
        buddy: String,
        name: String,
        done: f64,
        size: f64,
        ready: bool,
    },
    /// A call is new or stands otherwise.
    CallChanged {
        call: CallView,
    },
    /// One of several is no longer in a call, or did not come into it; it goes on.
    CallLeft {
        call: String,
        buddy: String,
        name: Option<String>,
        reason: EndReason,
    },
    /// A call is over.
    CallEnded {
        call: String,
        buddy: String,
        reason: EndReason,
    },
    /// How a call is, once a second.
    CallQualityChanged {
        quality: CallQuality,
    },
    /// How loud it is.
    SoundLevelsChanged {
        levels: SoundLevels,
    },
    /// Devices came or went, or others are used.
    SoundDevicesChanged {
        devices: SoundDevices,
    },
    /// Cameras came or went, or another is used.
    VideoDevicesChanged {
        devices: VideoDevices,
    },
    /// How far the test of microphone and loudspeaker is.
    SoundTestChanged {
        test: SoundTest,
    },
    /// A recording of a call is whole, under this name in my downloads.
    CallRecorded {
        buddy: String,
        name: String,
    },
    /// A memo of mine is new or stands otherwise.
    MemoChanged {
        draft: MemoDraft,
    },
    /// A memo of mine for this buddy is sent, or discarded.
    MemoGone {
        buddy: String,
    },
    /// A memo could not be recorded, or not to its end; what there was is kept.
    MemoFailed {
        buddy: String,
        why: MemoTrouble,
    },
    /// How far a memo has been played, ten times a second.
    MemoPlayed {
        play: MemoPlay,
    },
    /// Something went wrong that the person should know of.
    Notice {
        notice: Notice,
    },
    /// The window was too slow and missed events: ask for a snapshot.
    EventsLost,
}

/// What a person should be told, once, in plain words.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Notice {
    /// Something typed could not be saved; here it is again.
    NotSaved { buddy: String, text: String },
    /// A buddy's computer sent two different messages under one number; the first stays.
    Equivocation { buddy: String },
    /// Different people were shown different keys for this buddy.
    ForkedKeys { buddy: String },
    /// The buddy's key changed without the old one's word.
    KeyChanged { buddy: String },
    /// This account was opened on another computer; this one has gone offline.
    Superseded,
    /// No microphone works: the others don't hear me.
    MicrophoneLost,
    /// No loudspeaker works: I don't hear the others.
    SpeakerLost,
    /// This microphone is used now.
    MicrophoneUsed { name: String },
    /// This loudspeaker is used now.
    SpeakerUsed { name: String },
    /// Nobody sees me: there is no picture from the camera.
    NoPicture { why: CameraTrouble },
    /// The screen can't be shown.
    NoScreen,
    /// This camera is used now.
    CameraUsed { name: String },
    /// A call could not be recorded: the disk would not take it.
    NotRecorded,
    /// Somebody said yes.
    Accepted { buddy: String },
}
