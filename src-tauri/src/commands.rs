//! What the page may ask, each handed straight on: to the engine, or to the desk of this window.

use juice_engine::{
    Handle,
    view::{Command, CommandError, HistoryPage, Reply, SafetyNumberView, Snapshot},
};
use tauri::State;

use crate::{
    desk::{Ask, Desk},
    links,
};

#[tauri::command]
pub async fn command(engine: State<'_, Handle>, command: Command) -> Result<Reply, CommandError> {
    engine.command(command).await
}

/// A page asks for this once it hears events, so from then on it also hears what waited for it.
#[tauri::command]
pub async fn snapshot(engine: State<'_, Handle>, desk: State<'_, Desk>) -> Result<Snapshot, CommandError> {
    desk.tell(Ask::PageReady);
    Ok(engine.snapshot().await)
}

#[tauri::command]
pub async fn history(
    engine: State<'_, Handle>,
    buddy: String,
    before: Option<String>,
    limit: u32,
) -> Result<HistoryPage, CommandError> {
    engine.history(buddy, before, limit).await
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
