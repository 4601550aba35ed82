//! The processes that xtask has started: run to their end, or kept beside us and ended again.
//!
//! [`Children`] owns them all. What is *run* shares our terminal and its Ctrl-C (cargo, npm, apt);
//! what is *started* gets a group of its own (servers, windows, displays) and is ended with that
//! group when `Children` is dropped. Both kinds are told to the watchdog, which ends them if we die.
//! A thread for each started process whose output is read copies that output into its log.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::failure::Failure;
use crate::signals::{self, ProcessId, Whom};
use crate::watchdog::{self, Watchdog};

/// How much of a log is shown when its process has ended badly.
const LAST_LINES: usize = 20;

/// All processes that this one has started and that have not ended.
#[derive(Debug)]
pub struct Children {
    watchdog: Watchdog,
    started: Vec<Started>,
}

#[derive(Debug)]
struct Started {
    name: String,
    process: Child,
    log: PathBuf,
}

impl Started {
    fn id(&self) -> ProcessId {
        ProcessId(self.process.id())
    }
}

impl Children {
    pub fn with_watchdog() -> Result<Self, Failure> {
        Ok(Self { watchdog: Watchdog::start()?, started: Vec::new() })
    }

    /// Runs a command to its end at our terminal. Anything but success is a failure that names it.
    pub fn run(&mut self, command: &mut Command) -> Result<(), Failure> {
        let spelled = spelled(command);
        let status = self.status_of(command)?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("`{spelled}` ended with {status}"))) }
    }

    fn status_of(&mut self, command: &mut Command) -> Result<ExitStatus, Failure> {
        let spelled = spelled(command);
        let failed = |error| Failure::new(format!("can't run `{spelled}`: {error}"));
        let mut process = command.spawn().map_err(failed)?;
        let whom = Whom::One(ProcessId(process.id()));
        self.watchdog.remember(whom);
        let status = process.wait().map_err(failed);
        self.watchdog.forget(whom);
        status
    }

    /// Starts a command beside us; what it says goes into `log`.
    pub fn start(&mut self, name: &str, command: &mut Command, log: &Path) -> Result<ProcessId, Failure> {
        let (out, errors) = log_file(log)?;
        command.stdout(out).stderr(errors);
        self.spawn(name, command, log)
    }

    /// Starts a command beside us and waits for the first line on its standard output that begins
    /// with `prefix`; gives what follows the prefix. All it says goes into `log`.
    pub fn start_and_hear(
        &mut self,
        name: &str,
        command: &mut Command,
        log: &Path,
        prefix: &'static str,
        patience: Duration,
    ) -> Result<(ProcessId, String), Failure> {
        let (mut copy, errors) = log_file(log)?;
        command.stdout(Stdio::piped()).stderr(errors);
        let id = self.spawn(name, command, log)?;
        let output = self
            .started
            .last_mut()
            .and_then(|started| started.process.stdout.take())
            .ok_or_else(|| Failure::new(format!("{name} has no output")))?;
        let (heard, hearing) = mpsc::sync_channel(1);
        thread::spawn(move || {
            let mut heard = Some(heard);
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = writeln!(copy, "{line}");
                if let Some(rest) = line.strip_prefix(prefix)
                    && let Some(heard) = heard.take()
                {
                    let _ = heard.send(rest.trim().to_owned());
                }
            }
        });
        match hearing.recv_timeout(patience) {
            Ok(line) => Ok((id, line)),
            Err(_) => Err(self.silence_of(id)),
        }
    }

    fn spawn(&mut self, name: &str, command: &mut Command, log: &Path) -> Result<ProcessId, Failure> {
        watchdog::in_own_group(command);
        let process = command
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| Failure::new(format!("can't start {name}: {error}")))?;
        let id = ProcessId(process.id());
        self.watchdog.remember(Whom::Group(id));
        self.started.push(Started { name: name.to_owned(), process, log: log.to_owned() });
        Ok(id)
    }

    /// How a started process has ended, if it has.
    pub fn ended(&mut self, id: ProcessId) -> Option<ExitStatus> {
        let started = self.started.iter_mut().find(|one| one.id() == id)?;
        started.process.try_wait().ok().flatten()
    }

    /// Why a started process that should be there isn't, with the end of its log.
    pub fn silence_of(&mut self, id: ProcessId) -> Failure {
        // A process that closes its output may need a moment to be gone.
        thread::sleep(Duration::from_millis(100));
        let status = self.ended(id);
        let Some(started) = self.started.iter().find(|one| one.id() == id) else {
            return Failure::new("a process that was never started");
        };
        let what = match status {
            Some(status) => format!("{} has ended with {status}", started.name),
            None => format!("{} doesn't answer", started.name),
        };
        let log = fs::read_to_string(&started.log).unwrap_or_default();
        Failure::new(format!("{what}; the end of {}:\n{}", started.log.display(), last_lines(&log)))
    }

    /// Ends a started process and all that it started.
    pub fn end(&mut self, id: ProcessId) {
        let Some(at) = self.started.iter().position(|one| one.id() == id) else {
            return;
        };
        let mut started = self.started.remove(at);
        let group = Whom::Group(id);
        let process = &mut started.process;
        signals::end(group, || matches!(process.try_wait(), Ok(Some(_)) | Err(_)));
        let _ = process.wait();
        self.watchdog.forget(group);
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        while let Some(id) = self.started.last().map(Started::id) {
            self.end(id);
        }
    }
}

/// One log for both outputs of a process.
fn log_file(path: &Path) -> Result<(File, File), Failure> {
    let failed = |error| Failure::about(path, &error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    File::create(path).map_err(failed)?;
    // Appending, because two handles that each keep a position would write over one another.
    let log = File::options().append(true).open(path).map_err(failed)?;
    let other = log.try_clone().map_err(failed)?;
    Ok((log, other))
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let from = lines.len().saturating_sub(LAST_LINES);
    lines.get(from..).unwrap_or_default().join("\n")
}

fn spelled(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut words = vec![program.file_stem().unwrap_or_default().to_string_lossy()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy()));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_a_long_log_is_shown() {
        let log: String = (0..100).map(|number| format!("{number}\n")).collect();
        let shown = last_lines(&log);
        assert_eq!(shown.lines().count(), LAST_LINES);
        assert!(shown.ends_with("99"), "{shown}");
    }

    #[test]
    fn a_command_is_named_as_it_would_be_typed() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["build", "--workspace"]);
        assert_eq!(spelled(&command), "cargo build --workspace");
    }
}
