//! Keys of the desktop, on Wayland: the portal `org.freedesktop.portal.GlobalShortcuts`, over D-Bus.
//!
//! A session is asked for, then one shortcut in it; the desktop may ask the person, and may give another key than the one
//! that was proposed. Each answer comes as a signal of its own, on a path that is known beforehand. From then on it tells
//! when the key goes down and up. Another key is another session.

use std::time::Duration;

use futures::StreamExt;
use tokio::{sync::watch, time::timeout};
use zbus::{Connection, DeserializeDict, OwnedObjectPath, Proxy, SerializeDict, Type, proxy::SignalStream};

use super::{Combination, TalkKeyState};
use crate::{
    desk::{Ask, Desk},
    words::Words,
};

const DESKTOP: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const SHORTCUTS: &str = "org.freedesktop.portal.GlobalShortcuts";
/// The name of the one shortcut, by which a desktop remembers what the person chose.
const TALK: &str = "talk";
/// What the desktop entry is called that the package brings for this.
const APP: &str = "chat.juice.desktop";
/// What a portal says to a program of which it has no desktop entry.
const NOT_ALLOWED: &str = "org.freedesktop.portal.Error.NotAllowed";
/// A portal that has to be started first gets this long.
const PATIENCE: Duration = Duration::from_secs(5);
/// A person may think about a dialog for so long.
const DIALOG: Duration = Duration::from_secs(300);

#[derive(Default, SerializeDict, Type)]
#[zbus(signature = "a{sv}")]
struct Options<'a> {
    handle_token: Option<&'a str>,
    session_handle_token: Option<&'a str>,
}

#[derive(SerializeDict, Type)]
#[zbus(signature = "a{sv}")]
struct Proposal<'a> {
    description: &'a str,
    preferred_trigger: &'a str,
}

/// What comes of a request.
#[derive(DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
struct Given {
    session_handle: Option<String>,
    shortcuts: Option<Vec<(String, Described)>>,
}

#[derive(DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
struct Described {
    trigger_description: Option<String>,
}

/// What a press comes with, and nobody needs.
#[derive(DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
struct Details {}

/// Why there is no key.
enum Failure {
    /// The desktop, or the person, said no.
    Refused,
    /// The desktop doesn't know who asks.
    Unknown,
    /// The portal doesn't answer as portals do.
    Bus(zbus::Error),
}

impl From<zbus::Error> for Failure {
    fn from(error: zbus::Error) -> Self {
        if matches!(&error, zbus::Error::MethodError(name, ..) if name.as_str() == NOT_ALLOWED) {
            return Self::Unknown;
        }
        Self::Bus(error)
    }
}

/// Has whichever key is wanted, until nobody wants any.
pub async fn keep(words: &Words, desk: &Desk, mut wanted: watch::Receiver<Option<String>>) {
    let Some(portal) = Portal::find().await else {
        return desk.tell(Ask::TalkKey(TalkKeyState::Impossible));
    };
    loop {
        let key = wanted.borrow_and_update().clone();
        let bound = match key.as_deref().map(Combination::read) {
            None => Err(TalkKeyState::Unset),
            Some(None) => Err(TalkKeyState::Unusable),
            Some(Some(combination)) => {
                desk.tell(Ask::TalkKey(TalkKeyState::Asking));
                tokio::select! {
                    bound = portal.bind(&combination, words.talk_key) => bound,
                    // Another one is wanted while the person thinks about this one.
                    Ok(()) = wanted.changed() => continue,
                }
            }
        };
        match bound {
            Ok(mut bound) => {
                desk.tell(Ask::TalkKey(TalkKeyState::Works { keys: bound.keys.clone() }));
                let ended = tokio::select! {
                    () = bound.listen(desk) => Some(TalkKeyState::Refused),
                    changed = wanted.changed() => changed.err().map(|_| TalkKeyState::Unset),
                };
                desk.tell(Ask::Push(false));
                bound.close().await;
                let Some(state) = ended else { continue };
                desk.tell(Ask::TalkKey(state));
            }
            Err(state) => desk.tell(Ask::TalkKey(state)),
        }
        if wanted.changed().await.is_err() {
            return;
        }
    }
}

struct Portal {
    bus: Connection,
    shortcuts: Proxy<'static>,
}

/// A session with the key in it.
struct Bound {
    bus: Connection,
    session: OwnedObjectPath,
    signals: SignalStream<'static>,
    /// As the desktop says it.
    keys: Option<String>,
}

