//! JUICE: the window's frame around the engine.
//!
//! It starts the engine on a profile, embeds the page of `ui/`, and keeps tray and toasts. Tauri manages the engine's
//! handle, and beside it only the way to this window's own desk. The main thread is the window's; all else runs on
//! one tokio runtime.

mod arguments;
mod chosen;
mod commands;
mod control;
mod ctl;
mod desk;
mod dialogs;
mod events;
mod instance;
mod keyring;
mod links;
mod mirror;
mod outside;
mod pasted;
mod quit;
mod small;
mod talk_key;
mod toasts;
mod tray;
mod window;
mod words;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use clap::Parser;
use juice_engine::{Config, Engine, Events, Handle, StartError};
use tauri::{DragDropEvent, RunEvent, WindowEvent};
use tokio::{runtime::Runtime, time::sleep};

use self::{
    arguments::{Arguments, Errand},
    chosen::Chosen,
    ctl::Ctl,
    desk::{Ask, Clerk, Desk, Manner},
    keyring::Keyring,
    small::SmallWish,
    talk_key::Ground,
    window::{MAIN, small::SMALL},
};

/// The engine has few tasks and none of them computes for long.
const THREADS: usize = 2;
/// Someone else holds the profile but doesn't answer yet: it is starting, or ending.
const TRIES: u32 = 40;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    juice_engine::forget_tls_secrets_file();
    let arguments = Arguments::parse();
    arguments::start_log();
    if let Some(Errand::Ctl(ctl)) = arguments.errand {
        return errand(&arguments, ctl);
    }
    match run(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("JUICE can't start: {error:#}");
            tell_without_window(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Tells the JUICE that runs on the profile what to do.
fn errand(arguments: &Arguments, ctl: Ctl) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(anyhow::Error::from);
    match runtime.and_then(|runtime| Ok((runtime, profile(arguments)?))) {
        Ok((runtime, profile)) => runtime.block_on(ctl::say(&profile, ctl)),
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn profile(arguments: &Arguments) -> anyhow::Result<PathBuf> {
    match arguments.profile.clone().or_else(juice_engine::default_profile) {
        Some(profile) => std::path::absolute(profile).context("the profile's folder can't be found"),
        None => anyhow::bail!("there is no home for a profile here; name a folder with --profile"),
    }
}

fn run(arguments: Arguments) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("juice")
        .enable_all()
        .build()
        .context("no threads to run on")?;
    let profile = profile(&arguments)?;
    let Some((engine, events)) = runtime.block_on(start(&profile, &arguments))? else {
        tracing::info!("JUICE runs on this profile already and has come up");
        return Ok(0);
    };
    tauri::async_runtime::set(runtime.handle().clone());
    let invite = arguments.invite();
    let keyring = Keyring::of(&profile);
    let (opener, engine_to_open) = (keyring.clone(), engine.clone());
    runtime.spawn(async move { opener.open_profile(&engine_to_open, arguments.unlock).await });
    let manner = Manner {
        hidden: arguments.hidden,
        exit_when_closed: std::env::var_os("JUICE_EXIT_WHEN_CLOSED").is_some_and(|value| value == "1"),
        invite,
        profile,
        ground: Ground::Nothing,
    };
    let code = frame(&runtime, &engine, &keyring, events, manner)?;
    tracing::debug!("the window has ended");
    runtime.block_on(quit::farewell(&engine));
    runtime.shutdown_timeout(BETWEEN_TRIES);
    Ok(u8::try_from(code).unwrap_or(1))
}

/// Starts the engine; none where JUICE runs on this profile already and has been told to come up.
async fn start(profile: &Path, arguments: &Arguments) -> anyhow::Result<Option<(Handle, Events)>> {
    let invite = arguments.invite();
    for _ in 0..TRIES {
        if instance::hand_over(profile, invite.as_deref()).await {
            return Ok(None);
        }
        let config = Config {
            profile: profile.to_path_buf(),
            server: arguments.server.clone(),
            loopback_only: arguments.loopback_only,
            downloads: None,
            source: arguments.microphone.clone(),
            sink: arguments.speaker.clone(),
            camera: arguments.camera.clone(),
        };
        match Engine::start(config).await {
            Ok(started) => return Ok(Some(started)),
            Err(StartError::ProfileInUse) => sleep(BETWEEN_TRIES).await,
            Err(error) => return Err(error.into()),
        }
    }
    anyhow::bail!("{}, but it doesn't answer", StartError::ProfileInUse)
}

/// Runs the window until JUICE ends.
fn frame(runtime: &Runtime, engine: &Handle, keyring: &Keyring, events: Events, manner: Manner) -> anyhow::Result<i32> {
    let (desk, asks) = Desk::new();
    let chosen = Chosen::default();
    if let Some(address) = instance::address(&manner.profile) {
        runtime.spawn(instance::listen(address, desk.clone()));
    }
    runtime.spawn(quit::on_signal(desk.clone()));
    let (for_window, for_setup) = (desk.clone(), desk.clone());
    let (engine_for_setup, keyring_for_setup) = (engine.clone(), keyring.clone());
    let app = tauri::Builder::default()
        .manage(engine.clone())
        .manage(keyring.clone())
        .manage(desk.clone())
        .manage(chosen.clone())
        .invoke_handler(tauri::generate_handler![
            commands::command,
            commands::snapshot,
            commands::history,
            commands::search,
            commands::edits,
            commands::export_conversation,
            commands::back_up,
            commands::restore,
            commands::pick_files,
            commands::paste_file,
            commands::picture_of,
            commands::open_file,
            commands::show_in_folder,
            commands::safety_number,
            commands::sound_devices,
            commands::video_devices,
            commands::next_picture,
            commands::screen_picture,
            commands::save_picture,
            commands::open_link,
            commands::looking,
            commands::keyring,
            commands::remember,
            commands::forget,
            commands::dress,
            commands::quit,
            commands::small::call_snapshot,
            commands::small::call_command,
            commands::small::small,
        ])
        .on_window_event(move |window, event| hear_window(&for_window, window.label(), event))
        .setup(move |app| {
            let handle = app.handle().clone();
            let manner = Manner { ground: talk_key::ground(&handle), ..manner };
            tauri::async_runtime::spawn(async move {
                let clerk = Clerk::new(handle, engine_for_setup, keyring_for_setup, chosen, for_setup, manner);
                clerk.work(events, asks).await;
            });
            Ok(())
        })
        .build(tauri::generate_context!())
        .context("no window can be made here")?;
    Ok(app.run_return(move |_, event| hear_app(&desk, &event)))
}

#[allow(clippy::wildcard_enum_match_arm, reason = "Tauri's enums grow, and only these concern us")]
fn hear_window(desk: &Desk, label: &str, event: &WindowEvent) {
    match event {
        WindowEvent::CloseRequested { api, .. } if label == SMALL => {
            api.prevent_close();
            desk.tell(Ask::Small(SmallWish::Close));
        }
        _ if label != MAIN => {}
        WindowEvent::CloseRequested { api, .. } => {
            api.prevent_close();
            desk.tell(Ask::Closed);
        }
        WindowEvent::Focused(focused) => desk.tell(Ask::Focused(*focused)),
        WindowEvent::DragDrop(DragDropEvent::Enter { .. }) => desk.tell(Ask::FilesOver(true)),
        WindowEvent::DragDrop(DragDropEvent::Leave) => desk.tell(Ask::FilesOver(false)),
        WindowEvent::DragDrop(DragDropEvent::Drop { paths, .. }) => desk.tell(Ask::FilesDropped(paths.clone())),
        _ => {}
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "Tauri's enums grow, and only these concern us")]
#[cfg_attr(not(target_os = "macos"), allow(unused_variables, reason = "macOS alone asks through the app"))]
fn hear_app(desk: &Desk, event: &RunEvent) {
    match event {
        // The last window has ended, and JUICE stays in the tray.
        RunEvent::ExitRequested { code: None, api, .. } => api.prevent_exit(),
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => desk.tell(Ask::Show(None)),
        #[cfg(target_os = "macos")]
        RunEvent::Opened { urls } => {
            for link in urls.iter().filter_map(|url| links::invite(url.as_str())) {
                desk.tell(Ask::Show(Some(events::WindowNews::FollowInvite { link })));
            }
        }
        _ => {}
    }
}

/// Whoever started JUICE from a menu sees no terminal.
fn tell_without_window(words: &str) {
    let shown = notify_rust::Notification::new().appname("JUICE").summary("JUICE can't start").body(words).show();
    if let Err(error) = shown {
        tracing::debug!(%error, "nor can this be shown");
    }
}
