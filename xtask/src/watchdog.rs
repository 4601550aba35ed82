//! A second xtask process that ends the children when the first one can't: after Ctrl-C, a closed
//! terminal, a panic or `kill -9`.
//!
//! The standard library can't catch a signal, so nothing tries to. The first process holds the only
//! writing end of a pipe to the watchdog and tells it, a line each, whom it has started and who is
//! gone. However the first process dies, the system closes the pipe; the watchdog reads the end of
//! its input, ends everyone still on its list, latest first, and ends too. It sits in a group of its
//! own, where a terminal's Ctrl-C doesn't reach it.

use std::env;
use std::io::{self, BufRead, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::failure::Failure;
use crate::signals::{self, ProcessId, Whom};

/// The first process's side: told of every child, and let go by dropping it.
#[derive(Debug)]
pub struct Watchdog {
    process: Child,
    pipe: Option<ChildStdin>,
}

impl Watchdog {
    pub fn start() -> Result<Self, Failure> {
        let failed = |error| Failure::new(format!("can't start the watchdog: {error}"));
        let own = env::current_exe().map_err(failed)?;
        let mut command = Command::new(own);
        command.arg("watchdog").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        in_own_group(&mut command);
        let mut process = command.spawn().map_err(failed)?;
        let pipe = process.stdin.take();
        Ok(Self { process, pipe })
    }

    pub fn remember(&mut self, whom: Whom) {
        self.tell(&line_to_remember(whom));
    }

    pub fn forget(&mut self, whom: Whom) {
        self.tell(&line_to_forget(whom));
    }

    /// A watchdog that has been killed is no reason to stop the work.
    fn tell(&mut self, line: &str) {
        if let Some(pipe) = &mut self.pipe {
            let _ = pipe.write_all(line.as_bytes()).and_then(|()| pipe.flush());
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.pipe = None;
        let _ = self.process.wait();
    }
}

/// Puts a child where a terminal's Ctrl-C doesn't reach it and where it can be ended with all that
/// it starts.
pub fn in_own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(windows)]
    {
        /// `CREATE_NEW_PROCESS_GROUP` of the Windows headers.
        const NEW_GROUP: u32 = 0x0000_0200;
        std::os::windows::process::CommandExt::creation_flags(command, NEW_GROUP);
    }
}

/// The watchdog's side: the whole life of the second process.
pub fn keep_watch() -> Result<(), Failure> {
    let mut remembered = Remembered::default();
    for line in io::stdin().lock().lines() {
        match line {
            Ok(line) => remembered.hear(&line),
            Err(_) => break,
        }
    }
    for whom in remembered.latest_first() {
        signals::end(whom, || true);
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Remembered(Vec<Whom>);

impl Remembered {
    fn hear(&mut self, line: &str) {
        let mut words = line.split(' ');
        let (Some(verb), Some(kind), Some(number)) = (words.next(), words.next(), words.next()) else {
            return;
        };
        // 0 and 1 name one's own group and everybody to `kill`.
        let Some(id) = number.parse().ok().filter(|id| *id > 1).map(ProcessId) else {
            return;
        };
        let whom = match kind {
            "one" => Whom::One(id),
            "group" => Whom::Group(id),
            _ => return,
        };
        match verb {
            "remember" => self.0.push(whom),
            "forget" => self.0.retain(|other| *other != whom),
            _ => {}
        }
    }

    fn latest_first(&self) -> impl Iterator<Item = Whom> {
        self.0.iter().rev().copied()
    }
}

fn line_to_remember(whom: Whom) -> String {
    format!("remember {}\n", spelled(whom))
}

fn line_to_forget(whom: Whom) -> String {
    format!("forget {}\n", spelled(whom))
}

fn spelled(whom: Whom) -> String {
    match whom {
        Whom::One(id) => format!("one {}", id.0),
        Whom::Group(id) => format!("group {}", id.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: Whom = Whom::Group(ProcessId(41));
    const WINDOW: Whom = Whom::Group(ProcessId(42));
    const CARGO: Whom = Whom::One(ProcessId(43));

    fn after(lines: &[String]) -> Vec<Whom> {
        let mut remembered = Remembered::default();
        for line in lines {
            remembered.hear(line.trim_end());
        }
        remembered.latest_first().collect()
    }

    #[test]
    fn the_latest_child_is_ended_first_so_that_windows_can_still_reach_their_server() {
        let heard = after(&[line_to_remember(SERVER), line_to_remember(WINDOW), line_to_remember(CARGO)]);
        assert_eq!(heard, [CARGO, WINDOW, SERVER]);
    }

    #[test]
    fn a_child_that_has_ended_is_left_alone_because_its_number_may_be_someone_elses() {
        let heard = after(&[line_to_remember(SERVER), line_to_remember(CARGO), line_to_forget(CARGO)]);
        assert_eq!(heard, [SERVER]);
    }

    #[test]
    fn numbers_that_mean_everybody_are_never_believed() {
        let lines = ["remember group 0", "remember group 1", "remember one -1", "remember"];
        assert_eq!(after(&lines.map(str::to_owned)), []);
    }
}
