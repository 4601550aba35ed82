//! The key for talking, heard while any window has the focus.
//!
//! X11, Windows and macOS give keys to programs directly; on Wayland the desktop is asked, by its portal. Where there is
//! neither, the settings say so. One task owns whichever there is: it is told the key by a [`watch`], and tells the desk
//! how that stands, and when the key goes down and up. A key that is given up while it is held is let go.

mod combination;
#[cfg(all(unix, not(target_os = "macos")))]
mod portal;
mod system;

use juice_engine::view::SoundSettings;
use serde::Serialize;
use tauri::AppHandle;
use tokio::sync::watch;
use ts_rs::TS;

use self::combination::Combination;
use crate::{
    desk::{Ask, Desk},
    words::Words,
};

/// How the key for talking stands, as the settings say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum TalkKeyState {
    /// No program can have such a key here.
    Impossible,
    /// None is wanted.
    Unset,
    /// The desktop is being asked, and may ask the person.
    Asking,
    /// It is heard everywhere. `keys` is what the desktop made of it, in its own words, where it had a say.
    Works { keys: Option<String> },
    /// Another program has it.
    Taken,
    /// The desktop, or the person whom it asked, said no.
    Refused,
    /// The desktop gives keys to programs that it knows, and doesn't know this one.
    Unknown,
    /// The system has no such key.
    Unusable,
}

/// What can be had of this system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// Keys, directly.
    System,
    /// Whatever the desktop's portal gives.
    Desktop,
    Nothing,
}

/// The desk's end of the task.
#[derive(Debug)]
pub struct TalkKey {
    wanted: watch::Sender<Option<String>>,
    state: TalkKeyState,
}

/// Looks what can be had here. To be called on the window's own thread, before anything is asked of it.
pub fn ground(app: &AppHandle) -> Ground {
    if on_wayland() {
        return Ground::Desktop;
    }
    if system::prepare(app) { Ground::System } else { Ground::Nothing }
}

/// On Wayland keys are the desktop's, even where an X server runs beside it: that one hears only its own windows.
fn on_wayland() -> bool {
    let is = |name: &str, fits: fn(&str) -> bool| std::env::var(name).is_ok_and(|value| fits(&value));
    cfg!(all(unix, not(target_os = "macos")))
        && (is("WAYLAND_DISPLAY", |value| !value.is_empty()) || is("XDG_SESSION_TYPE", |value| value == "wayland"))
}

impl TalkKey {
    /// Starts the task, which ends with this.
    pub fn start(ground: Ground, app: AppHandle, words: &'static Words, desk: Desk) -> Self {
        let (wanted, orders) = watch::channel(None);
        tokio::spawn(async move {
            match ground {
                Ground::System => system::keep(&app, &desk, orders).await,
                #[cfg(all(unix, not(target_os = "macos")))]
                Ground::Desktop => portal::keep(words, &desk, orders).await,
                #[cfg(not(all(unix, not(target_os = "macos"))))]
                Ground::Desktop => drop((words, orders)),
                Ground::Nothing => desk.tell(Ask::TalkKey(TalkKeyState::Impossible)),
            }
        });
        Self { wanted, state: TalkKeyState::Unset }
    }

    /// Has the key that the person chose, or none while nobody is signed in.
    pub fn set(&self, settings: Option<&SoundSettings>) {
        let key = settings.filter(|settings| settings.push_to_talk).and_then(|one| one.push_to_talk_key.clone());
        // Another program may have given it up since.
        let again = key.is_some() && self.state == TalkKeyState::Taken;
        self.wanted.send_if_modified(|before| {
            let changed = *before != key;
            *before = key;
            changed || again
        });
    }

    /// Takes in how it stands. Says whether that is news.
    pub fn stands(&mut self, state: TalkKeyState) -> bool {
        std::mem::replace(&mut self.state, state.clone()) != state
    }

    pub fn state(&self) -> &TalkKeyState {
        &self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(push_to_talk: bool, key: &str) -> SoundSettings {
        SoundSettings { push_to_talk, push_to_talk_key: Some(key.into()), ..SoundSettings::default() }
    }

    #[test]
    fn the_key_is_had_by_who_talks_by_it_and_signed_in() {
        let (wanted, mut orders) = watch::channel(None);
        let mut key = TalkKey { wanted, state: TalkKeyState::Unset };
        let mut order = || orders.has_changed().unwrap().then(|| orders.borrow_and_update().clone());
        key.set(Some(&settings(false, "Ctrl+KeyT")));
        assert_eq!(order(), None, "it is not wanted");
        key.set(Some(&settings(true, "Ctrl+KeyT")));
        assert_eq!(order(), Some(Some("Ctrl+KeyT".into())));
        key.set(Some(&settings(true, "Ctrl+KeyT")));
        assert_eq!(order(), None, "nothing has changed");
        key.stands(TalkKeyState::Taken);
        key.set(Some(&settings(true, "Ctrl+KeyT")));
        assert_eq!(order(), Some(Some("Ctrl+KeyT".into())), "it may be free again");
        key.set(None);
        assert_eq!(order(), Some(None), "signed out");
    }

    #[test]
    fn how_it_stands_reaches_the_page_in_the_shape_it_reads() {
        let told = serde_json::to_string(&TalkKeyState::Works { keys: Some("Meta+T".into()) });
        assert_eq!(told.ok().as_deref(), Some(r#"{"type":"works","keys":"Meta+T"}"#));
    }
}
