//! The system's own dialogs for files. They are made on the window's thread and waited for elsewhere.

use std::{future::Future, path::PathBuf, pin::Pin};

use juice_engine::{Handle, view::ExportFormat};
use rfd::{AsyncFileDialog, FileHandle};
use tauri::{AppHandle, Manager};
use tokio::sync::oneshot;

use crate::window::MAIN;

/// What the name of a backup ends in.
pub const BACKUP: &str = "juice";

type Asking<T> = Pin<Box<dyn Future<Output = Option<T>> + Send>>;

/// Asks which files to send; none where the person thought better of it.
pub async fn pick(app: &AppHandle) -> Vec<PathBuf> {
    let picked = ask(app, |dialog| Box::pin(dialog.pick_files())).await;
    picked.unwrap_or_default().into_iter().map(path).collect()
}

/// Asks for one file with this ending.
pub async fn pick_one(app: &AppHandle, kind: &'static str, ending: &'static str) -> Option<PathBuf> {
    ask(app, move |dialog| Box::pin(dialog.add_filter(kind, &[ending]).pick_file())).await.map(path)
}

/// Asks where to write a file of this name, which ends in this.
pub async fn save(app: &AppHandle, name: String, ending: &'static str) -> Option<PathBuf> {
    let named = format!("{name}.{ending}");
    let chosen = ask(app, move |dialog| Box::pin(dialog.set_file_name(named).save_file())).await.map(path)?;
    // Who types a name leaves the ending away.
    Some(if chosen.extension().is_none() { chosen.with_extension(ending) } else { chosen })
}

/// Asks where to write a conversation.
pub async fn save_conversation(app: &AppHandle, engine: &Handle, buddy: &str, format: ExportFormat) -> Option<PathBuf> {
    let people = engine.snapshot().await.buddies;
    let with = people.iter().find(|known| known.id == buddy)?;
    let label = if with.alias.is_empty() { &with.name } else { &with.alias };
    let ending = match format {
        ExportFormat::Html => "html",
        ExportFormat::Markdown => "md",
        ExportFormat::Json => "json",
    };
    save(app, format!("JUICE {}", harmless(label)), ending).await
}

/// Asks where to write a picture of somebody.
pub async fn save_picture(app: &AppHandle, of: &str) -> Option<PathBuf> {
    save(app, format!("JUICE {}", harmless(of)), "png").await
}

/// What is left of a name where it is to be a file's.
fn harmless(name: &str) -> String {
    let kept = |c: char| if c.is_alphanumeric() || matches!(c, ' ' | '-' | '_') { c } else { '_' };
    name.chars().map(kept).take(64).collect()
}

fn path(handle: FileHandle) -> PathBuf {
    handle.path().to_path_buf()
}

async fn ask<T: Send + 'static>(
    app: &AppHandle,
    begin: impl FnOnce(AsyncFileDialog) -> Asking<T> + Send + 'static,
) -> Option<T> {
    let (made, asking) = oneshot::channel();
    let window = app.get_webview_window(MAIN)?;
    let on_thread = app.run_on_main_thread(move || {
        let dialog = AsyncFileDialog::new().set_parent(&window);
        // Whoever asked has gone: so does the dialog.
        let _ = made.send(begin(dialog));
    });
    if let Err(error) = on_thread {
        tracing::warn!(%error, "no dialog can be shown");
        return None;
    }
    asking.await.ok()?.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eve_cannot_lead_a_file_elsewhere_by_her_name() {
        assert_eq!(harmless("../../.bashrc"), "_______bashrc");
        assert_eq!(harmless("Jörg محمد-2"), "Jörg محمد-2");
        assert_eq!(harmless(&"a".repeat(300)).len(), 64);
    }
}
