//! The session at the server: the hello, the welcome, calls and their answers, pushes, and my own presence.

mod asking;
mod shown;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Messenger, Outcome, Output,
    clock::Timer,
    record::{Change, DayKeyRecord, TokenRecord},
    refuse,
};
use crate::{
    device_list::{self, DeviceList},
    error::ProtoError,
    frame,
    id::{AccountId, AccountKey, Millis, Now},
    invite::Token,
    letter::DeliveryToken,
    name::UserName,
    prekey::{self, Prekey},
    presence::{self, Capabilities, Presence},
    request::{self, Request},
    seal::{Envelope, KemSecret},
    server::{Answer, Call, ClientFrame, Contact, Nonce, Pending, Push, Refusal, ServerFrame, SignedWelcome, Welcome},
    sign::Signed,
    view::{Availability, CommandError, ErrorCode, Event, Notice, Reply, ServerState},
};

/// A connection to the server whose key is proven.
#[derive(Debug)]
pub(super) struct Session {
    nonce: Nonce,
    last_call: u32,
    calls: BTreeMap<u32, Pendency>,
    open: bool,
    /// While the welcome's pages come in: whom it has named so far, and how many it will.
    named: Option<(BTreeSet<AccountId>, usize)>,
    /// How many tokens of mine the server has; none where it knows of none at all.
    tokens: Option<u32>,
    /// The server's clock minus ours.
    offset_ms: i64,
}

/// A call that is not answered yet.
#[derive(Debug)]
pub(super) enum Pendency {
    Hello {
        call: Vec<u8>,
    },
    LookUpToAsk {
        account: AccountId,
        asking: Box<Asking>,
    },
    LookUpLists {
        account: AccountId,
    },
    Ask {
        account: AccountId,
        asking: Box<Asking>,
        found: Box<Found>,
        /// The token that went with it.
        delivery: Option<TokenRecord>,
    },
    Accept {
        number: u64,
        account: AccountId,
    },
    Decline {
        number: u64,
        account: AccountId,
    },
    Goodbye,
    /// I show myself.
    Presence,
    /// Tokens of these are not to be any more.
    Tokens {
        revoked: Vec<(AccountId, DeliveryToken)>,
    },
    Collected {
        letters: Vec<u64>,
    },
    Quietly,
}

/// What the server showed of the one to be asked, checked.
#[derive(Debug)]
pub(super) struct Found {
    pub list: Signed<DeviceList>,
    pub pin: device_list::Pin,
}

/// A buddy request in the making.
#[derive(Debug)]
pub(super) struct Asking {
    pub number: u64,
    pub name: UserName,
    pub note: String,
    /// The account key that an invite names.
    pub key: Option<AccountKey>,
    pub token: Option<Token>,
}

impl Messenger {
    pub(super) fn server_up(&mut self, nonce: Nonce, welcome: Option<(Welcome, u32)>) {
        let last_call = welcome.as_ref().map_or(0, |(_, number)| *number);
        self.session = Some(Session {
            nonce,
            last_call,
            calls: BTreeMap::new(),
            open: false,
            named: None,
            tokens: None,
            offset_ms: 0,
        });
        if let Some((welcome, _)) = welcome {
            return self.welcomed(welcome);
        }
        let presence = self.my_presence();
        let prekey = self.prekey();
        let call = Call::Hello { account: self.me.account, since_ms: self.since_ms, presence, prekey };
        self.call(&call, Pendency::Hello { call: frame::encode(&call) });
    }

    pub(super) fn server_down(&mut self, attempt: u32) {
        self.mail.forget_session();
        if let Some(session) = self.session.take() {
            for pendency in session.calls.into_values() {
                self.unanswered(pendency);
            }
        }
        if self.leaving {
            return self.signed_out();
        }
        if self.server_state != ServerState::Superseded {
            self.show_server(ServerState::Connecting { attempt });
        }
    }

