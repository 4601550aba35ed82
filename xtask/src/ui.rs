//! The user interface's own build: its bundle, its checks, its unit tests, all through npm.
//!
//! The window embeds `ui/dist` when it is compiled, so whoever compiles it makes sure first that the
//! folder is there: the real bundle where somebody will look at it, a placeholder where only the
//! compiler will.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::checkout::Checkout;
use crate::failure::Failure;
use crate::process::Children;
use crate::step::{note, step};

/// What of `ui/` the bundle is made from.
const SOURCES: [&str; 8] = [
    "index.html",
    "package-lock.json",
    "public",
    "src",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.js",
    "vite.config.ts",
];
const PLACEHOLDER: &str = "<!doctype html><title>JUICE</title>The bundle has not been built.\n";

/// Builds the bundle unless it is newer than all it is made from.
pub fn build(checkout: &Checkout, children: &mut Children) -> Result<(), Failure> {
    if is_fresh(&checkout.ui()) {
        note("the user interface is built already");
        return Ok(());
    }
    step("build the user interface", || npm_run(checkout, children, "build"))
}

/// Types and templates.
pub fn check(checkout: &Checkout, children: &mut Children) -> Result<(), Failure> {
    step("check the user interface", || npm_run(checkout, children, "check"))
}

/// Unit and component tests.
pub fn test(checkout: &Checkout, children: &mut Children) -> Result<(), Failure> {
    step("test the user interface", || npm_run(checkout, children, "test"))
}

/// Makes sure that there is something to embed, for compilations that nobody will look at.
pub fn stand_in(checkout: &Checkout) -> Result<(), Failure> {
    let dist = checkout.ui().join("dist");
    let page = dist.join("index.html");
    if page.exists() {
        return Ok(());
    }
    fs::create_dir_all(&dist)
        .and_then(|()| fs::write(&page, PLACEHOLDER))
        .map_err(|error| Failure::about(&page, &error))
}

fn npm_run(checkout: &Checkout, children: &mut Children, script: &str) -> Result<(), Failure> {
    let mut npm = checkout.npm();
    // Test runners stay and watch the files unless they believe that nobody is there.
    children.run(npm.args(["run", script]).env("CI", "true"))
}

fn is_fresh(ui: &Path) -> bool {
    let page = ui.join("dist").join("index.html");
    let Ok(built) = fs::read_to_string(&page) else {
        return false;
    };
    let newest = SOURCES.iter().filter_map(|name| newest_in(&ui.join(name))).max();
    match (modified(&page), newest) {
        (Some(dist), Some(source)) => built != PLACEHOLDER && dist > source,
        (None, _) | (_, None) => false,
    }
}

/// The latest change of a file or of anything in a folder; the folder's own date tells of deletions.
fn newest_in(path: &Path) -> Option<SystemTime> {
    let inside =
        fs::read_dir(path).into_iter().flatten().filter_map(Result::ok).filter_map(|entry| newest_in(&entry.path()));
    inside.chain(modified(path)).max()
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;

    /// A `ui` folder with one source and a bundle, both of the given age in seconds.
    fn folder(name: &str, source_age: u64, bundle: &str, bundle_age: u64) -> PathBuf {
        let ui = std::env::temp_dir().join(format!("xtask-{}-{name}", std::process::id()));
        fs::create_dir_all(ui.join("src")).expect("a temporary folder");
        fs::create_dir_all(ui.join("dist")).expect("a temporary folder");
        let age = |path: &Path, seconds| {
            let then = SystemTime::now() - Duration::from_secs(seconds);
            let file = File::open(path).expect("it was just made");
            file.set_modified(then).expect("files take dates");
        };
        fs::write(ui.join("src/main.ts"), "").expect("a source");
        fs::write(ui.join("dist/index.html"), bundle).expect("a bundle");
        age(&ui.join("src/main.ts"), source_age);
        age(&ui.join("dist/index.html"), bundle_age);
        #[cfg(unix)]
        age(&ui.join("src"), source_age);
        ui
    }

    #[test]
    #[cfg(unix)]
    fn a_bundle_newer_than_its_sources_is_not_built_again() {
        let ui = folder("fresh", 20, "<html>", 10);
        assert!(is_fresh(&ui));
        fs::remove_dir_all(ui).expect("it goes");
    }

    #[test]
    fn a_change_of_a_source_makes_the_bundle_stale() {
        let ui = folder("stale", 10, "<html>", 20);
        assert!(!is_fresh(&ui));
        fs::remove_dir_all(ui).expect("it goes");
    }

    #[test]
    fn a_placeholder_is_never_taken_for_a_bundle() {
        let ui = folder("placeholder", 20, PLACEHOLDER, 10);
        assert!(!is_fresh(&ui));
        fs::remove_dir_all(ui).expect("it goes");
    }
}
