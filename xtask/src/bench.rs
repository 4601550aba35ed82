//! The verbs that measure or search for hours: `bench`, `simulate`, `soak`, `fuzz`.
//!
//! Built in release, run at our terminal. The programs print their results to standard output, which
//! nothing here writes to, so a benchmark's last line can be read by another program.

use std::process::{Command, Stdio};

use crate::arguments::Subject;
use crate::checkout::{Checkout, Profile, is_installed};
use crate::failure::Failure;
use crate::process::Children;
use crate::setup::{self, DRIVEN, Need, WINDOW};
use crate::step::step;
use crate::ui;

pub fn bench(
    checkout: &Checkout,
    children: &mut Children,
    subject: Subject,
    arguments: &[String],
) -> Result<(), Failure> {
    let program = match subject {
        Subject::Message => "bench-message",
        Subject::Rendezvous => "bench-rendezvous",
        Subject::File => "bench-file",
        Subject::Call => "bench-call",
        Subject::Video => {
            build_window(checkout, children)?;
            "bench-video"
        }
        Subject::History => {
            build_window(checkout, children)?;
            "bench-history"
        }
    };
    run_built(checkout, children, program, arguments)
}

/// The window in its release build, where one can be driven without anybody there.
fn build_window(checkout: &Checkout, children: &mut Children) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    setup::setup(checkout, children, &[&WINDOW[..], &DRIVEN[..]].concat())?;
    ui::build(checkout, children)?;
    step("build the window", || {
        let mut cargo = checkout.cargo();
        children.run(cargo.args(["build", "--release", "--package", "juice"]))
    })
}

pub fn soak(checkout: &Checkout, children: &mut Children, arguments: &[String]) -> Result<(), Failure> {
    setup::setup(checkout, children, &[Need::Network])?;
    run_built(checkout, children, "soak", arguments)
}

/// Runs a program of the tests in its release build.
fn run_built(checkout: &Checkout, children: &mut Children, program: &str, arguments: &[String]) -> Result<(), Failure> {
    setup::setup(checkout, children, &[Need::Compiler])?;
    step("build the programs", || {
        // The server by itself and last: beside the engine it would be linked with the engine's SQLCipher.
        for package in ["juice-tests", "juice-rendezvous"] {
            let mut cargo = checkout.cargo();
            children.run(cargo.args(["build", "--release", "--package", package]))?;
        }
        Ok(())
    })?;
    let mut program = checkout.command(checkout.program(Profile::Release, program));
    children.run(program.args(arguments))
}

pub fn simulate(checkout: &Checkout, children: &mut Children, seeds: u64) -> Result<(), Failure> {
    setup::setup(checkout, children, &[Need::Compiler])?;
    let mut cargo = checkout.cargo();
    // The profile of the tests: it optimises what the simulator is made of, and is built already.
    cargo.args(["test", "--package", "juice-proto", "--test", "simulation"]);
    cargo.args(["every_message_arrives", "--", "--nocapture"]);
    cargo.env("JUICE_SEEDS", seeds.to_string());
    step(&format!("simulate {seeds} seeds"), || children.run(&mut cargo))
}

pub fn fuzz(checkout: &Checkout, children: &mut Children, target: &str, seconds: u64) -> Result<(), Failure> {
    setup::setup(checkout, children, &[Need::Compiler])?;
    if !is_installed("rustup") || !has_nightly(checkout) {
        return Err(Failure::new("fuzzing wants a nightly toolchain: `rustup toolchain install nightly`"));
    }
    if !is_installed("cargo-fuzz") {
        return Err(Failure::new("fuzzing wants cargo-fuzz: `cargo install --locked cargo-fuzz`"));
    }
    let mut cargo = checkout.command("rustup");
    cargo.args(["run", "nightly", "cargo", "fuzz", "run"]);
    cargo.args(["--fuzz-dir", "proto/fuzz", target, "--"]);
    cargo.arg(format!("-max_total_time={seconds}"));
    // Set by rustup for this process; it would choose today's toolchain for nightly's compiler.
    cargo.env_remove("RUSTUP_TOOLCHAIN");
    step(&format!("fuzz {target} for {seconds} s"), || children.run(&mut cargo))
}

fn has_nightly(checkout: &Checkout) -> bool {
    let mut rustup: Command = checkout.command("rustup");
    rustup
        .args(["run", "nightly", "cargo", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