    fn unanswered(&mut self, pendency: Pendency) {
        let unreachable = || Err(refuse(ErrorCode::ServerUnreachable, "the server went away before it answered"));
        match pendency {
            Pendency::LookUpToAsk { asking, .. } | Pendency::Ask { asking, .. } => {
                self.answer(asking.number, unreachable());
            }
            Pendency::Accept { number, .. } | Pendency::Decline { number, .. } => self.answer(number, unreachable()),
            Pendency::Hello { .. }
            | Pendency::LookUpLists { .. }
            | Pendency::Goodbye
            | Pendency::Presence
            | Pendency::Tokens { .. }
            | Pendency::Collected { .. }
            | Pendency::Quietly => {}
        }
    }

    /// Makes a call; false where there is no connection.
    pub(super) fn call(&mut self, call: &Call, pendency: Pendency) -> bool {
        let Some(session) = &mut self.session else { return false };
        session.last_call = session.last_call.wrapping_add(1);
        let number = session.last_call;
        let frame = match pendency {
            Pendency::Hello { .. } => {
                ClientFrame::proven(number, call, &self.me.device, &self.me.server.key, &session.nonce)
            }
            Pendency::LookUpToAsk { .. }
            | Pendency::LookUpLists { .. }
            | Pendency::Ask { .. }
            | Pendency::Accept { .. }
            | Pendency::Decline { .. }
            | Pendency::Goodbye
            | Pendency::Presence
            | Pendency::Tokens { .. }
            | Pendency::Collected { .. }
            | Pendency::Quietly => ClientFrame::plain(number, call),
        };
        session.calls.insert(number, pendency);
        self.out.push_back(Output::ServerSend(frame::encode(&frame)));
        true
    }

