//! Which news become a toast, in which words, and when: with restraint.
//!
//! Each conversation has one toast that is replaced and counts; news wait a moment so that a burst becomes one; with
//! four toasts up, all further ones share a fifth. What its author mends or deletes, a toast shows no longer. Owned by
//! the desk, which tells it the time and the events and brings what falls due to the `screen`. Plain data: no clock, no D-Bus.

mod said;
pub mod screen;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use juice_engine::view::{
    Availability, CallRecord, CallStage, CallView, Event, MessageView, Notice, Phase, ServerState,
};

use self::said::Said;
use crate::{events::WindowNews, mirror::Mirror, words::Words};

/// Long enough for a burst to become one toast, too short to be noticed.
const GATHERING: Duration = Duration::from_millis(150);
/// A toast that changes more often than this can't be read.
const APART: Duration = Duration::from_millis(1_500);
/// After signing in everybody who is online appears at once.
const SETTLING: Duration = Duration::from_secs(10);
/// Toasts of their own; above it they share one more.
const MOST: usize = 4;
/// Characters of a message that a toast shows.
const LENGTH: usize = 200;

/// The place of a toast on the screen: the next one in it replaces the former.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Messages of one buddy.
    Conversation(String),
    /// A buddy came online.
    Arrival(String),
    /// A buddy said yes.
    Accepted(String),
    /// A call that rings, by its id.
    Call(String),
    /// People who ask.
    Requests,
    /// All that finds no place of its own.
    More,
    /// The window has gone to the tray for the first time.
    Hidden,
}

/// A toast to be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    pub slot: Slot,
    pub title: String,
    pub body: String,
    /// What a click tells the page, beside bringing up the window.
    pub click: Option<WindowNews>,
}

/// What the person has before their eyes.
#[derive(Debug, Default)]
pub struct Eyes {
    /// The conversation that the page shows in front.
    pub looking: Option<String>,
    /// The window has the focus.
    pub focused: bool,
}

/// The toasts that wait and those that are up.
#[derive(Debug)]
pub struct Toasts {
    words: &'static Words,
    waiting: HashMap<Slot, Waiting>,
    up: HashMap<Slot, Up>,
    quiet_until: Option<Instant>,
}

#[derive(Debug)]
struct Waiting {
    due: Instant,
    /// None where what is up is only to be mended.
    said: Said,
    toast: Toast,
}

#[derive(Debug)]
struct Up {
    since: Instant,
    said: Said,
    /// Without what it counts.
    toast: Toast,
}

impl Toasts {
    /// None yet.
    pub fn new(words: &'static Words) -> Self {
        Self { words, waiting: HashMap::new(), up: HashMap::new(), quiet_until: None }
    }

    /// Takes in an event that the mirror knows of already.
    pub fn hear(&mut self, event: &Event, mirror: &Mirror, eyes: &Eyes, now: Instant) {
        if let Event::PhaseChanged { phase: Phase::Open } | Event::ServerChanged { server: ServerState::Connected } =
            event
        {
            self.quiet_until = now.checked_add(SETTLING);
        }
        if mirror.availability().is_none_or(|said| said == Availability::Busy) {
            return;
        }
        let Some(toast) = self.worded(event, mirror, eyes, now) else { return };
        let said = if let Event::MessageArrived { message } = event {
            Said::message(&message.id, &toast.body)
        } else {
            Said::news()
        };
        self.wait(toast, said, now);
    }

    /// A message has been mended or deleted: so is what waits of it and what is up. Gives what shall be taken back.
    #[must_use]
    pub fn mended(&mut self, message: &MessageView, now: Instant) -> Option<Slot> {
        let slot = Slot::Conversation(message.buddy.clone());
        let body = (!message.deleted).then(|| self.said(message));
        let (id, body) = (message.id.as_str(), body.as_deref());
        let is_up = self.up.contains_key(&slot);
        if let Some(waiting) = self.waiting.get_mut(&slot)
            && waiting.said.mend(id, body)
            && waiting.said.count() == 0
            && !is_up
        {
            self.waiting.remove(&slot);
        }
        let up = self.up.get_mut(&slot)?;
        if !up.said.mend(id, body) {
            return None;
        }
        if up.said.count() == 0 {
            self.up.remove(&slot);
            return Some(slot);
        }
        let toast = up.toast.clone();
        self.wait(toast, Said::default(), now);
        None
    }

