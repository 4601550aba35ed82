//! Builds the window's frame: embeds the bundle of `ui/` and writes down which commands the page may call.
//!
//! A command that is not in this list can be called by no page, whatever a capability says.

use std::{path::Path, process::ExitCode};

const COMMANDS: &[&str] = &[
    "command",
    "snapshot",
    "history",
    "search",
    "edits",
    "export_conversation",
    "back_up",
    "restore",
    "pick_files",
    "paste_file",
    "picture_of",
    "open_file",
    "show_in_folder",
    "safety_number",
    "sound_devices",
    "video_devices",
    "next_picture",
    "screen_picture",
    "save_picture",
    "open_link",
    "looking",
    "keyring",
    "remember",
    "forget",
    "dress",
    "quit",
    "call_snapshot",
    "call_command",
    "small",
];

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=../ui/dist");
    if !Path::new("../ui/dist/index.html").exists() {
        println!("cargo::error=ui/dist is missing: run `cargo xtask run`, which builds the user interface first");
        return ExitCode::FAILURE;
    }
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    match tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error:#}");
            ExitCode::FAILURE
        }
    }
}
