//! Why a verb could not do what was asked, in a sentence for whoever sits at the terminal.
//!
//! Nobody but `main` handles it, by printing it, so it carries text and nothing to match on. Every
//! module of xtask makes it; it never leaves the process.

use std::fmt;
use std::io;
use std::path::Path;

/// A sentence that says what went wrong and, where it can, what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// An error of the file system, with the file it is about.
    pub fn about(path: &Path, error: &io::Error) -> Self {
        Self(format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
