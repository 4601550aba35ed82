//! A notification daemon that shows nothing and remembers everything.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Instant,
};

use serde_json::Value;

use super::stage::Stage;
use crate::PATIENCE;

/// Owns `org.freedesktop.Notifications` on the stage's bus, and prints each call as a line of JSON.
const DAEMON: &str = r#"
import json, sys
import dbus, dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

DBusGMainLoop(set_as_default=True)
NAME = "org.freedesktop.Notifications"

class Daemon(dbus.service.Object):
    last = 0

    @dbus.service.method(NAME, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, app, replaces, icon, summary, body, actions, hints, timeout):
        Daemon.last = int(replaces) or Daemon.last + 1
        print(json.dumps({"id": Daemon.last, "app": str(app), "summary": str(summary), "body": str(body),
                          "actions": [str(a) for a in actions], "replaces": int(replaces)}), flush=True)
        return Daemon.last

    @dbus.service.method(NAME, in_signature="u")
    def CloseNotification(self, which):
        self.NotificationClosed(which, 3)

    @dbus.service.method(NAME, out_signature="as")
    def GetCapabilities(self):
        return ["body", "actions"]

    @dbus.service.method(NAME, out_signature="ssss")
    def GetServerInformation(self):
        return ("test", "juice", "1", "1.2")

    @dbus.service.signal(NAME, signature="us")
    def ActionInvoked(self, which, action):
        pass

    @dbus.service.signal(NAME, signature="uu")
    def NotificationClosed(self, which, reason):
        pass

bus = dbus.SessionBus()
name = dbus.service.BusName(NAME, bus)
daemon = Daemon(bus, "/org/freedesktop/Notifications")

def heard(source, condition):
    line = sys.stdin.readline()
    if not line:
        loop.quit()
        return False
    daemon.ActionInvoked(dbus.UInt32(int(line)), "default")
    return True

GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, heard)
loop = GLib.MainLoop()
print("{}", flush=True)
loop.run()
"#;

pub struct Toasts {
    child: Child,
    shown: Receiver<Value>,
    seen: Vec<Value>,
}

impl Toasts {
    pub fn watch(stage: &Stage) -> Self {
        let script = stage.folder.path().join("toasts.py");
        fs::write(&script, DAEMON).expect("writable");
        let mut child = stage
            .command("/usr/bin/python3")
            .arg(&script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 with dbus and gi is here");
        let (tell, shown) = channel_of(&mut child);
        drop(tell);
        let toasts = Self { child, shown, seen: Vec::new() };
        toasts.shown.recv_timeout(PATIENCE).expect("the notification daemon starts");
        toasts
    }

    /// Waits for a toast.
    pub fn until(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.seen.iter().position(&fits) {
            return self.seen.remove(at);
        }
        let end = Instant::now() + PATIENCE;
        loop {
            match self.shown.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(toast) if fits(&toast) => return toast,
                Ok(toast) => self.seen.push(toast),
                Err(_) => panic!("no toast {what}; there were {:?}", self.seen),
            }
        }
    }

    /// Clicks a toast.
    pub fn click(&mut self, toast: &Value) {
        use std::io::Write;
        let stdin = self.child.stdin.as_mut().expect("piped");
        writeln!(stdin, "{}", toast["id"]).expect("the daemon runs");
    }
}

#[allow(clippy::disallowed_methods, reason = "toasts in a test are few")]
fn channel_of(child: &mut Child) -> (std::sync::mpsc::Sender<Value>, Receiver<Value>) {
    let (tell, shown) = channel();
    let stdout = BufReader::new(child.stdout.take().expect("piped"));
    let teller = tell.clone();
    thread::spawn(move || {
        for line in stdout.lines().map_while(Result::ok) {
            let Ok(value) = serde_json::from_str(&line) else { continue };
            if teller.send(value).is_err() {
                break;
            }
        }
    });
    (tell, shown)
}

impl Drop for Toasts {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