    /// When the next toast falls due.
    pub fn next_due(&self) -> Option<Instant> {
        self.waiting.values().map(|waiting| waiting.due).min()
    }

    /// The toasts to be shown now.
    pub fn due(&mut self, now: Instant) -> Vec<Toast> {
        let slots: Vec<Slot> =
            self.waiting.iter().filter(|(_, waiting)| waiting.due <= now).map(|(slot, _)| slot.clone()).collect();
        let ready: Vec<Waiting> = slots.iter().filter_map(|slot| self.waiting.remove(slot)).collect();
        let mut shown: Vec<Toast> = Vec::new();
        for waiting in ready {
            let toast = self.raise(waiting, now);
            shown.retain(|other| other.slot != toast.slot);
            shown.push(toast);
        }
        shown
    }

    /// A toast has left the screen.
    pub fn gone(&mut self, slot: &Slot) {
        self.up.remove(slot);
        self.waiting.retain(|other, waiting| other != slot || waiting.said.count() > 0);
    }

    /// The person has seen a conversation: what waits of it is dropped, and what is up shall be taken back.
    #[must_use]
    pub fn seen(&mut self, buddy: &str) -> Option<Slot> {
        let slot = Slot::Conversation(buddy.to_owned());
        self.waiting.remove(&slot);
        self.up.remove(&slot).map(|_| slot)
    }

    /// Nobody waits for an answer any more.
    #[must_use]
    pub fn answered(&mut self) -> Option<Slot> {
        self.waiting.remove(&Slot::Requests);
        self.up.remove(&Slot::Requests).map(|_| Slot::Requests)
    }

    /// Signed out: nothing of it stays. Gives what shall be taken back.
    #[must_use]
    pub fn clear(&mut self) -> Vec<Slot> {
        self.waiting.clear();
        self.up.drain().map(|(slot, _)| slot).collect()
    }

    fn worded(&self, event: &Event, mirror: &Mirror, eyes: &Eyes, now: Instant) -> Option<Toast> {
        let open = |buddy: &str| Some(WindowNews::OpenConversation { buddy: buddy.to_owned() });
        let of_buddy = |slot: Slot, buddy: &str, words: &str| {
            let label = mirror.label(buddy)?;
            Some(Toast { slot, title: plain(label), body: words.to_owned(), click: open(buddy) })
        };
        match event {
            // Whoever talked knows of it.
            Event::MessageArrived { message } if matches!(message.call, Some(CallRecord::Talked { .. })) => None,
            Event::MessageArrived { message } if eyes.looking.as_deref() != Some(&message.buddy) => {
                of_buddy(Slot::Conversation(message.buddy.clone()), &message.buddy, &self.said(message))
            }
            Event::BuddyAppeared { id } if !eyes.focused && self.quiet_until.is_none_or(|end| end <= now) => {
                of_buddy(Slot::Arrival(id.clone()), id, self.words.is_here)
            }
            Event::Notice { notice: Notice::Accepted { buddy } } if !eyes.focused => {
                of_buddy(Slot::Accepted(buddy.clone()), buddy, self.words.accepted)
            }
            Event::RequestArrived { request } if !eyes.focused => Some(Toast {
                slot: Slot::Requests,
                title: plain(&request.name),
                body: self.words.wants_in.into(),
                click: Some(WindowNews::OpenRequests),
            }),
            Event::PhaseChanged { .. }
            | Event::MeChanged { .. }
            | Event::ServerChanged { .. }
            | Event::BuddyChanged { .. }
            | Event::BuddyRemoved { .. }
            | Event::BuddyAppeared { .. }
            | Event::BuddyWentAway { .. }
            | Event::RequestArrived { .. }
            | Event::RequestGone { .. }
            | Event::MessageQueued { .. }
            | Event::MessageArrived { .. }
            | Event::DeliveryChanged { .. }
            | Event::MessageChanged { .. }
            | Event::ConversationForgotten { .. }
            | Event::FileChanged { .. }
            | Event::FilePreparing { .. }
            | Event::CallChanged { .. }
            | Event::CallEnded { .. }
            | Event::CallLeft { .. }
            | Event::CallQualityChanged { .. }
            | Event::SoundLevelsChanged { .. }
            | Event::SoundDevicesChanged { .. }
            | Event::VideoDevicesChanged { .. }
            | Event::SoundTestChanged { .. }
            | Event::CallRecorded { .. }
            | Event::MemoChanged { .. }
            | Event::MemoGone { .. }
            | Event::MemoFailed { .. }
            | Event::MemoPlayed { .. }
            | Event::Notice { .. }
            | Event::EventsLost => None,
        }
    }

