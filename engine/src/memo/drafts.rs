//! Memos on the disk that are not sent: one for each buddy, in a folder of the profile for its owner's eyes alone.
//!
//! `BUDDY.ogg` or `BUDDY.mp4` waits to be sent; `BUDDY.take.ogg` and `BUDDY.take.mp4` are being recorded, the former with
//! [`PART`] behind it. What a crash leaves of sound is a draft like any other. Everything here blocks.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use juice_proto::{
    content::{Memo, Picture},
    id::AccountId,
    view::{MemoDraft, MemoStage, MemoView},
};

use crate::{
    audio::PART,
    clip::{Clip, Film, waveform},
    clock::wall,
    files::{part, picture},
    history::when,
    profile::make_private_folder,
    unfinished,
};

/// What the name of a draft ends with.
const KINDS: [&str; 2] = ["ogg", "mp4"];
/// What is shorter was a slip of the hand.
const SHORTEST: Duration = Duration::from_millis(300);

/// A memo that waits.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub buddy: String,
    pub path: PathBuf,
    pub memo: Memo,
    pub picture: Option<Picture>,
}

impl Draft {
    /// Looks through what was recorded; none where there is nothing that can be played.
    pub fn look(buddy: &str, path: &Path) -> Option<Self> {
        let look = || {
            let clip = Clip::open(path)?;
            let waveform = waveform(&clip)?;
            Ok::<_, crate::clip::ClipError>((clip, waveform))
        };
        let (clip, waveform) = look().inspect_err(|error| tracing::warn!(%error, "a memo can't be read")).ok()?;
        if clip.duration() < SHORTEST {
            return None;
        }
        let duration_ms = u32::try_from(clip.duration().as_millis()).unwrap_or(u32::MAX);
        let memo = Memo { duration_ms, video: clip.has_pictures(), waveform: waveform.into() };
        // The first pictures of a camera are dark.
        let moment = (clip.duration() / 4).min(Duration::from_secs(1));
        let seen = clip.has_pictures().then(|| Film::from(&clip, moment).until(&clip, moment)).flatten();
        let picture = seen.as_ref().and_then(picture::of_frame);
        Some(Self { buddy: buddy.into(), path: path.into(), memo, picture })
    }

    /// As it is shown.
    pub fn view(&self, stage: MemoStage) -> MemoDraft {
        let Memo { duration_ms, video, waveform } = &self.memo;
        let thumbnail = self.picture.as_ref().map(|picture| STANDARD.encode(picture.thumbnail.as_slice()));
        MemoDraft {
            buddy: self.buddy.clone(),
            stage,
            memo: MemoView { video: *video, duration_ms: *duration_ms, waveform: waveform.to_vec() },
            thumbnail: thumbnail.map(|coded| format!("data:image/jpeg;base64,{coded}")).unwrap_or_default(),
        }
    }
}

/// The folders.
#[derive(Clone, Debug)]
pub(super) struct Drafts {
    pub folder: PathBuf,
    /// Where what is sent is sent from.
    pub sent: PathBuf,
}

impl Drafts {
    /// Where a take for a buddy is recorded.
    ///
    /// # Errors
    /// What the disk says.
    pub fn take(&self, buddy: &str, video: bool) -> io::Result<PathBuf> {
        make_private_folder(&self.folder)?;
        Ok(self.folder.join(format!("{buddy}.take.{}", kind(video))))
    }

    /// Makes a take the draft for a buddy, in place of the one before.
    ///
    /// # Errors
    /// What the disk says.
    pub fn keep(&self, buddy: &str, take: &Path, video: bool) -> io::Result<PathBuf> {
        let place = self.folder.join(format!("{buddy}.{}", kind(video)));
        fs::rename(take, &place)?;
        remove(&self.folder.join(format!("{buddy}.{}", kind(!video))));
        let _ = unfinished::sync_folder_of(&place);
        Ok(place)
    }

    /// Everything that waits.
    pub fn find(&self) -> Vec<Draft> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        for name in &names {
            self.recover(name);
        }
        let of = |buddy: &str| {
            let paths = KINDS.iter().map(|kind| self.folder.join(format!("{buddy}.{kind}")));
            paths.filter(|path| path.exists()).find_map(|path| Draft::look(buddy, &path))
        };
        let mut buddies: Vec<&str> = names.iter().filter_map(|name| buddy_of(name)).collect();
        buddies.sort_unstable();
        buddies.dedup();
        buddies.into_iter().filter_map(of).collect()
    }

    /// What a crash left of a take.
    fn recover(&self, name: &str) {
        let Some((buddy, rest)) = name.split_once('.').filter(|(_, rest)| rest.starts_with("take.")) else { return };
        let (path, video) = (self.folder.join(name), rest.contains("mp4"));
        let is_whole = AccountId::parse(buddy).is_ok() && Draft::look(buddy, &path).is_some();
        if is_whole && self.keep(buddy, &path, video).is_ok() {
            tracing::info!("a memo that was being recorded is kept");
        } else {
            remove(&path);
        }
    }

    /// Lays a draft among what is sent, under a name of its own; where it is then.
    ///
    /// # Errors
    /// What the disk says.
    pub fn lend(&self, draft: &Path) -> io::Result<PathBuf> {
        let ending = draft.extension().unwrap_or_default().to_string_lossy();
        let (_, path) = part::create_as(&self.sent, &format!("JUICE {}.{ending}", when::file_stamp(wall())), "")?;
        // The same bytes under two names, where the disk can do that.
        let lent = fs::remove_file(&path).and_then(|()| fs::hard_link(draft, &path));
        lent.or_else(|_| fs::copy(draft, &path).map(drop))?;
        Ok(path)
    }
}

/// For whom a file is.
fn buddy_of(name: &str) -> Option<&str> {
    let buddy = name.split('.').next()?;
    AccountId::parse(buddy).is_ok().then_some(buddy)
}

const fn kind(video: bool) -> &'static str {
    let [sound, film] = KINDS;
    if video { film } else { sound }
}

/// Removes a file, and the part of one.
pub(super) fn remove(path: &Path) {
    let mut part = path.as_os_str().to_owned();
    part.push(PART);
    for path in [path, Path::new(&part)] {
        if let Err(error) = unfinished::remove(path) {
            tracing::warn!(%error, "a memo stays on the disk");
        }
    }
}
