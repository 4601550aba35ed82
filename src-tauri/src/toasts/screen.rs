//! Puts toasts on the screen and hears what becomes of them.
//!
//! One task, ordered by the desk through a short queue (full: the toast is dropped, for the window says the same).
//! On Linux and the BSDs toasts are replaced in place, taken back and clicked; on macOS and Windows they are shown.
//! Nothing here outlives a toast: a waiter ends with its toast, at the latest after ten minutes.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use juice_engine::view::Command;
use notify_rust::Notification;
use tokio::{sync::mpsc, task::AbortHandle, time::timeout};

use super::{Slot, Toast, escaped};
use crate::{
    desk::{Ask, Desk},
    words::Words,
};

/// What the desk orders.
#[derive(Debug)]
pub enum Order {
    Show(Toast),
    TakeBack(Slot),
}

/// Orders that may wait.
const ORDERS: usize = 16;
/// A notification service that has to be started first gets this long.
const PATIENCE: Duration = Duration::from_secs(5);
/// Toasts that nobody closes are forgotten after this.
const FORGOTTEN: Duration = Duration::from_secs(600);
const PICTURE: &[u8] = include_bytes!("../../../assets/icons/128x128.png");

/// The actions of a toast that rings.
const ANSWER: &str = "answer";
const DECLINE: &str = "decline";

/// Starts the task. `profile` is where the picture lies that toasts show.
pub fn start(profile: PathBuf, words: &'static Words, desk: Desk) -> mpsc::Sender<Order> {
    let (orders, inbox) = mpsc::channel(ORDERS);
    tokio::spawn(Screen { profile, words, desk, abilities: None, live: HashMap::new() }.run(inbox));
    orders
}

struct Screen {
    profile: PathBuf,
    words: &'static Words,
    desk: Desk,
    /// What the notification service can do; asked once it answers.
    abilities: Option<Abilities>,
    live: HashMap<Slot, Live>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Abilities {
    markup: bool,
    actions: bool,
}

struct Live {
    shown: Arc<platform::Shown>,
    waiter: AbortHandle,
}

impl Screen {
    async fn run(mut self, mut inbox: mpsc::Receiver<Order>) {
        while let Some(order) = inbox.recv().await {
            match order {
                Order::Show(toast) => self.show(toast).await,
                Order::TakeBack(slot) => self.take_back(&slot).await,
            }
        }
        let slots: Vec<Slot> = self.live.keys().cloned().collect();
        for slot in slots {
            self.take_back(&slot).await;
        }
    }

    async fn show(&mut self, toast: Toast) {
        self.live.retain(|_, live| !live.waiter.is_finished());
        let abilities = self.abilities().await;
        let former = self.live.remove(&toast.slot);
        let mut notification = self.worded(&toast, abilities);
        if let Some(former) = &former {
            former.waiter.abort();
            platform::replace(&mut notification, &former.shown);
        }
        match timeout(PATIENCE, platform::show(notification)).await {
            Ok(Ok(shown)) => {
                let shown = Arc::new(shown);
                let waiter = tokio::spawn(wait(Arc::clone(&shown), toast.clone(), self.desk.clone())).abort_handle();
                self.live.insert(toast.slot, Live { shown, waiter });
                return;
            }
            Ok(Err(error)) => tracing::debug!(%error, "no toast was shown"),
            Err(_) => tracing::debug!("no notification service answered"),
        }
        self.desk.tell(Ask::ToastGone(toast.slot));
    }

    async fn take_back(&mut self, slot: &Slot) {
        let Some(live) = self.live.remove(slot) else { return };
        live.waiter.abort();
        if timeout(PATIENCE, platform::take_back(&live.shown)).await.is_err() {
            tracing::debug!("a toast was not taken back");
        }
    }

    async fn abilities(&mut self) -> Abilities {
        if self.abilities.is_none() {
            let asked = timeout(PATIENCE, tokio::task::spawn_blocking(platform::abilities)).await;
            self.abilities = asked.ok().and_then(Result::ok).flatten();
        }
        self.abilities.unwrap_or_default()
    }

    fn worded(&self, toast: &Toast, abilities: Abilities) -> Notification {
        let mut notification = Notification::new();
        let body = if abilities.markup { escaped(&toast.body) } else { toast.body.clone() };
        notification.appname("JUICE").summary(&toast.title).body(&body);
        if let Some(picture) = self.picture() {
            notification.icon(&picture);
        }
        if abilities.actions && toast.slot != Slot::Hidden {
            notification.action("default", "JUICE");
        }
        if let (Slot::Call(_), true) = (&toast.slot, abilities.actions) {
            notification.action(ANSWER, self.words.answer).action(DECLINE, self.words.decline);
        }
        platform::dress(&mut notification, &toast.slot);
        notification
    }

