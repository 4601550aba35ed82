//! How JUICE ends: with a goodbye to everybody, which may take a moment, and then for certain.
//!
//! The tray, a closed window (where that ends JUICE) and the system's signals all come here by way of the desk.

use std::{process, thread, time::Duration};

use juice_engine::Handle;
use tauri::AppHandle;
use tokio::time::timeout;

use crate::desk::{Ask, Desk};

/// The goodbyes take a second at most; a network that is gone must not hold up the end.
const FAREWELL: Duration = Duration::from_millis(1_500);
/// An event loop that doesn't end by then is left behind.
const CERTAIN: Duration = Duration::from_secs(3);

/// Says goodbye. Harmless when it has been said.
pub async fn farewell(engine: &Handle) {
    if timeout(FAREWELL, engine.stop()).await.is_err() {
        tracing::warn!("not everybody could be told goodbye");
    }
}

/// Says goodbye and ends the program.
pub async fn quit(app: &AppHandle, engine: &Handle) {
    end_for_certain();
    farewell(engine).await;
    tracing::debug!("goodbye is said");
    app.exit(0);
}

/// Quits when the system asks for it; at the second time, at once.
pub async fn on_signal(desk: Desk) {
    if let Err(error) = signal().await {
        tracing::warn!(%error, "signals are not heard");
        return;
    }
    tracing::info!("told to end");
    end_for_certain();
    desk.tell(Ask::Quit);
    if signal().await.is_ok() {
        process::exit(1);
    }
}

/// Ends the program after a while, whatever hangs.
fn end_for_certain() {
    thread::spawn(|| {
        thread::sleep(CERTAIN);
        tracing::warn!("the window did not end by itself");
        process::exit(0);
    });
}

#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
