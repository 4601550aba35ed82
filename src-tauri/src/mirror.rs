//! What the window's frame has to know of the engine's state: names, unread counts, availability.
//!
//! One small copy, built from a snapshot and kept by the same events that the page hears; toasts, tray and title
//! read it here and nowhere else. Owned by the desk. Plain data: no clock, no window, no engine.

use std::collections::{HashMap, HashSet};

use juice_engine::view::{Availability, BuddyView, Event, MeView, Phase, ServerState, Snapshot};

/// The state that toasts, tray and title show.
#[derive(Debug, Default)]
pub struct Mirror {
    open: bool,
    connected: bool,
    me: Option<MeView>,
    buddies: HashMap<String, Known>,
    requests: HashSet<String>,
}

#[derive(Debug)]
struct Known {
    label: String,
    unread: u32,
}

/// What the tray's picture says, the most pressing first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Something waits to be read or answered.
    Unread,
    /// Signed out, without the server, or invisible.
    Offline,
    /// Away or busy.
    Away,
    /// Here.
    Here,
}

impl Mirror {
    /// Starts anew from everything there is.
    pub fn load(&mut self, snapshot: &Snapshot) {
        self.open = snapshot.phase == Phase::Open;
        self.connected = snapshot.server == ServerState::Connected;
        self.me.clone_from(&snapshot.me);
        self.buddies = snapshot.buddies.iter().map(entry).collect();
        self.requests = snapshot.requests.iter().map(|request| request.id.clone()).collect();
    }

    /// Takes in one event. After `EventsLost` and a change of screen only [`Mirror::load`] helps.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::PhaseChanged { phase } => self.open = *phase == Phase::Open,
            Event::MeChanged { me } => self.me = Some(me.clone()),
            Event::ServerChanged { server } => self.connected = *server == ServerState::Connected,
            Event::BuddyChanged { buddy } => self.buddies.extend([entry(buddy)]),
            Event::BuddyRemoved { id } => drop(self.buddies.remove(id)),
            Event::RequestArrived { request } => drop(self.requests.insert(request.id.clone())),
            Event::RequestGone { id } => drop(self.requests.remove(id)),
            Event::BuddyAppeared { .. }
            | Event::BuddyWentAway { .. }
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
            | Event::EventsLost => {}
        }
    }

    /// Whether somebody is signed in here.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// What I say of myself, while signed in.
    pub fn availability(&self) -> Option<Availability> {
        self.signed_in().map(|me| me.availability)
    }

    /// My status line; empty where there is none.
    pub fn status_text(&self) -> &str {
        self.signed_in().map_or("", |me| me.status_text.as_str())
    }

    /// My own name for a buddy, or theirs; none where nobody of that id is known.
    pub fn label(&self, buddy: &str) -> Option<&str> {
        self.buddies.get(buddy).map(|known| known.label.as_str())
    }

    /// Unread messages of one conversation.
    pub fn unread_of(&self, buddy: &str) -> u32 {
        self.buddies.get(buddy).map_or(0, |known| known.unread)
    }

    /// Unread messages of all conversations; none while nobody is signed in.
    pub fn unread(&self) -> u32 {
        if !self.open {
            return 0;
        }
        self.buddies.values().fold(0, |sum, known| sum.saturating_add(known.unread))
    }

    /// Requests that wait for an answer.
    pub fn requests(&self) -> usize {
        self.requests.len()
    }

    /// What the tray's picture says.
    pub fn look(&self) -> Look {
        match self.availability() {
            Some(_) if self.unread() > 0 || self.requests() > 0 => Look::Unread,
            None | Some(Availability::Invisible) => Look::Offline,
            Some(_) if !self.connected => Look::Offline,
            Some(Availability::Away | Availability::Busy) => Look::Away,
            Some(Availability::Here) => Look::Here,
        }
    }

    /// The window's title.
    pub fn title(&self) -> String {
        match self.unread() {
            0 => "JUICE".into(),
            unread => format!("({unread}) JUICE"),
        }
    }

    /// Whether the server is reached.
    pub fn is_connected(&self) -> bool {
        self.connected
    }

    fn signed_in(&self) -> Option<&MeView> {
        self.me.as_ref().filter(|_| self.open)
    }
}

