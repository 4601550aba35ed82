//! The only emitter: whatever reaches the page goes through here.
//!
//! Two kinds: the engine's events, unchanged, as `event`; and news of the window's own frame as `window`. The small
//! window's page hears of calls alone. Where no window exists nothing is kept: a page that starts asks for a snapshot.
//! Called from the desk.

use juice_engine::view::Event;
use serde::Serialize;
use tauri::{AppHandle, Emitter, Manager};
use ts_rs::TS;

use crate::{
    chosen::ChosenFile,
    talk_key::TalkKeyState,
    window::{MAIN, small::SMALL},
};

/// News of the window's frame to the page.
#[derive(Clone, Debug, PartialEq, Serialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum WindowNews {
    OpenConversation {
        buddy: String,
    },
    OpenRequests,
    FollowInvite {
        link: String,
    },
    Hidden,
    /// How the key for talking stands, that works while another window has the focus.
    TalkKey {
        state: TalkKeyState,
    },
    /// Files are held over the window, or no more.
    FilesOver {
        over: bool,
    },
    /// Files were let go of over it.
    FilesDropped {
        files: Vec<ChosenFile>,
    },
    /// The pictures of a call are in the small window, or no more.
    Small {
        open: bool,
    },
}

/// Tells the page what the engine says.
pub fn emit(app: &AppHandle, event: &Event) {
    send(app, MAIN, "event", event);
    if is_of_calls(event) {
        send(app, SMALL, "event", event);
    }
}

/// Tells the page what its frame says.
pub fn emit_news(app: &AppHandle, news: &WindowNews) {
    send(app, MAIN, "window", news);
}

fn is_of_calls(event: &Event) -> bool {
    matches!(
        event,
        Event::CallChanged { .. }
            | Event::CallEnded { .. }
            | Event::SoundLevelsChanged { .. }
            | Event::PhaseChanged { .. }
            | Event::EventsLost
    )
}

fn send<T: Serialize + Clone>(app: &AppHandle, to: &str, name: &str, payload: &T) {
    if app.get_webview_window(to).is_none() {
        return;
    }
    if let Err(error) = app.emit_to(to, name, payload) {
        tracing::warn!(%error, name, "the page was not told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_reach_the_page_in_the_shape_it_reads() {
        let told = serde_json::to_string(&WindowNews::OpenConversation { buddy: "b0b".into() });
        assert_eq!(told.ok().as_deref(), Some(r#"{"type":"openConversation","buddy":"b0b"}"#));
        assert_eq!(serde_json::to_string(&WindowNews::Hidden).ok().as_deref(), Some(r#"{"type":"hidden"}"#));
    }
}