impl Portal {
    /// None where no portal gives keys.
    async fn find() -> Option<Self> {
        let ask = async {
            let bus = Connection::session().await?;
            register(&bus).await;
            let shortcuts = Proxy::new_owned(bus.clone(), DESKTOP, PATH, SHORTCUTS).await?;
            let version: u32 = shortcuts.get_property("version").await?;
            tracing::debug!(version, "the desktop gives keys");
            zbus::Result::Ok(Self { bus, shortcuts })
        };
        match timeout(PATIENCE, ask).await {
            Ok(Ok(portal)) => Some(portal),
            Ok(Err(error)) => {
                tracing::info!(%error, "the desktop gives no keys");
                None
            }
            Err(_) => {
                tracing::info!("the desktop doesn't say whether it gives keys");
                None
            }
        }
    }

    async fn bind(&self, key: &Combination, description: &str) -> Result<Bound, TalkKeyState> {
        match timeout(DIALOG, self.try_to_bind(key, description)).await {
            Ok(Ok(bound)) => Ok(bound),
            Ok(Err(Failure::Refused)) | Err(_) => Err(TalkKeyState::Refused),
            Ok(Err(Failure::Unknown)) => Err(TalkKeyState::Unknown),
            Ok(Err(Failure::Bus(error))) => {
                tracing::warn!(%error, "the desktop's portal gave no key");
                Err(TalkKeyState::Refused)
            }
        }
    }

    async fn try_to_bind(&self, key: &Combination, description: &str) -> Result<Bound, Failure> {
        let options = |token| Options { handle_token: Some(token), session_handle_token: Some("juice") };
        let opened = self.request("CreateSession", "juice_session", |token| (options(token),)).await?;
        let handle = opened.session_handle.ok_or(Failure::Refused)?;
        let session = OwnedObjectPath::try_from(handle)?;
        // Before the key is there, so that no press is missed.
        let signals = self.shortcuts.receive_all_signals().await?;
        let bound = Bound { bus: self.bus.clone(), session: session.clone(), signals, keys: None };
        let trigger = key.trigger();
        let given = self
            .request("BindShortcuts", "juice_bind", |token| {
                let proposal = Proposal { description, preferred_trigger: &trigger };
                let options = Options { handle_token: Some(token), ..Options::default() };
                (session.clone(), vec![(TALK, proposal)], "", options)
            })
            .await;
        let given = match given {
            Ok(given) => given.shortcuts.unwrap_or_default(),
            Err(failure) => {
                bound.close().await;
                return Err(failure);
            }
        };
        let Some((_, described)) = given.into_iter().find(|(id, _)| id == TALK) else {
            bound.close().await;
            return Err(Failure::Refused);
        };
        Ok(Bound { keys: described.trigger_description.filter(|keys| !keys.is_empty()), ..bound })
    }

    /// Asks for something, and waits for what comes of it.
    async fn request<'a, B>(
        &self,
        method: &'static str,
        token: &'a str,
        body: impl FnOnce(&'a str) -> B,
    ) -> Result<Given, Failure>
    where
        B: serde::Serialize + zbus::wire::DynamicType,
    {
        let me = self.bus.unique_name().map(|name| name.trim_start_matches(':').replace('.', "_")).unwrap_or_default();
        let path = format!("{PATH}/request/{me}/{token}");
        let request = Proxy::new(&self.bus, DESKTOP, path, "org.freedesktop.portal.Request").await?;
        let mut responses = request.receive_signal("Response").await?;
        self.shortcuts.call_method(method, &body(token)).await?;
        let response = responses.next().await.ok_or(Failure::Refused)?;
        let (code, given): (u32, Given) = response.body().deserialize()?;
        if code == 0 { Ok(given) } else { Err(Failure::Refused) }
    }
}

/// Says which program this is, by a desktop entry that must be installed: portals since 1.21 give no key to others, and
/// those before 1.20 don't know the question.
async fn register(bus: &Connection) {
    let interface = "org.freedesktop.host.portal.Registry";
    let arguments = (APP, Options::default());
    if let Err(error) = bus.call_method(Some(DESKTOP), PATH, Some(interface), "Register", &arguments).await {
        tracing::debug!(%error, "the portal takes no names");
    }
}

impl Bound {
    /// Tells the desk when the key goes down and up, until the portal is gone.
    async fn listen(&mut self, desk: &Desk) {
        while let Some(signal) = self.signals.next().await {
            let header = signal.header();
            let down = match header.member().map(|member| member.as_str()) {
                Some("Activated") => true,
                Some("Deactivated") => false,
                Some(_) | None => continue,
            };
            let body = signal.body();
            let told: zbus::Result<(OwnedObjectPath, String, u64, Details)> = body.deserialize();
            if told.is_ok_and(|(session, id, ..)| session == self.session && id == TALK) {
                desk.tell(Ask::Push(down));
            }
        }
    }

    async fn close(self) {
        let interface = "org.freedesktop.portal.Session";
        if let Err(error) = self.bus.call_method(Some(DESKTOP), &self.session, Some(interface), "Close", &()).await {
            tracing::debug!(%error, "the portal's session ended by itself");
        }
    }
}
