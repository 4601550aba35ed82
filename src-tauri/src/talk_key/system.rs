//! Keys of X11, Windows and macOS, by Tauri's plugin.

use tauri::AppHandle;
use tauri_plugin_global_shortcut::{Builder, GlobalShortcutExt, ShortcutState};
use tokio::{sync::watch, task::spawn_blocking};

use super::{Combination, TalkKeyState};
use crate::desk::{Ask, Desk};

/// Makes it possible to have keys; says whether it is.
pub fn prepare(app: &AppHandle) -> bool {
    match app.plugin(Builder::new().build()) {
        Ok(()) => true,
        Err(error) => {
            tracing::info!(%error, "no keys of the whole desktop can be had");
            false
        }
    }
}

/// Has whichever key is wanted, until nobody wants any.
pub async fn keep(app: &AppHandle, desk: &Desk, mut wanted: watch::Receiver<Option<String>>) {
    let mut had: Option<String> = None;
    loop {
        let key = wanted.borrow_and_update().clone();
        let (app, desk_of_key, before) = (app.clone(), desk.clone(), had.take());
        // Both wait for the window's own thread.
        let changed = spawn_blocking(move || {
            before.into_iter().for_each(|before| give_up(&app, &desk_of_key, &before));
            key.map(|key| take(&app, &desk_of_key, &key))
        });
        let state = match changed.await {
            Ok(Some(Ok(key))) => {
                had = Some(key);
                TalkKeyState::Works { keys: None }
            }
            Ok(Some(Err(state))) => state,
            Ok(None) | Err(_) => TalkKeyState::Unset,
        };
        desk.tell(Ask::TalkKey(state));
        if wanted.changed().await.is_err() {
            return;
        }
    }
}

fn take(app: &AppHandle, desk: &Desk, kept: &str) -> Result<String, TalkKeyState> {
    let key = Combination::read(kept).ok_or(TalkKeyState::Unusable)?.accelerator();
    let desk = desk.clone();
    let heard = move |_: &AppHandle, _: &_, event: tauri_plugin_global_shortcut::ShortcutEvent| {
        desk.tell(Ask::Push(event.state == ShortcutState::Pressed));
    };
    match app.global_shortcut().on_shortcut(key.as_str(), heard) {
        Ok(()) => Ok(key),
        Err(error) => {
            tracing::info!(%error, "the key for talking can't be had");
            // The plugin hands on no kinds of errors.
            let is_taken = error.to_string().contains("already registered");
            Err(if is_taken { TalkKeyState::Taken } else { TalkKeyState::Unusable })
        }
    }
}

fn give_up(app: &AppHandle, desk: &Desk, key: &str) {
    if let Err(error) = app.global_shortcut().unregister(key) {
        tracing::warn!(%error, "the key for talking stays");
    }
    desk.tell(Ask::Push(false));
}
