//! What the window is shown: views of the state, made when asked for and when something changed.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    Messenger,
    record::{FileRecord, FileStage, Progress, ShownMessage},
    roster::Buddy,
};
use crate::{
    content::{CallOutcome, CallTrace, kind},
    file::is_thumbnail,
    file_name,
    id::{AccountId, MessageId, Millis},
    link::Mood,
    prose,
    safety::SafetyNumber,
    view::{
        Availability, BuddyState, BuddyView, CallRecord, CallView, Delivery, Event, FileStageView, FileView, MeView,
        MemoView, MessageView, PictureView, QuoteView, ReactionView, Relation, RequestView, Route, SafetyNumberView,
        ServerState, Waiting,
    },
};

/// Everything of an open messenger that a window shows.
#[derive(Clone, Debug)]
pub struct Views {
    /// Myself.
    pub me: MeView,
    /// The link to the server.
    pub server: ServerState,
    /// Every row.
    pub buddies: Vec<BuddyView>,
    /// Every request.
    pub requests: Vec<RequestView>,
    /// Every call.
    pub calls: Vec<CallView>,
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit into 53 bits for 285,000 years")]
pub(crate) fn ms(millis: Millis) -> f64 {
    millis as f64
}

impl Messenger {
    /// Everything there is to show now.
    pub fn views(&self) -> Views {
        Views {
            me: self.me_view(),
            server: self.server_state,
            buddies: self.buddies.values().map(|buddy| self.buddy_view(buddy)).collect(),
            requests: self.requests.values().map(request_view).collect(),
            calls: self.calls.views(),
        }
    }

    /// The safety number of a buddy: of the key that is pinned, or of the new one where the key has changed.
    pub fn safety_number(&self, buddy: &str) -> Option<SafetyNumberView> {
        let account = AccountId::parse(buddy).ok()?;
        let buddy = self.buddies.get(&account)?;
        let pin = buddy.offered.as_ref().map(|(_, pin)| pin).or(buddy.record.pin.as_ref())?;
        let number = SafetyNumber::between((&self.me.account, &self.me.account_key), (&account, &pin.key));
        Some(SafetyNumberView { groups: number.0 })
    }

    /// A stored message as it is shown; with what only the messenger knows of it.
    pub fn message_view(&self, shown: &ShownMessage) -> MessageView {
        let message = &shown.record;
        let waiting = || {
            self.buddies
                .get(&message.buddy)
                .and_then(|buddy| self.waiting_view(buddy, &message.id))
                .unwrap_or(Delivery::Queued { why: Waiting::Turn, next_try_ms: None })
        };
        let delivery = message.mine.then(|| match message.progress {
            Progress::Waiting => waiting(),
            Progress::Delivered(at) => Delivery::Delivered { at_ms: ms(at) },
            Progress::Read(at) => Delivery::Read { at_ms: ms(at) },
            Progress::Refused => Delivery::Refused { code: "Refused".into() },
        });
        let (action, body) = prose::read(&message.text);
        MessageView {
            id: message.id.to_string(),
            buddy: message.buddy.to_string(),
            mine: message.mine,
            text: message.text.clone(),
            body,
            action,
            sent_ms: ms(message.sent_ms),
            order: message.hlc.as_order(),
            delivery,
            quote: shown.quote.as_ref().map(|quote| QuoteView {
                id: quote.id.to_string(),
                mine: quote.mine,
                text: prose::plain(&quote.text),
            }),
            edited: shown.edited,
            deleted: shown.deleted,
            reactions: reactions(&shown.reactions),
            file: shown.file.as_ref().map(|file| file_view(file, None)),
            call: message.call().map(call_record),
            unsupported: !kind::can_be_shown(message.kind),
        }
    }

    fn waiting_view(&self, buddy: &Buddy, id: &MessageId) -> Option<Delivery> {
        let outgoing = buddy.chat.outbox.iter().find(|outgoing| outgoing.id == *id)?;
        Some(match self.route(buddy) {
            Some(route) if outgoing.sent => Delivery::Sent { route },
            Some(_) | None => match outgoing.posted {
                Some((_, at)) => Delivery::Posted { at_ms: ms(at) },
                None => self.queued(buddy),
            },
        })
    }

