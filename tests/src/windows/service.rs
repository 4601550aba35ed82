//! A service on the stage's bus: what a desktop has and a hidden screen lacks.
//!
//! A Python script, which prints a line of JSON for each call that it gets, and reads a line for each thing that it shall do.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::{Child, Stdio},
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::Instant,
};

use serde_json::Value;

use super::stage::Stage;
use crate::PATIENCE;

/// Calls that nobody has asked for yet; a script that has more to say waits.
const CALLS: usize = 256;

/// What every script begins and ends with: `heard(line)` is the script's own, and `own(name)` makes it reachable.
const BEFORE: &str = r#"
import json, sys
import dbus, dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

DBusGMainLoop(set_as_default=True)
bus = dbus.SessionBus()
names = []

def own(name):
    names.append(dbus.service.BusName(name, bus))

def say(**call):
    print(json.dumps(call), flush=True)
"#;
const AFTER: &str = r#"
def read(source, condition):
    line = sys.stdin.readline()
    if not line:
        loop.quit()
        return False
    heard(line.rstrip("\n"))
    return True

GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, read)
loop = GLib.MainLoop()
say()
loop.run()
"#;

pub(super) struct Service {
    child: Child,
    calls: Receiver<Value>,
    seen: Vec<Value>,
}

impl Service {
    /// Starts it, and waits until it can be reached.
    pub fn start(stage: &Stage, name: &str, script: &str) -> Self {
        let file = stage.folder.path().join(format!("{name}.py"));
        fs::write(&file, [BEFORE, script, AFTER].concat()).expect("writable");
        let mut child = stage
            .command("/usr/bin/python3")
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 with dbus and gi is here");
        let calls = calls_of(&mut child);
        calls.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{name} starts"));
        Self { child, calls, seen: Vec::new() }
    }

    /// Waits for a call; each is given once.
    pub fn until(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.seen.iter().position(&fits) {
            return self.seen.remove(at);
        }
        let end = Instant::now() + PATIENCE;
        loop {
            match self.calls.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(call) if fits(&call) => return call,
                Ok(call) => self.seen.push(call),
                Err(_) => panic!("no {what}; there were {:?}", self.seen),
            }
        }
    }

    pub fn tell(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().expect("piped");
        writeln!(stdin, "{line}").expect("the service runs");
    }
}

fn calls_of(child: &mut Child) -> Receiver<Value> {
    let (teller, calls) = sync_channel(CALLS);
    let stdout = BufReader::new(child.stdout.take().expect("piped"));
    thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            let Ok(value) = serde_json::from_str(&line) else { continue };
            if teller.send(value).is_err() {
                break;
            }
        }
    });
    calls
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
