//! Messages as they are shown: what they say, what became of them, files, and what is found in them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{CallRecord, MemoView, Route};
use crate::prose::Block;

/// What became of a message of mine.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Delivery {
    /// Saved here; waits for the reason given. The next try is at the time given, where it is not the buddy's turn.
    Queued { why: Waiting, next_try_ms: Option<f64> },
    /// In the buddy's mailbox at the server since the time given, until they fetch it.
    Posted { at_ms: f64 },
    /// On its way on the route given.
    Sent { route: Route },
    /// Saved on the buddy's computer at the time given.
    Delivered { at_ms: f64 },
    /// Seen by the buddy.
    Read { at_ms: f64 },
    /// The buddy's side would not take it.
    Refused { code: String },
    /// Taken back before anyone had it.
    Cancelled,
}

/// Why a message has not left yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum Waiting {
    /// The buddy is not there.
    BuddyOffline,
    /// The link is being made, or made again.
    Connecting,
    /// Behind other messages.
    Turn,
    /// The buddy's key changed; decide first.
    KeyAlarm,
    /// Not accepted as buddy yet.
    NotBuddies,
    /// I am invisible, and so send nothing to anyone.
    Invisible,
    /// Their mailbox is full; it goes on trying directly.
    MailboxFull,
    /// They are away and have never told me how to leave them a letter.
    NoMailbox,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct MessageView {
    pub id: String,
    /// Whose conversation: the buddy's id.
    pub buddy: String,
    pub mine: bool,
    /// As it was typed; for editing and copying. Of a file: the words with it.
    pub text: String,
    /// The same, read: what is drawn.
    pub body: Vec<Block>,
    /// It began with `/me`: the body is what its author does.
    pub action: bool,
    pub sent_ms: f64,
    /// Messages stand in the order of this string (16 hex digits of the hybrid logical clock), then of their id.
    pub order: String,
    /// For mine: what became of it. For theirs: none.
    pub delivery: Option<Delivery>,
    /// What it answers.
    pub quote: Option<QuoteView>,
    /// It has had another text; the older ones can be asked for.
    pub edited: bool,
    /// Its author had it forgotten.
    pub deleted: bool,
    pub reactions: Vec<ReactionView>,
    pub file: Option<FileView>,
    /// It is the trace of a call, which its author placed.
    pub call: Option<CallRecord>,
    /// A newer JUICE wrote it; this one can't show it.
    pub unsupported: bool,
}

/// A message that another one answers.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct QuoteView {
    pub id: String,
    pub mine: bool,
    /// Its beginning; empty where it was deleted.
    pub text: String,
}

/// An emoji on a message, and whose it is.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct ReactionView {
    pub emoji: String,
    pub mine: bool,
    pub theirs: bool,
}

/// A file in a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct FileView {
    /// A name that is safe to save under.
    pub name: String,
    /// In bytes.
    pub size: f64,
    pub picture: Option<PictureView>,
    /// It is a message that was spoken, as its author says.
    pub memo: Option<MemoView>,
    pub stage: FileStageView,
    /// Bytes that are at the receiver's.
    pub done: f64,
    /// Bytes a second, while it moves.
    pub speed: Option<f64>,
}

/// How a picture looks before it is here.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct PictureView {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// A small picture as a `data:` address; empty for none.
    pub thumbnail: String,
}

/// What a file is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum FileStageView {
    /// Offered, and not asked for yet.
    Offered,
    /// Wanted; goes on when both are there.
    Waiting,
    /// Moving.
    Moving,
    /// Held.
    Paused,
    /// Whole, at the receiver's.
    Done,
    /// Given up.
    Cancelled,
    /// Can't be had.
    Failed { why: FileTrouble },
}

/// Why a file can't be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum FileTrouble {
    /// It is not where it was on its author's computer, or has been changed since.
    Gone,
    /// It is larger or smaller than its author said.
    SizeMismatch,
    /// It is not what its author said; what came has been deleted.
    HashMismatch,
    /// The receiver's disk would not take it: full, or failing.
    NotSaved,
}

/// What is looked for and found in what was said, newest first.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct SearchPage {
    pub hits: Vec<SearchHit>,
    /// There are older ones.
    pub more: bool,
}

/// A message that was found.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct SearchHit {
    /// Its id.
    pub message: String,
    /// Whose conversation.
    pub buddy: String,
    pub mine: bool,
    pub sent_ms: f64,
    /// Its place: as in [`MessageView::order`].
    pub order: String,
    /// Its words around what was looked for, piece by piece.
    pub snippet: Vec<SnippetPart>,
}

/// A piece of a snippet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct SnippetPart {
    pub text: String,
    /// It is what was looked for.
    pub hit: bool,
}

/// A text that a message had, and since when.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct EditView {
    pub text: String,
    pub at_ms: f64,
}

/// What a conversation is written out as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub enum ExportFormat {
    Html,
    Markdown,
    Json,
}

/// Which part of a conversation a page is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum PageAt {
    /// The newest.
    End,
    /// Those before a place, `order:id`.
    Before { place: String },
    /// Those after a place, `order:id`.
    After { place: String },
    /// Those around a message.
    Around { message: String },
}

/// A page of a conversation, oldest first.
#[derive(Clone, Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct HistoryPage {
    pub messages: Vec<MessageView>,
    /// There are older ones.
    pub more: bool,
    /// There are newer ones.
    pub newer: bool,
    /// What was left in the composer.
    pub draft: String,
    /// The first message not yet seen, where there is one in this conversation.
    pub first_unread: Option<String>,
}