    /// A call that rings here: a toast of its own at once, since nobody waits for a call to be gathered.
    pub fn ringing(&self, call: &CallView, mirror: &Mirror) -> Option<Toast> {
        if call.stage != CallStage::Incoming || mirror.availability().is_none_or(|said| said == Availability::Busy) {
            return None;
        }
        Some(Toast {
            slot: Slot::Call(call.id.clone()),
            title: plain(mirror.label(&call.buddy)?),
            body: self.words.calls.to_owned(),
            click: Some(WindowNews::OpenConversation { buddy: call.buddy.clone() }),
        })
    }

    /// What a message says, or what came with it.
    fn said(&self, message: &MessageView) -> String {
        match message.call {
            Some(CallRecord::Talked { .. }) => return self.words.talked.to_owned(),
            Some(_) => return self.words.missed.to_owned(),
            None => {}
        }
        match &message.file {
            Some(file) if message.text.is_empty() => {
                if let Some(memo) = &file.memo {
                    return (if memo.video { self.words.video_message } else { self.words.voice_message }).to_owned();
                }
                let kind = if file.picture.is_some() { self.words.picture } else { self.words.file };
                format!("{kind}: {}", plain(&file.name))
            }
            Some(_) | None if message.unsupported => self.words.unsupported.to_owned(),
            Some(_) | None => plain(&message.text),
        }
    }

    fn wait(&mut self, toast: Toast, said: Said, now: Instant) {
        let soon = now.checked_add(GATHERING).unwrap_or(now);
        let apart = self.up.get(&toast.slot).and_then(|up| up.since.checked_add(APART));
        let due = apart.map_or(soon, |apart| apart.max(soon));
        let slot = toast.slot.clone();
        match self.waiting.get_mut(&slot) {
            Some(waiting) => {
                waiting.said.add(said);
                waiting.toast = toast;
            }
            None => drop(self.waiting.insert(slot, Waiting { due, said, toast })),
        }
    }

    /// Gives a toast its place, its count, and the newest text.
    fn raise(&mut self, waiting: Waiting, now: Instant) -> Toast {
        let Waiting { said, mut toast, .. } = waiting;
        let own = self.up.keys().filter(|slot| **slot != Slot::More).count();
        let crowded = own >= MOST && !self.up.contains_key(&toast.slot);
        let slot = if crowded { Slot::More } else { toast.slot.clone() };
        let up = self.up.entry(slot.clone()).or_insert_with(|| Up {
            since: now,
            said: Said::default(),
            toast: toast.clone(),
        });
        up.since = now;
        up.said.add(said);
        up.toast = toast.clone();
        let count = up.said.count();
        if let (Slot::Conversation(_), Some(newest)) = (&slot, up.said.newest()) {
            newest.clone_into(&mut toast.body);
        }
        match slot {
            Slot::More => Toast { slot, title: "JUICE".into(), body: self.words.more(count), click: None },
            Slot::Conversation(_) | Slot::Requests if count > 1 => {
                toast.title = format!("{} ({count})", toast.title);
                toast
            }
            Slot::Conversation(_)
            | Slot::Requests
            | Slot::Arrival(_)
            | Slot::Accepted(_)
            | Slot::Call(_)
            | Slot::Hidden => toast,
        }
    }
}

/// A text as a toast shows it: the first 200 characters, no control characters but the line's end, none of those that
/// turn the direction of what stands around them.
pub fn plain(text: &str) -> String {
    let harmless =
        |c: &char| (*c == '\n' || !c.is_control()) && !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut characters = text.trim().chars().filter(harmless);
    let mut short: String = characters.by_ref().take(LENGTH).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

/// A text for servers that read markup in the body: shown as it was typed.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
