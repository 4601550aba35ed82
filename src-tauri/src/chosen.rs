//! The files that the person has chosen to send: dropped, picked or pasted.
//!
//! The page names them by an id of ours and never learns where they lie; so it can send what the person has chosen, and
//! no other file of this computer. Owned by Tauri, asked by the commands and the desk.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use juice_engine::view::{Command, CommandError, ErrorCode};
use serde::Serialize;
use ts_rs::TS;

/// As many as anybody drops at once, several times over; the oldest are forgotten.
const MOST: usize = 1_000;

/// A file that the person chose to send: dropped, picked or pasted. The page never learns where it lies.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct ChosenFile {
    /// What `SendFile` names in place of a path.
    pub id: String,
    pub name: String,
    /// In bytes.
    pub size: f64,
    /// A small picture as a `data:` address; empty for none.
    pub thumbnail: String,
}

/// Where the chosen files lie.
#[derive(Clone, Debug, Default)]
pub struct Chosen(Arc<Mutex<Shelf>>);

#[derive(Debug, Default)]
struct Shelf {
    next: u64,
    files: VecDeque<(String, PathBuf)>,
}

impl Chosen {
    /// Takes files that the person has just chosen.
    pub async fn take(&self, paths: Vec<PathBuf>) -> Vec<ChosenFile> {
        let mut files = Vec::new();
        for path in paths {
            let size = tokio::fs::metadata(&path).await.map_or(0, |about| about.len());
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let thumbnail = juice_engine::thumbnail(path.clone()).await;
            let id = self.keep(&path);
            #[allow(clippy::cast_precision_loss, reason = "no file has 2^53 bytes")]
            files.push(ChosenFile { id, name, size: size as f64, thumbnail });
        }
        files
    }

    /// The command with the path in place of the id, where it is about a chosen file.
    ///
    /// # Errors
    /// `NoSuchFile` for what was not chosen, or lies under a name that is no text.
    pub fn resolve(&self, command: Command) -> Result<Command, CommandError> {
        let Command::SendFile { buddy, path: id, caption } = command else { return Ok(command) };
        let path = self.shelf().files.iter().find(|(known, _)| *known == id).and_then(|(_, path)| text(path));
        let missing = || CommandError { code: ErrorCode::NoSuchFile, message: "this file was not chosen".into() };
        Ok(Command::SendFile { buddy, path: path.ok_or_else(missing)?, caption })
    }

    fn keep(&self, path: &Path) -> String {
        let mut shelf = self.shelf();
        shelf.next = shelf.next.wrapping_add(1);
        let id = format!("chosen:{}", shelf.next);
        if shelf.files.len() >= MOST {
            shelf.files.pop_front();
        }
        shelf.files.push_back((id.clone(), path.to_path_buf()));
        id
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text(path: &Path) -> Option<String> {
    path.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(path: &str) -> Command {
        Command::SendFile { buddy: "bob".into(), path: path.into(), caption: "hi".into() }
    }

    #[tokio::test]
    async fn what_was_chosen_is_sent_from_where_it_lies() {
        let chosen = Chosen::default();
        let files = chosen.take(vec!["/nowhere/a.txt".into(), "/nowhere/b.txt".into()]).await;
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["a.txt", "b.txt"]);
        let second = files.last().expect("two were chosen");
        let Ok(Command::SendFile { path, caption, .. }) = chosen.resolve(send(&second.id)) else {
            panic!("it was chosen");
        };
        assert_eq!((path.as_str(), caption.as_str()), ("/nowhere/b.txt", "hi"));
    }

    #[tokio::test]
    async fn eve_cannot_have_a_page_send_what_was_not_chosen() {
        let chosen = Chosen::default();
        chosen.take(vec!["/nowhere/a.txt".into()]).await;
        for path in ["/etc/passwd", "/nowhere/a.txt", "chosen:2", ""] {
            let refused = chosen.resolve(send(path)).err().map(|error| error.code);
            assert_eq!(refused, Some(ErrorCode::NoSuchFile), "{path}");
        }
    }

    #[test]
    fn every_other_command_passes() {
        assert!(matches!(Chosen::default().resolve(Command::SignOut), Ok(Command::SignOut)));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let chosen = Chosen::default();
        let first = chosen.keep(Path::new("/nowhere/first"));
        (0..MOST).for_each(|_| drop(chosen.keep(Path::new("/nowhere/later"))));
        assert!(chosen.resolve(send(&first)).is_err());
        assert_eq!(chosen.shelf().files.len(), MOST);
    }
}