    pub(super) fn session_open(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.open)
    }

    /// The session is open, and all of its welcome is here.
    pub(super) fn welcome_complete(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.open && session.named.is_none())
    }

    /// Says something to the server that needs no answer; while there is no session it is said again at the next
    /// welcome by whoever finds the difference.
    pub(super) fn tell_server(&mut self, call: &Call) {
        if self.session_open() {
            self.call(call, Pendency::Quietly);
        }
    }

    /// A call for a person who waits for the answer.
    pub(super) fn call_for(&mut self, number: u64, call: Call, account: AccountId) -> Outcome {
        self.need_session()?;
        let pendency = if matches!(call, Call::Decline { .. }) {
            Pendency::Decline { number, account }
        } else {
            Pendency::Accept { number, account }
        };
        self.call(&call, pendency);
        Ok(None)
    }

    fn need_session(&self) -> Result<(), CommandError> {
        let unreachable = || refuse(ErrorCode::ServerUnreachable, "no connection to the server");
        self.session_open().then_some(()).ok_or_else(unreachable)
    }

    pub(super) fn look_up(&mut self, account: AccountId, asking: Asking) -> Outcome {
        self.need_session()?;
        let pendency = Pendency::LookUpToAsk { account, asking: Box::new(asking) };
        self.call(&Call::LookUp { account, since_version: 0 }, pendency);
        Ok(None)
    }

    pub(super) fn look_up_lists(&mut self, account: AccountId, since_version: u32) {
        if self.session_open() {
            self.call(&Call::LookUp { account, since_version }, Pendency::LookUpLists { account });
        }
    }

    pub(super) fn server_frame(&mut self, bytes: &[u8]) {
        match frame::decode_known::<ServerFrame>(bytes) {
            Ok(Some(ServerFrame::Answer(number, answer))) => {
                let pendency = self.session.as_mut().and_then(|session| session.calls.remove(&number));
                if let Some(pendency) = pendency {
                    self.answered(pendency, *answer);
                }
            }
            Ok(Some(ServerFrame::Push(push))) if self.session_open() || *push == Push::Superseded => self.pushed(*push),
            // Before the welcome nothing is believed; what a newer server says is not for this version.
            Ok(Some(ServerFrame::Push(_)) | None) => {}
            // Whatever it is, it is not our server any more.
            Err(_) => self.out.push_back(Output::ServerClose { again: true }),
        }
    }

    fn answered(&mut self, pendency: Pendency, answer: Answer) {
        match (pendency, answer) {
            (Pendency::Hello { call }, Answer::Welcome(welcome)) => self.check_welcome(&call, &welcome),
            (Pendency::Hello { .. }, Answer::Refused(Refusal::RevokedDevice)) => self.superseded(),
            (Pendency::Hello { .. }, _) => self.out.push_back(Output::ServerClose { again: true }),
            (Pendency::LookUpToAsk { account, asking }, Answer::Account { lists, prekey }) => {
                self.ask(account, *asking, &lists, prekey.as_ref());
            }
            (Pendency::LookUpLists { account }, Answer::Account { lists, .. }) => self.follow_lists(&account, &lists),
            (Pendency::Ask { account, asking, found, delivery }, Answer::Done) => {
                self.asked(account, &asking, *found, delivery);
                self.answer(asking.number, Ok(Reply::Done));
            }
            (Pendency::Accept { number, account }, Answer::Done) => {
                self.accepted(&account);
                self.answer(number, Ok(Reply::Done));
            }
            (Pendency::Decline { number, account }, Answer::Done) => {
                self.declined(&account);
                self.answer(number, Ok(Reply::Done));
            }
            (Pendency::Goodbye, _) => self.signed_out(),
            (Pendency::Tokens { revoked }, answer) => self.tokens_set(revoked, &answer),
            (Pendency::Collected { letters }, answer) => self.letters_collected(letters, &answer),
            (Pendency::Quietly | Pendency::Presence | Pendency::LookUpLists { .. }, _) => {}
            (Pendency::Accept { number, account }, Answer::Refused(Refusal::Unknown)) => {
                // They took it back.
                self.declined(&account);
                self.answer(number, Err(refusal(Refusal::Unknown)));
            }
            (Pendency::LookUpToAsk { asking, .. } | Pendency::Ask { asking, .. }, answer) => {
                let error = match answer {
                    Answer::Refused(Refusal::Unknown) => refuse(ErrorCode::NoSuchName, "nobody has that name"),
                    Answer::Refused(other) => refusal(other),
                    Answer::Done
                    | Answer::Opaque(_)
                    | Answer::Welcome(_)
                    | Answer::Capsule { .. }
                    | Answer::Account { .. } => refuse(ErrorCode::Internal, "not an answer to that call"),
                };
                self.answer(asking.number, Err(error));
            }
            (Pendency::Accept { number, .. } | Pendency::Decline { number, .. }, answer) => {
                let error = match answer {
                    Answer::Refused(other) => refusal(other),
                    Answer::Done
                    | Answer::Opaque(_)
                    | Answer::Welcome(_)
                    | Answer::Capsule { .. }
                    | Answer::Account { .. } => refuse(ErrorCode::Internal, "not an answer to that call"),
                };
                self.answer(number, Err(error));
            }
        }
    }

    fn check_welcome(&mut self, call: &[u8], welcome: &SignedWelcome) {
        let nonce = self.session.as_ref().map(|session| session.nonce).unwrap_or_default();
        match welcome.open(&self.me.server.key, &nonce, call) {
            Ok(welcome) => self.welcomed(welcome),
            Err(_) => self.out.push_back(Output::ServerClose { again: true }),
        }
    }

    fn welcomed(&mut self, welcome: Welcome) {
        if let Some(session) = &mut self.session {
            session.open = true;
            session.offset_ms = offset(self.now.wall, welcome.server_ms);
            session.tokens = welcome.tokens;
            session.named = Some((BTreeSet::new(), usize::try_from(welcome.contact_count).unwrap_or(usize::MAX)));
        }
        self.show_server(ServerState::Connected);
        self.since_ms = welcome.server_ms;
        self.out.push_back(Output::UseRelay(welcome.relay));
        self.timers.reset(self.now.mono + presence::LEASE / 2, Timer::RenewPresence);
        self.contacts(welcome.contacts);
        welcome.pending.into_iter().for_each(|pending| self.request_arrived(pending));
    }

    /// A page of the welcome.
    fn contacts(&mut self, contacts: Vec<Contact>) {
        for contact in contacts {
            if let Some((named, _)) = self.session.as_mut().and_then(|session| session.named.as_mut()) {
                named.insert(contact.account);
            }
            self.contact_told(contact);
        }
        let Some(session) = &mut self.session else { return };
        if session.named.as_ref().is_some_and(|(named, all)| named.len() >= *all) {
            let session_tokens = session.tokens;
            let named = session.named.take().map(|(named, _)| named).unwrap_or_default();
            // Only now is nothing missed that changed since the welcome before.
            self.note(vec![Change::Since(self.since_ms)]);
            let tokens = session_tokens;
            self.missing_from_welcome(&named);
            self.compare_tokens(tokens);
            self.read_mail();
        }
    }

    fn pushed(&mut self, push: Push) {
        match push {
            Push::Contacts(contacts) => self.contacts(contacts),
            Push::Contact(contact) => self.contact_told(contact),
            Push::Presence(account, presence) => {
                // Whoever the server had before it had my word was there first: I am the newcomer, and dial.
                let newcomer =
                    self.session.iter().flat_map(|s| s.calls.values()).any(|p| matches!(p, Pendency::Presence));
                self.presence_told(&account, presence.as_ref(), newcomer);
            }
            Push::Gone(account) => self.gone_told(&account),
            Push::Pending(pending) => self.request_arrived(pending),
            Push::Nudged(_) => self.out.push_back(Output::Reserve),
            Push::Letter { number, envelope, .. } => self.letter_arrived(number, envelope),
            Push::Superseded => self.superseded(),
            // Come back on the usual schedule: it begins with a jittered second.
            Push::Stopping(_) => {}
        }
    }

    /// This account is open elsewhere; go away quietly and stay away.
    fn superseded(&mut self) {
        let links: Vec<_> = self.links.keys().copied().collect();
        links.into_iter().for_each(|link| self.drop_link(link));
        self.session = None;
        self.show_server(ServerState::Superseded);
        self.tell(Event::Notice { notice: Notice::Superseded });
        self.out.push_back(Output::ServerClose { again: false });
        for buddy in self.buddies.values_mut() {
            buddy.presence = None;
        }
        self.dirty.extend(self.buddies.keys());
    }
}

