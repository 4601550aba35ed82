//! Building and running single programs: an ordinary window, a server.
//!
//! Both run at our terminal with the arguments they are given, and Ctrl-C reaches them as it would
//! without xtask in between.

use std::path::Path;

use crate::checkout::{Checkout, Profile};
use crate::failure::Failure;
use crate::process::Children;
use crate::setup::{self, Need};
use crate::step::{note, step};
use crate::ui;

/// What a window is built together with. Always the same packages, because cargo compiles shared
/// dependencies anew for each other set of them.
const WITH_WINDOW: [&str; 3] = ["juice", "juice-rendezvous", "juice-tests"];

/// The verb `run`.
pub fn window(checkout: &Checkout, children: &mut Children, arguments: &[String]) -> Result<(), Failure> {
    setup::setup(checkout, children, &setup::WINDOW)?;
    build_window(checkout, children)?;
    let mut juice = checkout.command(checkout.program(Profile::Debug, "juice"));
    children.run(juice.args(arguments))
}

/// Builds the window with its user interface, the server, and the actors of the demo.
pub fn build_window(checkout: &Checkout, children: &mut Children) -> Result<(), Failure> {
    ui::build(checkout, children)?;
    step("build the window and the server", || {
        let mut cargo = checkout.cargo();
        cargo.arg("build");
        for package in WITH_WINDOW {
            cargo.args(["--package", package]);
        }
        children.run(&mut cargo)
    })
}

/// The verb `rendezvous`.
pub fn rendezvous(checkout: &Checkout, children: &mut Children, arguments: &[String]) -> Result<(), Failure> {
    setup::setup(checkout, children, &[Need::Compiler])?;
    step("build the server", || {
        let mut cargo = checkout.cargo();
        children.run(cargo.args(["build", "--package", "juice-rendezvous"]))
    })?;
    let mut server = checkout.command(checkout.program(Profile::Debug, "juice-rendezvous"));
    if arguments.is_empty() {
        let data = checkout.target.join("rendezvous");
        note(&format!("a local server; its data is in {}", data.display()));
        server.args(local_server(&data));
    } else {
        server.args(arguments);
    }
    children.run(&mut server)
}

/// The arguments of a server for this machine alone, where anybody may register. Port 0 lets the
/// system choose a free one; the server prints the address to hand out.
pub fn local_server(data: &Path) -> Vec<String> {
    let mut arguments = vec!["--data".to_owned(), data.display().to_string()];
    arguments.extend(["--listen", "127.0.0.1:0", "--registration", "open"].map(str::to_owned));
    arguments
}