fn entry(buddy: &BuddyView) -> (String, Known) {
    let label = if buddy.alias.is_empty() { &buddy.name } else { &buddy.alias };
    (buddy.id.clone(), Known { label: label.clone(), unread: buddy.unread })
}

#[cfg(test)]
pub mod tests {
    use juice_engine::view::{BuddyPlace, BuddyState, Privacy, Relation, RequestView};

    use super::*;

    pub fn buddy(id: &str, alias: &str, unread: u32) -> BuddyView {
        BuddyView {
            id: id.into(),
            name: format!("{id}'s name"),
            alias: alias.into(),
            relation: Relation::Buddy,
            state: BuddyState::Here,
            status_text: String::new(),
            can_voice: false,
            can_video: false,
            verified: false,
            key_alarm: false,
            route: None,
            typing: false,
            unread,
            last_seen_ms: None,
            last_message_ms: None,
            place: BuddyPlace::default(),
            notes: String::new(),
        }
    }

    pub fn me(availability: Availability) -> MeView {
        MeView {
            id: "me".into(),
            name: "alice".into(),
            server: String::new(),
            availability,
            status_text: "peeling".into(),
            privacy: Privacy::default(),
            groups: Vec::new(),
        }
    }

    pub fn open_with(buddies: Vec<BuddyView>) -> Mirror {
        let mut mirror = Mirror::default();
        mirror.load(&Snapshot {
            phase: Phase::Open,
            me: Some(me(Availability::Here)),
            server: ServerState::Connected,
            buddies,
            requests: Vec::new(),
            calls: Vec::new(),
            memos: Vec::new(),
        });
        mirror
    }

    #[test]
    fn a_buddy_goes_by_the_name_i_gave_and_else_by_their_own() {
        let mirror = open_with(vec![buddy("bob", "Bobby", 0), buddy("eve", "", 0)]);
        assert_eq!(mirror.label("bob"), Some("Bobby"));
        assert_eq!(mirror.label("eve"), Some("eve's name"));
        assert_eq!(mirror.label("nobody"), None);
    }

    #[test]
    fn unread_messages_of_all_conversations_stand_in_the_title() {
        let mut mirror = open_with(vec![buddy("bob", "", 2), buddy("eve", "", 1)]);
        assert_eq!(mirror.title(), "(3) JUICE");
        mirror.apply(&Event::BuddyChanged { buddy: buddy("bob", "", 0) });
        mirror.apply(&Event::BuddyRemoved { id: "eve".into() });
        assert_eq!(mirror.title(), "JUICE");
    }

    #[test]
    fn a_locked_profile_shows_nothing_of_what_waits_in_it() {
        let mut mirror = open_with(vec![buddy("bob", "", 2)]);
        mirror.apply(&Event::PhaseChanged { phase: Phase::Locked });
        assert_eq!((mirror.unread(), mirror.availability(), mirror.look()), (0, None, Look::Offline));
    }

    #[test]
    fn the_tray_shows_unread_first_then_offline_then_away() {
        let mut mirror = open_with(vec![buddy("bob", "", 0)]);
        assert_eq!(mirror.look(), Look::Here);
        mirror.apply(&Event::MeChanged { me: me(Availability::Busy) });
        assert_eq!(mirror.look(), Look::Away);
        mirror.apply(&Event::ServerChanged { server: ServerState::Connecting { attempt: 1 } });
        assert_eq!(mirror.look(), Look::Offline, "nobody hears that I am busy without the server");
        mirror.apply(&Event::BuddyChanged { buddy: buddy("bob", "", 1) });
        assert_eq!(mirror.look(), Look::Unread);
    }

    #[test]
    fn a_request_that_waits_counts_as_unread_until_it_is_gone() {
        let mut mirror = open_with(Vec::new());
        let request = RequestView { id: "eve".into(), name: "eve".into(), note: String::new(), arrived_ms: 0.0 };
        mirror.apply(&Event::RequestArrived { request });
        assert_eq!(mirror.look(), Look::Unread);
        mirror.apply(&Event::RequestGone { id: "eve".into() });
        assert_eq!(mirror.look(), Look::Here);
    }

    #[test]
    fn an_invisible_person_looks_offline() {
        let mut mirror = open_with(Vec::new());
        mirror.apply(&Event::MeChanged { me: me(Availability::Invisible) });
        assert_eq!(mirror.look(), Look::Offline);
    }
}
