//! A notification daemon that shows nothing and remembers everything.

use serde_json::Value;

use super::{service::Service, stage::Stage};

/// Owns `org.freedesktop.Notifications`, and is told which toast is clicked.
const DAEMON: &str = r#"
NAME = "org.freedesktop.Notifications"

class Daemon(dbus.service.Object):
    last = 0

    @dbus.service.method(NAME, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, app, replaces, icon, summary, body, actions, hints, timeout):
        Daemon.last = int(replaces) or Daemon.last + 1
        say(id=Daemon.last, app=str(app), summary=str(summary), body=str(body),
            actions=[str(a) for a in actions], replaces=int(replaces))
        return Daemon.last

    @dbus.service.method(NAME, in_signature="u")
    def CloseNotification(self, which):
        say(closed=int(which))
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

daemon = Daemon(bus, "/org/freedesktop/Notifications")
own(NAME)

def heard(line):
    daemon.ActionInvoked(dbus.UInt32(int(line)), "default")
"#;

pub struct Toasts(Service);

impl Toasts {
    pub fn watch(stage: &Stage) -> Self {
        Self(Service::start(stage, "toasts", DAEMON))
    }

    /// Waits for a toast.
    pub fn until(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.0.until(&format!("toast {what}"), |call| call.get("closed").is_none() && fits(call))
    }

    /// Waits until the app takes a toast back.
    pub fn until_taken_back(&mut self, toast: &Value) {
        self.0.until("taking back of a toast", |call| call.get("closed") == toast.get("id"));
    }

    /// Clicks a toast.
    pub fn click(&mut self, toast: &Value) {
        self.0.tell(&toast["id"].to_string());
    }
}