    /// How messages to a buddy wait.
    pub(super) fn queued(&self, buddy: &Buddy) -> Delivery {
        let why = self.why_waiting(buddy);
        let tried = match why {
            Waiting::BuddyOffline | Waiting::Connecting | Waiting::MailboxFull | Waiting::NoMailbox => true,
            Waiting::Turn | Waiting::KeyAlarm | Waiting::NotBuddies | Waiting::Invisible => false,
        };
        let next_try = self.next_try(&buddy.record.account).filter(|_| tried);
        Delivery::Queued { why, next_try_ms: next_try.map(ms) }
    }

    /// Why messages to a buddy don't leave.
    pub(super) fn why_waiting(&self, buddy: &Buddy) -> Waiting {
        if self.availability == Availability::Invisible {
            return Waiting::Invisible;
        }
        match buddy.record.relation {
            Relation::Asked | Relation::Blocked | Relation::Former => return Waiting::NotBuddies,
            Relation::Buddy => {}
        }
        if buddy.record.key_alarm {
            return Waiting::KeyAlarm;
        }
        match self.state(buddy) {
            BuddyState::Here | BuddyState::Away | BuddyState::Busy => Waiting::Turn,
            BuddyState::Connecting | BuddyState::Reconnecting => Waiting::Connecting,
            BuddyState::Offline if buddy.record.their_token.is_none() => Waiting::NoMailbox,
            BuddyState::Offline => buddy.post.trouble.unwrap_or(Waiting::BuddyOffline),
        }
    }

    /// How a buddy is, as far as is known here.
    pub(super) fn state(&self, buddy: &Buddy) -> BuddyState {
        if buddy.record.relation != Relation::Buddy {
            return BuddyState::Offline;
        }
        if buddy.reach.up.last().is_some() {
            return match buddy.mood {
                Mood::Here => BuddyState::Here,
                Mood::Away => BuddyState::Away,
                Mood::Busy => BuddyState::Busy,
            };
        }
        if !self.sociable() {
            // Not connected to anyone by choice: the server's word is all there is.
            return if buddy.presence.is_some() { BuddyState::Here } else { BuddyState::Offline };
        }
        if buddy.reach.lost_at.is_some() {
            return BuddyState::Reconnecting;
        }
        match &buddy.presence {
            Some(_) if !buddy.reach.doubted => BuddyState::Connecting,
            Some(_) | None => BuddyState::Offline,
        }
    }

    pub(super) fn route(&self, buddy: &Buddy) -> Option<Route> {
        let link = self.links.get(buddy.reach.up.last()?)?;
        Some(if link.relayed { Route::Relayed } else { Route::Direct })
    }

    fn me_view(&self) -> MeView {
        MeView {
            id: self.me.account.to_string(),
            name: self.me.name.as_str().into(),
            server: self.me.server.to_string(),
            availability: self.availability,
            status_text: self.status_text.clone(),
            privacy: self.privacy,
            groups: self.groups.clone(),
        }
    }

    fn buddy_view(&self, buddy: &Buddy) -> BuddyView {
        let linked = buddy.reach.up.last().is_some();
        let capabilities = match &buddy.presence {
            _ if linked => buddy.capabilities,
            Some(presence) => presence.capabilities,
            None => Default::default(),
        };
        let record = &buddy.record;
        BuddyView {
            id: record.account.to_string(),
            name: record.name.clone(),
            alias: record.alias.clone(),
            relation: record.relation,
            state: self.state(buddy),
            status_text: if linked { buddy.status_text.clone() } else { String::new() },
            can_voice: capabilities.microphone,
            can_video: capabilities.camera,
            verified: record.verified,
            key_alarm: record.key_alarm,
            route: self.route(buddy),
            typing: linked && buddy.typing,
            unread: buddy.chat.unread,
            last_seen_ms: (record.last_seen_ms > 0).then(|| ms(record.last_seen_ms)),
            place: record.place,
            notes: record.notes.clone(),
            last_message_ms: (buddy.chat.last_message_ms > 0).then(|| ms(buddy.chat.last_message_ms)),
        }
    }

