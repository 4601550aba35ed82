//! The verb `test`: everything that must hold, in suites, quickest failures first.
//!
//! Stops at the first suite that fails, or goes on when told so, and closes with a table. A suite
//! chosen by name brings along those it can't do without. Suites run one after the other: each of
//! them keeps all cores busy.

use std::time::{Duration, Instant};

use crate::bindings;
use crate::checkout::{Checkout, is_ci};
use crate::display::Display;
use crate::failure::Failure;
use crate::process::Children;
use crate::setup::{self, DRIVEN, Need, WINDOW};
use crate::step::{spoken, step};
use crate::ui;

/// One group of checks, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suite {
    /// Layout of the Rust sources.
    Format,
    /// Types and unit tests of the user interface.
    Ui,
    /// clippy, with every warning an error.
    Lints,
    /// The exported TypeScript types are those in `ui/`.
    Bindings,
    /// The bundle and all programs, which tests of whole processes start.
    Build,
    /// Rust tests that need no window.
    Rust,
    /// Real windows on a hidden screen.
    Windows,
}

impl Suite {
    pub const ALL: [Self; 7] =
        [Self::Format, Self::Ui, Self::Lints, Self::Bindings, Self::Build, Self::Rust, Self::Windows];

    pub fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Ui => "ui",
            Self::Lints => "lints",
            Self::Bindings => "bindings",
            Self::Build => "build",
            Self::Rust => "rust",
            Self::Windows => "windows",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name() == name)
    }

    /// Suites whose products this one uses.
    fn builds_on(self) -> &'static [Self] {
        match self {
            Self::Format | Self::Ui | Self::Lints | Self::Bindings | Self::Build => &[],
            Self::Rust | Self::Windows => &[Self::Build],
        }
    }

    fn needs(self) -> Vec<Need> {
        let compiled = [Need::Compiler, Need::WebView];
        match self {
            Self::Format => Vec::new(),
            Self::Ui => vec![Need::Ui],
            Self::Lints | Self::Bindings => compiled.to_vec(),
            Self::Build => WINDOW.to_vec(),
            Self::Rust => [&compiled[..], &[Need::Nextest]].concat(),
            Self::Windows if can_hide_windows() => [&[Need::Nextest, Need::Sound], &DRIVEN[..]].concat(),
            Self::Windows => Vec::new(),
        }
    }
}

