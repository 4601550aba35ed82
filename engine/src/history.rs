//! Writing a conversation out: to HTML, Markdown or JSON, for a person to keep or read elsewhere.
//!
//! Read page by page and written line by line, so that a long conversation is never in memory as a whole. The file takes
//! its place when all of it is on the disk; until then there is another beside it, which a failure removes. Runs as a
//! task beside the driver.

mod html;
mod json;
mod markdown;
mod when;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use juice_proto::{
    content::{Hlc, kind},
    id::{AccountId, MessageId, Millis},
    messenger::record::{Progress, ShownMessage},
    view::ExportFormat,
};

use crate::store::{At, Store, StoreError};

/// Messages that are read at a time.
const PAGE: u32 = 500;

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
        !matches!(self.shown.record.kind, kind::TEXT | kind::REPLY | kind::FILE)
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
    let mut fresh = Fresh::beside(path)?;
    let begin = match format {
        ExportFormat::Html => html::begin(heading),
        ExportFormat::Markdown => markdown::begin(heading),
        ExportFormat::Json => json::begin(heading),
    };
    fresh.write(&begin)?;
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
        fresh.write(&out)?;
        if !page.newer {
            break;
        }
    }
    fresh.write(match format {
        ExportFormat::Html => html::END,
        ExportFormat::Markdown => "",
        ExportFormat::Json => json::END,
    })?;
    Ok(fresh.take_place(path)?)
}

/// A file that is not whole yet; removed where it does not become so.
struct Fresh {
    file: Option<BufWriter<File>>,
    path: PathBuf,
}

impl Fresh {
    fn beside(path: &Path) -> io::Result<Self> {
        let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        name.push(".unfinished");
        let beside = path.with_file_name(name);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { file: Some(BufWriter::with_capacity(256 * 1024, options.open(&beside)?)), path: beside })
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(text.as_bytes()))
    }

    fn take_place(mut self, path: &Path) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        }
        fs::rename(&self.path, path)
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // Gone already where it took its place.
        let _ = fs::remove_file(&self.path);
    }
}
