//! What the small window's page may ask: what it shows, and the few things that one does in it.

use juice_engine::{
    Handle,
    view::{Command, CommandError, ErrorCode, Reply, Snapshot},
};
use tauri::{State, WebviewWindow};

use crate::{
    desk::{Ask, Desk},
    keyring::Keyring,
    small::SmallWish,
};

/// The calls there are, and of buddies those who are in them.
#[tauri::command]
pub async fn call_snapshot(engine: State<'_, Handle>) -> Result<Snapshot, CommandError> {
    Ok(of_calls(engine.snapshot().await))
}

fn of_calls(mut all: Snapshot) -> Snapshot {
    let Snapshot { calls, buddies, requests, .. } = &mut all;
    requests.clear();
    buddies.retain(|buddy| calls.iter().any(|call| call.people.iter().any(|person| person.buddy == buddy.id)));
    all
}

/// Mutes, deafens, hangs up; nothing else.
#[tauri::command]
pub async fn call_command(
    engine: State<'_, Handle>,
    keyring: State<'_, Keyring>,
    command: Command,
) -> Result<Reply, CommandError> {
    if !is_of_calls(&command) {
        let message = "the small window has no use for this".to_owned();
        return Err(CommandError { code: ErrorCode::Internal, message });
    }
    keyring.command(&engine, command).await
}

fn is_of_calls(command: &Command) -> bool {
    matches!(command, Command::Mute { .. } | Command::Deafen { .. } | Command::HangUp { .. })
}

/// Opens the small window, closes or moves it.
#[tauri::command]
pub async fn small(window: WebviewWindow, desk: State<'_, Desk>, wish: SmallWish) -> Result<(), CommandError> {
    match wish {
        SmallWish::Open | SmallWish::Close | SmallWish::Back => desk.tell(Ask::Small(wish)),
        SmallWish::Move => {
            if let Err(error) = window.start_dragging() {
                tracing::debug!(%error, "the small window does not follow the pointer");
            }
        }
    }
    Ok(())
}
