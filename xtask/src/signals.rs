//! Asking processes to end, and insisting.
//!
//! The standard library can neither signal a process that isn't its own child nor a group, and
//! `unsafe` is denied here, so the system's own command does it: the shell's built-in `kill` (there
//! even where no package brings a `kill` program), and `taskkill` on Windows. Used by the process
//! that started the children and, when that one is gone, by the watchdog.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a window may take to say goodbye to its buddies and close its database.
pub const PATIENCE: Duration = Duration::from_secs(5);
const GLANCE: Duration = Duration::from_millis(50);

/// The system's number of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessId(pub u32);

/// Who is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// One process.
    One(ProcessId),
    /// The group that this process leads: itself and all that it started.
    Group(ProcessId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Ask,
    Insist,
    /// Does nothing to them but tells whether they are there.
    Probe,
}

/// Asks, waits for at most [`PATIENCE`], and insists. `is_over` is called in between, and is where
/// a parent collects its child's exit status.
pub fn end(whom: Whom, mut is_over: impl FnMut() -> bool) {
    send(whom, Signal::Ask);
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if is_over() && !is_there(whom) {
            return;
        }
        thread::sleep(GLANCE);
    }
    send(whom, Signal::Insist);
    is_over();
}

/// Whether there is such a process, or a member of such a group, that hasn't ended.
#[cfg(not(target_os = "linux"))]
pub fn is_there(whom: Whom) -> bool {
    send(whom, Signal::Probe)
}

/// The same by the process table: `kill` counts those that have ended until somebody collects their
/// exit status, and in many containers nobody does for a while.
#[cfg(target_os = "linux")]
pub fn is_there(whom: Whom) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return send(whom, Signal::Probe);
    };
    processes
        .filter_map(Result::ok)
        .filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok())
        .any(|stat| is_alive_and(&stat, whom))
}

/// Reads a line of `/proc/PID/stat` (man 5 proc): number, name in brackets, state, parent, group.
#[cfg(target_os = "linux")]
fn is_alive_and(stat: &str, whom: Whom) -> bool {
    let Some((id, rest)) = stat.split_once(" (") else {
        return false;
    };
    // The name may hold brackets and spaces of its own.
    let mut fields = rest.rsplit(") ").next().unwrap_or_default().split(' ');
    let (state, group) = (fields.next(), fields.nth(1));
    if matches!(state, None | Some("Z" | "X")) {
        return false;
    }
    match whom {
        Whom::One(wanted) => id.parse() == Ok(wanted.0),
        Whom::Group(wanted) => group.is_some_and(|group| group.parse() == Ok(wanted.0)),
    }
}

#[cfg(unix)]
fn send(whom: Whom, signal: Signal) -> bool {
    let name = match signal {
        Signal::Ask => "TERM",
        Signal::Insist => "KILL",
        Signal::Probe => "0",
    };
    let number = match whom {
        Whom::One(id) => format!("{}", id.0),
        Whom::Group(id) => format!("-{}", id.0),
    };
    succeeds(Command::new("/bin/sh").args(["-c", r#"kill -s "$1" -- "$2""#, "sh", name, &number]))
}

#[cfg(windows)]
fn send(whom: Whom, signal: Signal) -> bool {
    let (Whom::One(id) | Whom::Group(id)) = whom;
    let number = format!("{}", id.0);
    match signal {
        Signal::Ask => succeeds(Command::new("taskkill").args(["/T", "/PID", &number])),
        Signal::Insist => succeeds(Command::new("taskkill").args(["/T", "/F", "/PID", &number])),
        Signal::Probe => Command::new("tasklist")
            .args(["/NH", "/FI", &format!("PID eq {number}")])
            .output()
            .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(&number)),
    }
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::CommandExt;

    use super::*;

    #[test]
    fn a_group_is_ended_with_the_grandchildren_that_its_leader_left_behind() {
        // given a leader that starts a long sleep and is then gone
        let mut leader = Command::new("/bin/sh")
            .args(["-c", "sleep 600 & exit 0"])
            .process_group(0)
            .spawn()
            .expect("a shell starts");
        let group = Whom::Group(ProcessId(leader.id()));
        leader.wait().expect("the leader ends by itself");
        assert!(is_there(group), "the grandchild still sleeps");

        // when the group is ended
        end(group, || true);

        // then nobody is left
        assert!(!is_there(group), "the grandchild outlived its group");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_that_has_ended_but_was_not_collected_is_not_there() {
        let group = Whom::Group(ProcessId(7));
        assert!(is_alive_and("9 (a name) with) brackets) S 1 7 7 0", group));
        assert!(!is_alive_and("9 (sleep) Z 1 7 7 0", group), "it has ended");
        assert!(!is_alive_and("7 (sleep) S 1 8 8 0", group), "another group");
        assert!(is_alive_and("7 (sleep) S 1 8 8 0", Whom::One(ProcessId(7))));
    }

    #[test]
    fn whoever_ignores_the_asking_is_made_to_end() {
        let mut stubborn = Command::new("/bin/sh")
            .args(["-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"])
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("a shell starts");
        let mut first = [0_u8; 6];
        std::io::Read::read_exact(&mut stubborn.stdout.take().expect("piped"), &mut first)
            .expect("it says that its trap is set");
        let group = Whom::Group(ProcessId(stubborn.id()));

        end(group, || matches!(stubborn.try_wait(), Ok(Some(_))));

        let status = stubborn.wait().expect("it has ended");
        assert!(!status.success(), "it was killed, it didn't leave: {status}");
    }
}
