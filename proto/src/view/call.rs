//! Calls as they are shown: who, how far, how it sounds, and how it ended.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::VideoQuality;
use crate::call::Shows;

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum CallStage {
    /// I call; their computer has not said yet that it rings.
    Calling,
    /// I call; it rings there.
    Ringing,
    /// They call: it rings here.
    Incoming,
    /// Answered; the first sound is on its way.
    Connecting,
    /// We talk.
    Talking,
    /// We talk, but the way between us broke a moment ago and is being made again.
    Reconnecting,
}

/// A call that is going on.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct CallView {
    pub id: String,
    pub buddy: String,
    /// I placed it.
    pub mine: bool,
    pub stage: CallStage,
    /// When it was answered.
    pub talking_since_ms: Option<f64>,
    /// My microphone is off.
    pub muted: bool,
    /// Nothing is played here; the microphone is off too.
    pub deafened: bool,
    /// I hold it.
    pub held: bool,
    /// They hold it.
    pub held_by_them: bool,
    /// Their microphone is off, as they say.
    pub they_muted: bool,
    /// They record it, as they say; where there are several, any of them.
    pub they_record: bool,
    /// It is recorded here.
    pub recording: bool,
    /// Their loudness here, in percent: 0 to 200.
    pub volume: u32,
    /// Who else was in it when it was offered, by name.
    pub with: Vec<String>,
    /// What the caller means to show, while it rings here.
    pub offers: Shows,
    /// What I let them see.
    pub shows: Shows,
    /// More people can be called into it from here.
    pub can_add: bool,
    /// Everyone else who is in it or is being called; `buddy` is one of them unless they left it.
    pub people: Vec<CallPerson>,
}

impl CallView {
    /// An ordinary call with one other, of which nothing else is said yet.
    pub fn with_one(id: &str, buddy: &str, stage: CallStage) -> Self {
        Self {
            id: id.into(),
            buddy: buddy.into(),
            mine: stage != CallStage::Incoming,
            stage,
            talking_since_ms: None,
            muted: false,
            deafened: false,
            held: false,
            held_by_them: false,
            they_muted: false,
            they_record: false,
            recording: false,
            volume: 100,
            with: Vec::new(),
            offers: Shows::Nothing,
            shows: Shows::Nothing,
            can_add: false,
            people: vec![CallPerson::new(id, buddy, stage)],
        }
    }
}

/// One of those with whom a call is.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct CallPerson {
    /// To set their volume by, to let them go, and to see who speaks.
    pub id: String,
    /// Their account; perhaps not of a buddy.
    pub buddy: String,
    /// What whoever introduced them calls them; none for a buddy whom I talk to by myself.
    pub name: Option<String>,
    pub stage: CallStage,
    /// Their microphone is off, as they say.
    pub muted: bool,
    /// They hold it.
    pub held: bool,
    /// They record it, as they say.
    pub recording: bool,
    /// Their loudness here, in percent: 0 to 200.
    pub volume: u32,
    /// What they let me see.
    pub shows: Shows,
}

impl CallPerson {
    /// One of whom nothing else is said yet.
    pub fn new(id: &str, buddy: &str, stage: CallStage) -> Self {
        let (id, buddy) = (id.into(), buddy.into());
        let shows = Shows::Nothing;
        Self { id, buddy, name: None, stage, muted: false, held: false, recording: false, volume: 100, shows }
    }
}

/// How a call is right now; told once a second while there is one.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct CallQuality {
    pub call: String,
    /// The one thing to say about it.
    pub verdict: CallVerdict,
    /// There and back, in milliseconds; none until measured.
    pub rtt_ms: Option<f64>,
    /// Of what they sent, how much came too late or never, in percent, lately.
    pub lost_from_them: f64,
    /// Of what I sent, how much came to them too late or never, in percent, lately.
    pub lost_to_them: f64,
    /// How unevenly their voice comes, in milliseconds.
    pub jitter_ms: f64,
    /// How long their voice waits here before it is heard, in milliseconds.
    pub delay_ms: f64,
    /// What my voice takes, in kilobits a second.
    pub kbit_s: f64,
    /// Through the server's relay.
    pub relayed: bool,
    /// How their pictures come; none while they show nothing.
    pub from_them: Option<VideoQuality>,
    /// How mine leave; none while I show nothing.
    pub to_them: Option<VideoQuality>,
}

