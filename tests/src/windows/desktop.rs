//! What a desktop brings: dialogs for files, and a file manager. Nobody sees either; a test says what a person chooses.
//!
//! The dialog is the one that the toolkit asks a desktop for (`org.freedesktop.portal.FileChooser`) where
//! `GTK_USE_PORTAL` says so, as it does in every sandbox: the app takes the same road as there.

use std::path::Path;

use serde_json::Value;

use super::{service::Service, stage::Stage};

/// Owns the portal and the file manager, and is told the path that the person chooses in the dialog that is open.
const DESKTOP: &str = r#"
import pathlib
import dbus.lowlevel

ROOT = "/org/freedesktop/portal/desktop"
waiting = []

class Portal(dbus.service.Object):
    @dbus.service.method("org.freedesktop.portal.FileChooser", in_signature="ssa{sv}", out_signature="o",
                         sender_keyword="sender")
    def SaveFile(self, parent, title, options, sender=None):
        handle = "/".join([ROOT, "request", sender[1:].replace(".", "_"), options["handle_token"]])
        # Who asked listens for what is sent to it alone.
        response = dbus.lowlevel.SignalMessage(handle, "org.freedesktop.portal.Request", "Response")
        response.set_destination(sender)
        waiting.append(response)
        say(saves=str(options.get("current_name", "")))
        return handle

    # What else programs ask of a portal at their start.
    @dbus.service.method("org.freedesktop.portal.ProxyResolver", in_signature="s", out_signature="as")
    def Lookup(self, uri):
        return ["direct://"]

    @dbus.service.method("org.freedesktop.portal.NetworkMonitor", out_signature="a{sv}")
    def GetStatus(self):
        return {"available": True, "metered": False, "connectivity": dbus.UInt32(4)}

    @dbus.service.method(dbus.PROPERTIES_IFACE, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        return dbus.UInt32(3)

    @dbus.service.method(dbus.PROPERTIES_IFACE, in_signature="s", out_signature="a{sv}")
    def GetAll(self, interface):
        return {"version": dbus.UInt32(3)}

class FileManager(dbus.service.Object):
    @dbus.service.method("org.freedesktop.FileManager1", in_signature="ass")
    def ShowItems(self, uris, startup):
        say(shows=[str(uri) for uri in uris])

portal = Portal(bus, ROOT)
files = FileManager(bus, "/org/freedesktop/FileManager1")
own("org.freedesktop.portal.Desktop")
own("org.freedesktop.FileManager1")

def heard(line):
    uris = dbus.Array([pathlib.Path(line).as_uri()], signature="s")
    response = waiting.pop(0)
    response.append(dbus.UInt32(0), {"uris": uris}, signature="ua{sv}")
    bus.send_message(response)
"#;

pub struct Desktop(Service);

impl Desktop {
    /// What a window needs in its environment, to ask this one.
    pub const ENVIRONMENT: (&str, &str) = ("GTK_USE_PORTAL", "1");

    pub fn watch(stage: &Stage) -> Self {
        Self(Service::start(stage, "desktop", DESKTOP))
    }

    /// Waits for a dialog that asks where to save, and chooses this path. Gives the name that was proposed.
    pub fn save_to(&mut self, path: &Path) -> String {
        let dialog = self.0.until("dialog to save a file", |call| call.get("saves").is_some());
        self.0.tell(path.to_str().expect("a path of letters"));
        dialog["saves"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the file manager shows files, and gives their addresses.
    pub fn shown(&mut self) -> Value {
        self.0.until("file to be shown", |call| call.get("shows").is_some())["shows"].take()
    }
}