enum Outcome {
    Passed,
    Failed(Failure),
    Skipped(&'static str),
}

pub fn test(checkout: &Checkout, children: &mut Children, chosen: &[Suite], keep_going: bool) -> Result<(), Failure> {
    let suites = with_what_they_build_on(chosen);
    let mut needs = Vec::new();
    for need in suites.iter().flat_map(|suite| suite.needs()) {
        if !needs.contains(&need) {
            needs.push(need);
        }
    }
    setup::setup(checkout, children, &needs)?;

    let mut results = Vec::new();
    for suite in suites {
        eprintln!("\n== {} ==", suite.name());
        let begun = Instant::now();
        let outcome = run(suite, checkout, children, keep_going);
        let failed = matches!(outcome, Outcome::Failed(_));
        results.push((suite, outcome, begun.elapsed()));
        if failed && !keep_going {
            break;
        }
    }
    println!("\n{}", table(&results));
    let failures: Vec<String> = results
        .iter()
        .filter_map(|(suite, outcome, _)| match outcome {
            Outcome::Failed(failure) => Some(format!("{}: {failure}", suite.name())),
            Outcome::Passed | Outcome::Skipped(_) => None,
        })
        .collect();
    if failures.is_empty() {
        return Ok(());
    }
    Err(Failure::new(failures.join("\nxtask: ")))
}

/// All suites when none is chosen; otherwise the chosen ones and what they build on, in order.
fn with_what_they_build_on(chosen: &[Suite]) -> Vec<Suite> {
    if chosen.is_empty() {
        return Suite::ALL.to_vec();
    }
    let mut suites: Vec<Suite> =
        chosen.iter().flat_map(|suite| suite.builds_on().iter().chain([suite])).copied().collect();
    suites.sort();
    suites.dedup();
    suites
}

fn run(suite: Suite, checkout: &Checkout, children: &mut Children, keep_going: bool) -> Outcome {
    let result = match suite {
        Suite::Format => children.run(checkout.cargo().args(["fmt", "--all", "--check"])),
        Suite::Ui => ui::check(checkout, children).and_then(|()| ui::test(checkout, children)),
        Suite::Lints => lints(checkout, children),
        Suite::Bindings => ui::stand_in(checkout).and_then(|()| bindings::compare(checkout, children)),
        Suite::Build => build(checkout, children),
        Suite::Rust => {
            let all_but = "not binary(windows) and not test(export_bindings)";
            nextest(checkout, children, keep_going, None, &["--workspace", "-E", all_but])
        }
        Suite::Windows if !can_hide_windows() => {
            return Outcome::Skipped("a hidden screen can be had on Linux only");
        }
        Suite::Windows => windows(checkout, children, keep_going),
    };
    match result {
        Ok(()) => Outcome::Passed,
        Err(failure) => Outcome::Failed(failure),
    }
}

fn lints(checkout: &Checkout, children: &mut Children) -> Result<(), Failure> {
    ui::stand_in(checkout)?;
    let mut cargo = checkout.cargo();
    cargo.args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    children.run(&mut cargo)
}

fn build(checkout: &Checkout, children: &mut Children) -> Result<(), Failure> {
    ui::build(checkout, children)?;
    step("build all programs", || children.run(checkout.cargo().args(["build", "--workspace"])))
}

fn windows(checkout: &Checkout, children: &mut Children, keep_going: bool) -> Result<(), Failure> {
    let display = Display::start(checkout, children)?;
    let only = ["--workspace", "-E", "binary(windows)"];
    nextest(checkout, children, keep_going, Some(&display), &only)
}

fn nextest(
    checkout: &Checkout,
    children: &mut Children,
    keep_going: bool,
    display: Option<&Display>,
    arguments: &[&str],
) -> Result<(), Failure> {
    let mut cargo = checkout.cargo();
    cargo.args(["nextest", "run"]).args(arguments);
    // On a machine that nobody sits at, one run should tell of all that is broken.
    if keep_going || is_ci() {
        cargo.arg("--no-fail-fast");
    }
    cargo.env("TS_RS_EXPORT_DIR", bindings::folder(checkout));
    if let Some(display) = display {
        display.lend(&mut cargo);
    }
    children.run(&mut cargo)
}

fn can_hide_windows() -> bool {
    cfg!(target_os = "linux")
}

fn table(results: &[(Suite, Outcome, Duration)]) -> String {
    let mut lines: Vec<String> = results
        .iter()
        .map(|(suite, outcome, time)| {
            let word = match outcome {
                Outcome::Passed => "passed".to_owned(),
                Outcome::Failed(_) => "FAILED".to_owned(),
                Outcome::Skipped(why) => format!("skipped: {why}"),
            };
            format!("  {:<10}{:>12}  {word}", suite.name(), spoken(*time))
        })
        .collect();
    let total = results.iter().map(|(_, _, time)| *time).sum();
    lines.push(format!("  {:<10}{:>12}", "together", spoken(total)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_choice_every_suite_runs_and_the_slow_ones_run_last() {
        let suites = with_what_they_build_on(&[]);
        assert_eq!(suites.first(), Some(&Suite::Format));
        assert_eq!(suites.last(), Some(&Suite::Windows));
        assert_eq!(suites.len(), Suite::ALL.len());
    }

    #[test]
    fn tests_that_start_programs_bring_their_build_along_once() {
        let suites = with_what_they_build_on(&[Suite::Windows, Suite::Rust]);
        assert_eq!(suites, [Suite::Build, Suite::Rust, Suite::Windows]);
    }

    #[test]
    fn types_are_compared_before_the_user_interface_is_built_with_them() {
        assert!(Suite::Bindings < Suite::Build);
    }

    #[test]
    fn every_suite_is_found_by_its_own_name() {
        for suite in Suite::ALL {
            assert_eq!(Suite::named(suite.name()), Some(suite));
        }
    }

    #[test]
    fn the_table_tells_failed_from_passed_and_says_why_something_was_skipped() {
        let table = table(&[
            (Suite::Format, Outcome::Passed, Duration::from_secs(1)),
            (Suite::Rust, Outcome::Failed(Failure::new("x")), Duration::from_secs(70)),
            (Suite::Windows, Outcome::Skipped("no screen"), Duration::ZERO),
        ]);
        assert!(table.contains("FAILED"), "{table}");
        assert!(table.contains("skipped: no screen"), "{table}");
        assert!(table.contains("1 min 11 s"), "{table}");
    }
}
