//! A desktop's portal for keys, as Wayland has it: it takes whatever is proposed, and is told when a key goes down and up.

use super::{service::Service, stage::Stage};

/// Owns the portal. The lines that it reads: `down` and `up`; `refuse`, after which nobody gets a key; and `unknown`, after
/// which it says so to every program.
const PORTAL: &str = r#"
import dbus.lowlevel

ROOT = "/org/freedesktop/portal/desktop"
NAME = "org.freedesktop.portal.GlobalShortcuts"
state = {"session": None, "sender": None, "refuse": False, "unknown": False}

class Session(dbus.service.Object):
    @dbus.service.method("org.freedesktop.portal.Session")
    def Close(self):
        self.remove_from_connection()
        say(closed=True)

def path(kind, sender, token):
    return "/".join([ROOT, kind, sender[1:].replace(".", "_"), token])

def respond(sender, token, code, results):
    handle = path("request", sender, token)
    response = dbus.lowlevel.SignalMessage(handle, "org.freedesktop.portal.Request", "Response")
    response.set_destination(sender)
    response.append(dbus.UInt32(code), dbus.Dictionary(results, signature="sv"), signature="ua{sv}")
    GLib.idle_add(lambda: bus.send_message(response) and False)
    return handle

class Portal(dbus.service.Object):
    @dbus.service.method(NAME, in_signature="a{sv}", out_signature="o", sender_keyword="sender")
    def CreateSession(self, options, sender=None):
        if state["unknown"]:
            raise dbus.DBusException("An app id is required", name="org.freedesktop.portal.Error.NotAllowed")
        session = path("session", sender, options["session_handle_token"])
        Session(bus, session)
        return respond(sender, options["handle_token"], 0, {"session_handle": session})

    @dbus.service.method(NAME, in_signature="oa(sa{sv})sa{sv}", out_signature="o", sender_keyword="sender")
    def BindShortcuts(self, session, shortcuts, parent, options, sender=None):
        state.update(session=session, sender=sender)
        name, about = shortcuts[0]
        say(bound=str(about["preferred_trigger"]), description=str(about["description"]))
        if state["refuse"]:
            return respond(sender, options["handle_token"], 1, {})
        given = {"description": about["description"], "trigger_description": "Meta+" + str(about["preferred_trigger"])}
        given = dbus.Array([(name, dbus.Dictionary(given, signature="sv"))], signature="(sa{sv})")
        return respond(sender, options["handle_token"], 0, {"shortcuts": given})

    @dbus.service.method("org.freedesktop.host.portal.Registry", in_signature="sa{sv}")
    def Register(self, app, options):
        say(app=str(app))

    @dbus.service.method(dbus.PROPERTIES_IFACE, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        return dbus.UInt32(1)

    @dbus.service.method(dbus.PROPERTIES_IFACE, in_signature="s", out_signature="a{sv}")
    def GetAll(self, interface):
        return {"version": dbus.UInt32(1)}

portal = Portal(bus, ROOT)
own("org.freedesktop.portal.Desktop")

def heard(line):
    if line in ("refuse", "unknown"):
        state[line] = True
        return
    signal = dbus.lowlevel.SignalMessage(ROOT, NAME, "Activated" if line == "down" else "Deactivated")
    signal.set_destination(state["sender"])
    nothing = dbus.Dictionary({}, signature="sv")
    signal.append(state["session"], "talk", dbus.UInt64(0), nothing, signature="osta{sv}")
    bus.send_message(signal)
"#;

pub struct Shortcuts(Service);

impl Shortcuts {
    /// What a window needs in its environment, to think itself on Wayland.
    pub const ENVIRONMENT: (&str, &str) = ("XDG_SESSION_TYPE", "wayland");

    pub fn watch(stage: &Stage) -> Self {
        Self(Service::start(stage, "shortcuts", PORTAL))
    }

    /// Waits until a key is asked for. Gives how it was proposed.
    pub fn bound(&mut self) -> String {
        let call = self.0.until("key to be asked for", |call| call.get("bound").is_some());
        call["bound"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the key is given back.
    pub fn closed(&mut self) {
        self.0.until("session to be closed", |call| call.get("closed").is_some());
    }

    /// The key goes down or up.
    pub fn press(&mut self, down: bool) {
        self.0.tell(if down { "down" } else { "up" });
    }

    /// Nobody gets a key from here on.
    pub fn refuse(&mut self) {
        self.0.tell("refuse");
    }

    /// No program is known from here on.
    pub fn know_nobody(&mut self) {
        self.0.tell("unknown");
    }
}