/// How a call is, in one word, and on whose side it is where it is not well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum CallVerdict {
    /// Clear both ways.
    Good,
    /// What they say is lost on the way: they are hard to hear here.
    TheirsIsLost,
    /// What I say is lost on the way: I am hard to hear there.
    MineIsLost,
    /// Both ways suffer.
    BothAreLost,
    /// Nothing is lost, but it takes long.
    Slow,
    /// Nothing has come for a while.
    Silent,
}

/// How loud it is right now, ten times a second while a call or a test of the microphone is open.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct SoundLevels {
    /// My microphone, from 0 to 1.
    pub microphone: f64,
    /// Who speaks, by [`CallPerson::id`].
    pub speaking: Vec<String>,
    /// I speak, though muted.
    pub speaking_muted: bool,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum EndReason {
    /// I hung up.
    LocalHangUp,
    /// They hung up.
    RemoteHangUp,
    /// They declined.
    Declined,
    /// I declined.
    DeclinedByMe,
    /// They did not answer.
    NoAnswer,
    /// I did not answer, or they gave up before I did.
    Missed,
    /// They talk to somebody else.
    Busy,
    /// I gave up before they answered.
    Cancelled,
    /// The way between us broke and did not come back.
    ConnectionLost,
    /// No microphone or loudspeaker could be used here.
    NoSound,
    /// It was answered on another of my computers.
    AnsweredElsewhere,
    /// Their JUICE can't do calls.
    Unsupported,
}

/// A microphone or a loudspeaker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct SoundDevice {
    /// To choose it by.
    pub id: String,
    pub name: String,
    /// What the system uses when nobody chooses.
    pub is_default: bool,
}

/// What there is to speak into and to hear with, and what is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct SoundDevices {
    pub microphones: Vec<SoundDevice>,
    pub speakers: Vec<SoundDevice>,
    pub settings: SoundSettings,
}

/// How sound goes in and out. What a kept one doesn't say is as usual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export)]
pub struct SoundSettings {
    /// A microphone's id; none is the system's choice.
    pub microphone: Option<String>,
    /// A loudspeaker's id; none is the system's choice.
    pub speaker: Option<String>,
    /// Takes the loudspeaker's sound out of the microphone's.
    pub echo_cancellation: bool,
    /// Takes steady noise out.
    pub noise_suppression: bool,
    /// Keeps my voice equally loud.
    pub gain_control: bool,
    /// The microphone is on only while a key is held.
    pub push_to_talk: bool,
    /// That key wherever the focus is: modifiers (`Ctrl`, `Alt`, `Shift`, `Super`) and one key as the W3C's UI Events
    /// name its code, joined by `+`, as in `Ctrl+Alt+KeyT`. None: only the window's own.
    pub push_to_talk_key: Option<String>,
    /// JUICE makes sounds of its own: it rings.
    pub sounds: bool,
}

impl Default for SoundSettings {
    fn default() -> Self {
        Self {
            microphone: None,
            speaker: None,
            echo_cancellation: true,
            noise_suppression: true,
            gain_control: true,
            push_to_talk: false,
            push_to_talk_key: None,
            sounds: true,
        }
    }
}

/// How a call was, as the conversation keeps it; with pictures of one of the two, or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum CallRecord {
    /// They talked for so long.
    Talked { seconds: u32, video: bool },
    /// It was not answered.
    NotAnswered { video: bool },
    /// It was declined.
    Declined { video: bool },
    /// The one who was called was busy.
    Busy { video: bool },
}

/// How the test of microphone and loudspeaker goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum SoundTest {
    /// Speak: it is recorded for five seconds.
    Recording,
    /// Listen: it is played.
    Playing,
    /// Over.
    Done,
    /// The microphone or the loudspeaker can't be used.
    Failed,
}