    pub(super) fn show_me(&mut self) {
        let me = self.me_view();
        self.tell(Event::MeChanged { me });
    }

    pub(super) fn show_server(&mut self, state: ServerState) {
        if self.server_state != state {
            self.server_state = state;
            self.tell(Event::ServerChanged { server: state });
        }
    }

    /// One event for each row that changed while an input was handled, and the doors that opened or closed by it.
    pub(super) fn show_dirty(&mut self) {
        for account in std::mem::take(&mut self.dirty) {
            let Some(buddy) = self.buddies.get(&account) else { continue };
            let view = self.buddy_view(buddy);
            let (was, is) = (buddy.shown_here, buddy.reach.up.last().is_some());
            let gone = was && view.state == BuddyState::Offline;
            let id = view.id.clone();
            self.tell(Event::BuddyChanged { buddy: view });
            if let Some(buddy) = self.buddies.get_mut(&account) {
                buddy.shown_here = (was || is) && !gone;
            }
            if is && !was {
                self.tell(Event::BuddyAppeared { id });
            } else if gone {
                self.tell(Event::BuddyWentAway { id });
            }
        }
    }
}

fn call_record(CallTrace { outcome, video }: CallTrace) -> CallRecord {
    match outcome {
        CallOutcome::Talked(seconds) => CallRecord::Talked { seconds, video },
        CallOutcome::NotAnswered => CallRecord::NotAnswered { video },
        CallOutcome::Declined => CallRecord::Declined { video },
        CallOutcome::Busy => CallRecord::Busy { video },
    }
}

/// Each emoji once, in the order in which it first came.
fn reactions(all: &[(String, bool)]) -> Vec<ReactionView> {
    let mut views: Vec<ReactionView> = Vec::new();
    for (emoji, mine) in all {
        if let Some(view) = views.iter_mut().find(|view| view.emoji == *emoji) {
            view.mine |= mine;
            view.theirs |= !mine;
        } else {
            views.push(ReactionView { emoji: emoji.clone(), mine: *mine, theirs: !mine });
        }
    }
    views
}

/// A file as it is shown; with its speed in bytes a second while it moves.
pub fn file_view(file: &FileRecord, speed: Option<u64>) -> FileView {
    FileView {
        name: file_name::safe(&file.offer.name),
        size: ms(file.offer.size),
        picture: file.offer.picture.as_ref().map(|picture| PictureView {
            width: picture.width,
            height: picture.height,
            // What a buddy sends is drawn only where its header promises little.
            thumbnail: if !is_thumbnail(&picture.thumbnail) {
                String::new()
            } else {
                format!("data:image/jpeg;base64,{}", STANDARD.encode(picture.thumbnail.as_slice()))
            },
        }),
        memo: file.offer.memo.as_ref().map(|memo| MemoView {
            video: memo.video,
            duration_ms: memo.duration_ms,
            waveform: memo.waveform.to_vec(),
        }),
        stage: match &file.stage {
            FileStage::Offered => FileStageView::Offered,
            FileStage::Moving if speed.is_some() => FileStageView::Moving,
            FileStage::Moving => FileStageView::Waiting,
            FileStage::Paused => FileStageView::Paused,
            FileStage::Done => FileStageView::Done,
            FileStage::Cancelled => FileStageView::Cancelled,
            FileStage::Failed(why) => FileStageView::Failed { why: *why },
        },
        done: ms(file.done),
        speed: speed.map(ms),
    }
}

pub(super) fn request_view(request: &super::record::RequestRecord) -> RequestView {
    RequestView {
        id: request.account.to_string(),
        name: request.name.clone(),
        note: request.note.clone(),
        arrived_ms: ms(request.arrived_ms),
    }
}