    /// The picture as a file, for an installed icon is not to be counted on.
    fn picture(&self) -> Option<String> {
        let path = self.profile.join("toast.png");
        if !path.exists() {
            std::fs::write(&path, PICTURE).ok()?;
        }
        Some(path.to_str()?.to_owned())
    }
}

/// Waits until a toast is clicked, closed or forgotten, and tells the desk.
async fn wait(shown: Arc<platform::Shown>, toast: Toast, desk: Desk) {
    let clicked = timeout(FORGOTTEN, platform::clicked(&shown)).await.unwrap_or(None);
    match (clicked.as_deref(), &toast.slot) {
        (Some(ANSWER), Slot::Call(call)) => {
            desk.tell(Ask::Call(Command::AnswerCall { call: call.clone(), video: false }));
            desk.tell(Ask::Show(toast.click));
        }
        (Some(DECLINE), Slot::Call(call)) => desk.tell(Ask::Call(Command::DeclineCall { call: call.clone() })),
        (Some(_), _) => desk.tell(Ask::Show(toast.click)),
        (None, _) => {}
    }
    desk.tell(Ask::ToastGone(toast.slot));
}

#[cfg(all(unix, not(target_os = "macos")))]
mod platform {
    use notify_rust::{
        Hint, Notification, NotificationHandle, NotificationResponse, Timeout, Urgency, error::Result, get_capabilities,
    };

    use super::{Abilities, Slot};

    pub type Shown = NotificationHandle;

    pub fn abilities() -> Option<Abilities> {
        let all = get_capabilities().ok()?;
        let can = |what: &str| all.iter().any(|ability| ability == what);
        Some(Abilities { markup: can("body-markup"), actions: can("actions") })
    }

    pub fn dress(notification: &mut Notification, slot: &Slot) {
        notification.hint(Hint::DesktopEntry("JUICE".into())).hint(Hint::SuppressSound(true));
        match slot {
            Slot::Conversation(_) => notification.hint(Hint::Category("im.received".into())),
            Slot::Arrival(_) => notification.hint(Hint::Category("presence.online".into())).hint(Hint::Transient(true)),
            // It rings as long as the call does, and is above what is full-screen.
            Slot::Call(_) => notification
                .hint(Hint::Category("call.incoming".into()))
                .hint(Hint::Resident(true))
                .urgency(Urgency::Critical)
                .timeout(Timeout::Never),
            Slot::Accepted(_) | Slot::Requests | Slot::More | Slot::Hidden => {
                notification.hint(Hint::Category("im".into()))
            }
        };
    }

    pub fn replace(notification: &mut Notification, former: &Shown) {
        notification.id(former.id());
    }

    pub async fn show(notification: Notification) -> Result<Shown> {
        notification.show_async().await
    }

    /// The action that was clicked.
    pub async fn clicked(shown: &Shown) -> Option<String> {
        let mut clicked = None;
        shown
            .wait_for_action_async(|response: &NotificationResponse| {
                clicked = match response {
                    NotificationResponse::Default => Some("default".to_owned()),
                    NotificationResponse::Action(action) => Some(action.clone()),
                    NotificationResponse::Reply(_) | NotificationResponse::Closed(_) => None,
                };
            })
            .await;
        clicked
    }

    pub async fn take_back(shown: &Shown) {
        shown.close_async().await;
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
mod platform {
    use notify_rust::{Notification, error::Result};

    use super::{Abilities, Slot};

    pub struct Shown;

    pub fn abilities() -> Option<Abilities> {
        Some(Abilities::default())
    }

    pub fn dress(_: &mut Notification, _: &Slot) {}

    pub fn replace(_: &mut Notification, _: &Shown) {}

    pub async fn show(notification: Notification) -> Result<Shown> {
        let shown = tokio::task::spawn_blocking(move || notification.show().map(drop)).await;
        shown.unwrap_or(Ok(())).map(|()| Shown)
    }

    /// Never, and the toast counts as gone when the system has long put it away.
    pub async fn clicked(_: &Shown) -> Option<String> {
        tokio::time::sleep(std::time::Duration::from_secs(10)).await;
        None
    }

    pub async fn take_back(_: &Shown) {}
}
