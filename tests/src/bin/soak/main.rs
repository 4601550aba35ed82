//! Two clients and a server on a bad network, for minutes, with any of the three killed at any moment and people who
//! come and go. The last line is one JSON object with what was said, lost, shown twice and out of order.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a soak that can't go on has failed")]

#[cfg(target_os = "linux")]
mod people;
#[cfg(target_os = "linux")]
mod soak;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    use clap::Parser;
    soak::run(&soak::Arguments::parse())
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("the bad network is made of Linux's network namespaces");
    ExitCode::FAILURE
}
