//! Memos as they are shown: messages that are spoken, with pictures or without, while they are made and while they play.

use serde::Serialize;
use ts_rs::TS;

/// What a file says of itself that is a memo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct MemoView {
    /// With pictures.
    pub video: bool,
    pub duration_ms: u32,
    /// How loud each part of it is, 0 to 255; at most 64 of them, perhaps none.
    pub waveform: Vec<u8>,
}

/// A memo of mine that is not sent yet; one for each buddy at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct MemoDraft {
    /// For whom.
    pub buddy: String,
    pub stage: MemoStage,
    pub memo: MemoView,
    /// A small picture of it as a `data:` address; empty for none.
    pub thumbnail: String,
}

/// How far a memo of mine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum MemoStage {
    /// Microphone and camera are being opened.
    Starting,
    /// It is recorded: `duration_ms` counts, and so does what is left of [`MAX_TAKE_MS`].
    Recording,
    /// It is being completed.
    Ending,
    /// It waits to be sent, or not.
    Kept,
    /// It is being sent.
    Sending,
}

/// Why a memo was not recorded, or not to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum MemoTrouble {
    /// No microphone can be used.
    NoSound,
    /// No camera can be used.
    NoCamera,
    /// The disk would not take it: full, or failing.
    NotSaved,
}

/// How long a memo of mine becomes at most, in milliseconds: five minutes.
pub const MAX_TAKE_MS: u32 = 300_000;

/// A memo that plays, or has just stopped; at most one plays.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct MemoPlay {
    /// With whom the conversation is.
    pub buddy: String,
    /// Its message; none is my draft.
    pub message: Option<String>,
    pub position_ms: u32,
    pub duration_ms: u32,
    /// It plays; else it stands there, or, at its end, is over.
    pub runs: bool,
    /// How fast, in percent.
    pub percent: u32,
}
