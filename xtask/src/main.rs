//! `cargo xtask VERB`: set-up, demo, tests and benchmarks of this repository.
//!
//! The first thing a new machine builds, so it uses the standard library only. It owns no logic of
//! JUICE: it finds what the machine lacks, builds programs, starts them and ends them again. What it
//! says while it works goes to standard error; standard output belongs to the programs it runs and
//! to results such as the table of suites. One thread, and one more for each log that is read.

mod arguments;
mod bench;
mod bindings;
mod checkout;
mod demo;
mod display;
mod failure;
mod process;
mod programs;
mod setup;
mod signals;
mod step;
mod test;
mod ui;
mod watchdog;

use std::process::ExitCode;

use arguments::{HELP, Verb};
use checkout::Checkout;
use failure::Failure;
use process::Children;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match arguments::parse(&words).and_then(perform) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn perform(verb: Verb) -> Result<(), Failure> {
    // These two start nothing, so they need neither the checkout nor a watchdog.
    match verb {
        Verb::Help => {
            print!("{HELP}");
            return Ok(());
        }
        Verb::Watchdog => return watchdog::keep_watch(),
        Verb::Setup
        | Verb::Demo { .. }
        | Verb::Test { .. }
        | Verb::Run { .. }
        | Verb::Rendezvous { .. }
        | Verb::Bench { .. }
        | Verb::Simulate { .. }
        | Verb::Soak { .. }
        | Verb::Fuzz { .. } => {}
    }
    let checkout = Checkout::find()?;
    let mut children = Children::with_watchdog()?;
    match verb {
        Verb::Help | Verb::Watchdog => Ok(()),
        Verb::Setup => setup::everything(&checkout, &mut children),
        Verb::Demo { headless } => demo::demo(&checkout, &mut children, headless),
        Verb::Test { suites, keep_going } => test::test(&checkout, &mut children, &suites, keep_going),
        Verb::Run { arguments } => programs::window(&checkout, &mut children, &arguments),
        Verb::Rendezvous { arguments } => programs::rendezvous(&checkout, &mut children, &arguments),
        Verb::Bench { subject, arguments } => bench::bench(&checkout, &mut children, subject, &arguments),
        Verb::Simulate { seeds } => bench::simulate(&checkout, &mut children, seeds),
        Verb::Soak { arguments } => bench::soak(&checkout, &mut children, &arguments),
        Verb::Fuzz { target, seconds } => bench::fuzz(&checkout, &mut children, &target, seconds),
    }
}
