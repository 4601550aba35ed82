//! What the page may ask, each handed straight on: to the engine, or to the desk of this window.

pub mod small;

use juice_engine::{
    Handle,
    video::Picture,
    view::{
        Command, CommandError, EditView, ErrorCode, ExportFormat, HistoryPage, PageAt, Reply, SafetyNumberView,
        SearchPage, Snapshot, SoundDevices, VideoDevices,
    },
};
use tauri::{
    AppHandle, State,
    ipc::{Request, Response},
};

use crate::{
    chosen::{Chosen, ChosenFile},
    desk::{Ask, Desk},
    dialogs,
    keyring::Keyring,
    links, outside, pasted,
};

#[tauri::command]
pub async fn command(
    engine: State<'_, Handle>,
    keyring: State<'_, Keyring>,
    chosen: State<'_, Chosen>,
    command: Command,
) -> Result<Reply, CommandError> {
    keyring.command(&engine, chosen.resolve(command)?).await
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
pub async fn search(
    engine: State<'_, Handle>,
    query: String,
    buddy: Option<String>,
    before: Option<String>,
    limit: u32,
) -> Result<SearchPage, CommandError> {
    engine.search(query, buddy, before, limit).await
}

#[tauri::command]
pub async fn edits(engine: State<'_, Handle>, buddy: String, message: String) -> Result<Vec<EditView>, CommandError> {
    engine.edits(buddy, message).await
}

/// False where the person thought better of it.
#[tauri::command]
pub async fn export_conversation(
    app: AppHandle,
    engine: State<'_, Handle>,
    buddy: String,
    format: ExportFormat,
) -> Result<bool, CommandError> {
    let Some(path) = dialogs::save_conversation(&app, &engine, &buddy, format).await else { return Ok(false) };
    engine.export(buddy, format, path).await.map(|()| true)
}

/// False where the person thought better of it.
#[tauri::command]
pub async fn back_up(app: AppHandle, engine: State<'_, Handle>, password: String) -> Result<bool, CommandError> {
    let Some(path) = dialogs::save(&app, "JUICE".into(), dialogs::BACKUP).await else { return Ok(false) };
    engine.back_up(path, password).await.map(|()| true)
}

/// False where the person thought better of it.
#[tauri::command]
pub async fn restore(app: AppHandle, engine: State<'_, Handle>, password: String) -> Result<bool, CommandError> {
    let Some(path) = dialogs::pick_one(&app, "JUICE", dialogs::BACKUP).await else { return Ok(false) };
    engine.restore(path, password).await.map(|()| true)
}

#[tauri::command]
pub async fn pick_files(app: AppHandle, chosen: State<'_, Chosen>) -> Result<Vec<ChosenFile>, CommandError> {
    Ok(chosen.take(dialogs::pick(&app).await).await)
}

/// The bytes are the request's body, the name is in its head.
#[tauri::command]
pub async fn paste_file(
    engine: State<'_, Handle>,
    chosen: State<'_, Chosen>,
    request: Request<'_>,
) -> Result<Vec<ChosenFile>, CommandError> {
    let (bytes, name) = pasted::read(&request)?;
    let path = engine.paste(bytes, name).await?;
    Ok(chosen.take(vec![path]).await)
}

#[tauri::command]
pub async fn picture_of(
    engine: State<'_, Handle>,
    buddy: String,
    message: String,
    side: u32,
) -> Result<Response, CommandError> {
    Ok(Response::new(engine.picture(buddy, message, side).await?))
}

#[tauri::command]
pub async fn open_file(engine: State<'_, Handle>, buddy: String, message: String) -> Result<(), CommandError> {
    outside::open(&engine.file_path(buddy, message).await?)
}

#[tauri::command]
pub async fn show_in_folder(engine: State<'_, Handle>, buddy: String, message: String) -> Result<(), CommandError> {
    outside::show(&engine.file_path(buddy, message).await?).await
}

#[tauri::command]
pub async fn sound_devices(engine: State<'_, Handle>) -> Result<SoundDevices, CommandError> {
    Ok(engine.sound_devices().await)
}

#[tauri::command]
pub async fn video_devices(engine: State<'_, Handle>) -> Result<VideoDevices, CommandError> {
    Ok(engine.video_devices().await)
}

/// The next picture of a person in a call (or of me, as `me`) after the one that was taken at `after`; nothing where none
/// comes within a second. As bytes: when it was taken, in microseconds (u64), width and height (u32 each), all little
/// endian, then the planes Y, U and V of I420.
#[tauri::command]
pub async fn next_picture(
    engine: State<'_, Handle>,
    person: String,
    after: Option<u64>,
) -> Result<Response, CommandError> {
    Ok(in_bytes(engine.screens().next(&person, after).await.as_deref()))
}

/// What is to be seen now of a monitor or a window that can be shown, fitted into 16:9 of this width; nothing where it is
/// gone. In bytes as above.
#[tauri::command]
pub async fn screen_picture(engine: State<'_, Handle>, screen: String, width: u32) -> Result<Response, CommandError> {
    Ok(in_bytes(engine.screen_picture(screen, width).await.as_ref()))
}

fn in_bytes(picture: Option<&Picture>) -> Response {
    let Some(picture) = picture else { return Response::new(Vec::new()) };
    let size = picture.size();
    let mut bytes = Vec::with_capacity(16 + picture.data().len());
    bytes.extend_from_slice(&picture.captured().to_le_bytes());
    bytes.extend_from_slice(&size.width().to_le_bytes());
    bytes.extend_from_slice(&size.height().to_le_bytes());
    bytes.extend_from_slice(picture.data());
    Response::new(bytes)
}

/// Asks where to, and writes a picture of a call there; false where the person thought better of it. The bytes, a PNG,
/// are the request's body, whose picture it is is in its head.
#[tauri::command]
pub async fn save_picture(app: AppHandle, request: Request<'_>) -> Result<bool, CommandError> {
    let (bytes, of) = pasted::read(&request)?;
    let Some(path) = dialogs::save_picture(&app, &of).await else { return Ok(false) };
    let written = tokio::fs::write(path, bytes).await;
    written.map(|()| true).map_err(|error| CommandError { code: ErrorCode::NotSaved, message: error.to_string() })
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
