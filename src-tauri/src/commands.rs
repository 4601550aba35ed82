//! What the page may ask, each handed straight on: to the engine, or to the desk of this window.

use juice_engine::{
    Handle,
    view::{Command, CommandError, HistoryPage, PageAt, Reply, SafetyNumberView, Snapshot},
};
use tauri::State;

use crate::{
    desk::{Ask, Desk},
    keyring::Keyring,
    links,
};

#[tauri::command]
pub async fn command(
    engine: State<'_, Handle>,
    keyring: State<'_, Keyring>,
    command: Command,
) -> Result<Reply, CommandError> {
    keyring.command(&engine, command).await
}

/// A page asks for this once it hears events, so from then on it also hears what waited for it. A kept password is
/// tried first: the lock is not shown for the blink before it opens.
#[tauri::command]
pub async fn snapshot(
    engine: State<'_, Handle>,
    keyring: State<'_, Keyring>,
    desk: State<'_, Desk>,
) -> Result<Snapshot, CommandError> {
    desk.tell(Ask::PageReady);
    keyring.started().await;
    Ok(engine.snapshot().await)
}

#[tauri::command]
pub async fn history(
    engine: State<'_, Handle>,
    buddy: String,
    at: PageAt,
    limit: u32,
) -> Result<HistoryPage, CommandError> {
    engine.history(buddy, at, limit).await
}

#[tauri::command]
pub async fn safety_number(engine: State<'_, Handle>, buddy: String) -> Result<SafetyNumberView, CommandError> {
    engine.safety_number(buddy).await
}

#[tauri::command]
pub async fn open_link(url: String) -> Result<(), CommandError> {
    links::open(&url)
}

#[tauri::command]
pub async fn looking(desk: State<'_, Desk>, buddy: Option<String>) -> Result<(), CommandError> {
    desk.tell(Ask::Looking(buddy));
    Ok(())
}

#[tauri::command]
pub async fn keyring(keyring: State<'_, Keyring>) -> Result<bool, CommandError> {
    Ok(keyring.is_there().await)
}

#[tauri::command]
pub async fn remember(keyring: State<'_, Keyring>, password: String) -> Result<(), CommandError> {
    keyring.remember(password).await
}

#[tauri::command]
pub async fn forget(keyring: State<'_, Keyring>) -> Result<(), CommandError> {
    keyring.forget().await;
    Ok(())
}

#[tauri::command]
pub async fn dress(desk: State<'_, Desk>, dark: Option<bool>) -> Result<(), CommandError> {
    desk.tell(Ask::Dress(dark));
    Ok(())
}

#[tauri::command]
pub async fn quit(desk: State<'_, Desk>) -> Result<(), CommandError> {
    desk.tell(Ask::Quit);
    Ok(())
}
