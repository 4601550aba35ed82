//! Writing a conversation out: to HTML, Markdown or JSON, for a person to keep or read elsewhere.
//!
//! Read page by page and written line by line, so that a long conversation is never in memory as a whole. The file takes
//! its place when all of it is on the disk; until then there is another beside it, which a failure removes. Runs as a
//! task beside the driver.

mod html;
mod json;
mod markdown;
pub(crate) mod when;

use std::{
    io::{self, BufWriter, Write},
    path::Path,
};

use juice_proto::{
    content::{CallOutcome, CallTrace, Hlc, kind},
    id::{AccountId, MessageId, Millis},
    messenger::record::{Progress, ShownMessage},
    view::ExportFormat,
};

use crate::{
    store::{At, Store, StoreError},
    unfinished::Unfinished,
};

/// Messages that are read at a time.
const PAGE: u32 = 500;
/// What is written at a time, in bytes.
const BUFFER: usize = 256 * 1024;

/// Why a conversation was not written out.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store would not give it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file could not be written: disk, permissions.
    #[error("the file could not be written: {0}")]
    File(#[from] io::Error),
}

/// Between whom a conversation is, as they are called, and when it is written out.
#[derive(Clone, Debug)]
pub struct Heading {
    /// My name.
    pub me: String,
    /// Theirs.
    pub buddy: String,
    /// The time.
    pub now_ms: Millis,
}

/// A message with the texts that it had before.
struct Line<'a> {
    shown: &'a ShownMessage,
    by: &'a str,
    earlier: Vec<(String, Millis)>,
}

impl Line<'_> {
    /// A newer version wrote it.
    fn unsupported(&self) -> bool {
        !kind::can_be_shown(self.shown.record.kind)
    }

    /// What came of a call, in words.
    fn call(&self) -> Option<String> {
        let CallTrace { outcome, video } = self.shown.record.call()?;
        let kind = if video { "Video call" } else { "Voice call" };
        Some(match outcome {
            CallOutcome::Talked(seconds) => format!("{kind}, {} min {} s", seconds / 60, seconds % 60),
            CallOutcome::NotAnswered => format!("{kind}, not answered"),
            CallOutcome::Declined => format!("{kind}, declined"),
            CallOutcome::Busy => format!("{kind}, busy"),
        })
    }

    /// What became of it, for mine.
    fn delivery(&self) -> Option<(&'static str, Option<Millis>)> {
        let record = &self.shown.record;
        record.mine.then_some(match (record.progress, record.posted) {
            (Progress::Waiting, None) => ("waiting", None),
            (Progress::Waiting, Some((_, at))) => ("posted", Some(at)),
            (Progress::Delivered(at), _) => ("delivered", Some(at)),
            (Progress::Read(at), _) => ("read", Some(at)),
            (Progress::Refused, _) => ("refused", None),
        })
    }
}

/// Writes the conversation with `buddy` to a file at `path`, in place of what is there.
///
/// # Errors
/// See [`ExportError`]; what was at `path` is still there then.
pub async fn export(
    store: &Store,
    buddy: AccountId,
    heading: &Heading,
    format: ExportFormat,
    path: &Path,
) -> Result<(), ExportError> {
    let fresh = Unfinished::of(path)?;
    let mut file = BufWriter::with_capacity(BUFFER, fresh.create()?);
    let begin = match format {
        ExportFormat::Html => html::begin(heading),
        ExportFormat::Markdown => markdown::begin(heading),
        ExportFormat::Json => json::begin(heading),
    };
    file.write_all(begin.as_bytes())?;
    let mut place = (Hlc(0), MessageId::new([0; 32]));
    let mut last: Option<Millis> = None;
    loop {
        let page = store.history(buddy, At::After(place.0, place.1), PAGE).await?;
        let mut out = String::new();
        for shown in &page.messages {
            let record = &shown.record;
            let mut earlier = Vec::new();
            if shown.edited && !shown.deleted {
                earlier = store.edits(buddy, record.id).await?;
                earlier.pop();
            }
            let by = if record.mine { heading.me.as_str() } else { heading.buddy.as_str() };
            let line = Line { shown, by, earlier };
            match format {
                ExportFormat::Html => html::line(&mut out, &line, last),
                ExportFormat::Markdown => markdown::line(&mut out, &line, last),
                ExportFormat::Json => json::line(&mut out, &line, last),
            }
            last = Some(record.sent_ms);
            place = (record.hlc, record.id);
        }
        file.write_all(out.as_bytes())?;
        if !page.newer {
            break;
        }
    }
    let end = match format {
        ExportFormat::Html => html::END,
        ExportFormat::Markdown => "",
        ExportFormat::Json => json::END,
    };
    file.write_all(end.as_bytes())?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(fresh.take_place(&file, path)?)
}
