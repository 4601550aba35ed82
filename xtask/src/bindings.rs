//! The TypeScript types that Rust types are exported as, and whether the ones in `ui/` are those.
//!
//! The export runs into an empty folder of the target directory and is compared with
//! `ui/src/bridge/generated` in both directions, so a type that has gone in Rust is found as well as
//! one that was forgotten. At a desk the folder in `ui/` is brought up to date on the way; it still
//! counts as a failure, because what the user interface was checked against was stale.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::checkout::{Checkout, is_ci};
use crate::failure::Failure;
use crate::process::Children;
use crate::step::step;

/// Where the export tests write, so that an ordinary test run leaves the sources alone.
pub fn folder(checkout: &Checkout) -> PathBuf {
    checkout.target.join("bindings")
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

pub fn compare(checkout: &Checkout, children: &mut Children) -> Result<(), Failure> {
    let fresh = folder(checkout);
    remove(&fresh)?;
    step("build the tests", || {
        let mut cargo = checkout.cargo();
        children.run(cargo.args(["test", "--workspace", "--tests", "--no-run"]))
    })?;
    step("export the types of the bridge", || {
        let mut cargo = checkout.cargo();
        // One process for each crate, not for each test as nextest has it: types that share a file
        // are merged within a process only.
        cargo
            .args(["test", "--quiet", "--workspace", "--tests"])
            .arg("export_bindings")
            .env("TS_RS_EXPORT_DIR", &fresh);
        children.run(&mut cargo)
    })?;
    let exported = files_in(&fresh)?;
    if exported.is_empty() {
        return Err(Failure::new("no type was exported: nothing has been compared"));
    }
    let kept = checkout.ui().join("src").join("bridge").join("generated");
    let stale = differences(&exported, &files_in(&kept)?);
    if stale.is_empty() {
        return Ok(());
    }
    let mut advice = "run `cargo xtask test bindings` at your desk and commit what it writes";
    if !is_ci() {
        replace(&kept, &exported)?;
        advice = "they have been brought up to date; run the tests again";
    }
    Err(Failure::new(format!("stale types in ui/src/bridge/generated: {}; {advice}", stale.join(", "))))
}

/// Names of files that are missing, left over or of other contents.
fn differences(exported: &Files, kept: &Files) -> Vec<String> {
    let mut names: Vec<&PathBuf> = exported.keys().chain(kept.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .filter(|name| exported.get(*name) != kept.get(*name))
        .map(|name| name.display().to_string())
        .collect()
}

fn replace(folder: &Path, files: &Files) -> Result<(), Failure> {
    remove(folder)?;
    for (name, contents) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, contents))
            .map_err(|error| Failure::about(&path, &error))?;
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<(), Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| Failure::about(folder, &error))?;
    }
    Ok(())
}

/// All files below a folder by their paths from there; none where there is no folder.
fn files_in(folder: &Path) -> Result<Files, Failure> {
    let mut found = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = fs::read_dir(&next) else {
            continue;
        };
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let contents = fs::read(&path).map_err(|error| Failure::about(&path, &error))?;
            let name = path.strip_prefix(folder).unwrap_or(&path).to_owned();
            found.insert(name, contents);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(entries: &[(&str, &str)]) -> Files {
        entries.iter().map(|(name, contents)| (PathBuf::from(name), contents.as_bytes().to_vec())).collect()
    }

    #[test]
    fn equal_folders_differ_in_nothing() {
        let both = files(&[("Buddy.ts", "a"), ("Call.ts", "b")]);
        assert!(differences(&both, &both).is_empty());
    }

    #[test]
    fn forgotten_left_over_and_changed_types_are_all_found() {
        let exported = files(&[("Buddy.ts", "a"), ("Forgotten.ts", "b")]);
        let kept = files(&[("Buddy.ts", "old"), ("LeftOver.ts", "c")]);
        assert_eq!(differences(&exported, &kept), ["Buddy.ts", "Forgotten.ts", "LeftOver.ts"]);
    }
}