/// The server's clock minus ours, as far as it can be believed: ten years either way.
fn offset(ours: Millis, theirs: Millis) -> i64 {
    const BELIEVABLE: i128 = 10 * 365 * 24 * 60 * 60 * 1000;
    let offset = i128::from(theirs) - i128::from(ours);
    if offset.abs() > BELIEVABLE { 0 } else { i64::try_from(offset).unwrap_or(0) }
}

fn refusal(refusal: Refusal) -> CommandError {
    match refusal {
        Refusal::SlowDown(seconds) => {
            refuse(ErrorCode::TooManyTries, &format!("the server asks to wait {seconds} seconds"))
        }
        Refusal::AlreadyAsked => refuse(ErrorCode::AlreadyAsked, "a request is waiting already"),
        Refusal::AlreadyBuddies => refuse(ErrorCode::AlreadyBuddies, "already buddies"),
        Refusal::TooManyBuddies => refuse(ErrorCode::TooManyBuddies, "one of you has as many buddies as there may be"),
        Refusal::Unknown => refuse(ErrorCode::Unknown, "it is not there any more"),
        Refusal::WrongPassword => refuse(ErrorCode::WrongPassword, "the password is wrong"),
        Refusal::NameTaken => refuse(ErrorCode::NameTaken, "the name is taken"),
        Refusal::CodeNeeded => refuse(ErrorCode::InviteNeeded, "the server wants a registration code"),
        Refusal::RegistrationClosed => refuse(ErrorCode::RegistrationClosed, "the server takes no new accounts"),
        Refusal::Failed => refuse(ErrorCode::ServerUnreachable, "the server could not do it; try again"),
        Refusal::BadRequest
        | Refusal::NoSession
        | Refusal::BadSignature
        | Refusal::UnknownDevice
        | Refusal::RevokedDevice
        | Refusal::WrongList
        | Refusal::Stale
        | Refusal::MailboxFull => refuse(ErrorCode::Internal, &format!("the server refused: {refusal:?}")),
    }
}

/// The plain words of a server's refusal, for those who call it before a messenger is open.
pub fn explain(refused: Refusal) -> CommandError {
    refusal(refused)
}
