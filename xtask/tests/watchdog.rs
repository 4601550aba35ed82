//! The watchdog as a process: what is left of the children when the one who started them dies.
//!
//! Runs the built `xtask watchdog` and speaks to it through its pipe as `Children` would.

#![cfg(unix)]
#![allow(missing_docs, clippy::expect_used)]

use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};

fn sleeper() -> Child {
    Command::new("sleep").arg("600").process_group(0).spawn().expect("sleep starts")
}

#[test]
fn children_are_ended_when_their_parent_dies_and_forgotten_ones_are_left_alone() {
    // given a watchdog that has heard of two children and that one of them is no concern of its
    let mut watchdog = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("watchdog")
        .stdin(Stdio::piped())
        .spawn()
        .expect("the watchdog starts");
    let (mut kept, mut forgotten) = (sleeper(), sleeper());
    let mut pipe = watchdog.stdin.take().expect("piped");
    for line in [
        format!("remember group {}\n", kept.id()),
        format!("remember group {}\n", forgotten.id()),
        format!("forget group {}\n", forgotten.id()),
    ] {
        pipe.write_all(line.as_bytes()).expect("it listens");
    }

    // when the parent dies, which closes the pipe
    drop(pipe);

    // then the remembered child is asked to end, and the other one isn't
    let status = kept.wait().expect("it can be waited for");
    assert_eq!(status.signal(), Some(15), "it was asked: {status}");
    assert!(watchdog.wait().expect("it ends too").success());
    let alive = forgotten.try_wait().expect("it can be asked").is_none();
    forgotten.kill().expect("it is ours to end");
    forgotten.wait().expect("it can be waited for");
    assert!(alive, "whoever has been forgotten is left alone");
}
