//! The messenger: one person's program, without its hands.
//!
//! It owns what is known of buddies, links, the server session and the conversations, and decides. The engine's driver
//! feeds it [`Input`]s with the time and carries out its [`Output`]s; the simulator does the same a thousand times faster.
//! Nothing is sent before it is saved; no receipt goes before what it confirms is saved; nothing reaches the screen but
//! as an [`Event`].
//!
//! `roster` is who, `session` the server, `reach` links and dialling, `chat` the words, `mail` the letters; each adds its
//! verbs to [`Messenger`].

mod calls;
mod chat;
mod clock;
mod files;
mod io;
mod mail;
mod reach;
pub mod record;
mod roster;
mod session;
mod show;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

pub(crate) use self::show::ms;
use self::{
    clock::{Timer, Timers},
    mail::Mail,
    reach::Link,
    record::{Change, DayKeyRecord, InviteRecord, Loaded, RequestRecord},
    roster::Buddy,
    session::Session,
};
pub use self::{io::*, session::explain, show::Views, show::file_view};
use crate::{
    call::{Asked, Calls, Shows},
    device_list::{DeviceList, Pin},
    id::{AccountId, AccountKey, DeviceId, LinkId, Millis, Now},
    invite::ServerAddress,
    name::UserName,
    presence::Capabilities,
    seal::Suite,
    sign::{SecretKey, Signed},
    view::{Availability, BuddyGroup, Command, CommandError, ErrorCode, Event, Privacy, Reply, ServerState},
};

/// Who I am, out of the open vault.
#[derive(Clone, Debug)]
pub struct Identity {
    /// My account.
    pub account: AccountId,
    /// My user name.
    pub name: UserName,
    /// My server.
    pub server: ServerAddress,
    /// This device's key.
    pub device: SecretKey,
    /// My account key, public half.
    pub account_key: AccountKey,
    /// My newest device list.
    pub list: Signed<DeviceList>,
    /// Its version and hash.
    pub pin: Pin,
}

/// The wait before a failed save is tried again.
const SAVE_AGAIN: Millis = 5_000;

/// What a save was for, while it is under way.
#[derive(Debug)]
enum Saving {
    /// Nobody waits for it; it is tried again until it is done.
    Quietly(Vec<Change>),
    /// Messages that I wrote to this buddy.
    Mine(AccountId),
    /// Messages that came from this buddy.
    Theirs(AccountId),
    /// A message taken back.
    Void(AccountId),
    /// Everything said with this buddy forgotten, for a command.
    Forgetting(u64, AccountId),
    /// Tokens made for these.
    Tokens(Vec<AccountId>),
    /// Messages that were posted to this buddy and are about to go on a link.
    Leaving(AccountId),
    /// A letter to this buddy that is about to be taken back.
    Withdrawing(AccountId),
    /// What the letter says that is being read, besides messages.
    Letter(u64, Vec<Change>),
    /// A key of the day.
    DayKey,
    /// A command that ends with it.
    Command(u64, Box<Reply>),
}

/// One person's program, without its hands.
pub struct Messenger {
    me: Identity,
    suite: Suite,
    rng: ChaCha20Rng,
    now: Now,
    out: VecDeque<Output>,
    timers: Timers,
    dirty: BTreeSet<AccountId>,

    buddies: BTreeMap<AccountId, Buddy>,
    /// Which accounts claim a device, by the lists that are pinned.
    devices: BTreeMap<DeviceId, BTreeSet<AccountId>>,
    /// Whom I meant when I last dialled a device.
    dials: BTreeMap<DeviceId, AccountId>,
    requests: BTreeMap<AccountId, RequestRecord>,
    links: BTreeMap<LinkId, Link>,
    session: Option<Session>,
    server_state: ServerState,
    since_ms: Millis,
    day_keys: Vec<DayKeyRecord>,
    /// On its way to the disk, and not offered before it is there.
    fresh_day_key: Option<DayKeyRecord>,
    /// The server has the fresh one already, by the call that made this device known.
    day_key_is_offered: bool,
    invites: Vec<InviteRecord>,
    availability: Availability,
    status_text: String,
    privacy: Privacy,
    groups: Vec<BuddyGroup>,
    capabilities: Capabilities,
    addresses: Vec<String>,
    behind_nat: bool,
    presence_sequence: u64,
    saves: BTreeMap<SaveId, Saving>,
    next_save: u64,
    unsaved: Vec<Change>,
    mail: Mail,
    calls: Calls,
    leaving: bool,
    gone: bool,
}

impl Messenger {
    /// A messenger with what it had saved. `seed` is fresh entropy; `suite` the strongest seal that it uses.
    pub fn new(me: Identity, loaded: Loaded, suite: Suite, seed: [u8; 32], now: Now) -> Self {
        let rng = ChaCha20Rng::from_seed(seed);
        let (availability, status_text) = loaded.status.unwrap_or((Availability::Here, String::new()));
        let mut messenger = Self {
            me,
            suite,
            rng,
            now,
            out: VecDeque::new(),
            timers: Timers::default(),
            dirty: BTreeSet::new(),
            buddies: BTreeMap::new(),
            devices: BTreeMap::new(),
            dials: BTreeMap::new(),
            requests: loaded.requests.into_iter().map(|request| (request.account, request)).collect(),
            links: BTreeMap::new(),
            session: None,
            server_state: ServerState::Connecting { attempt: 1 },
            since_ms: loaded.since_ms,
            day_keys: loaded.day_keys,
            fresh_day_key: None,
            day_key_is_offered: false,
            invites: loaded.invites,
            availability,
            status_text,
            privacy: loaded.privacy,
            groups: loaded.groups,
            capabilities: Capabilities::default(),
            addresses: Vec::new(),
            behind_nat: false,
            presence_sequence: 0,
            saves: BTreeMap::new(),
            next_save: 0,
            unsaved: Vec::new(),
            mail: Mail::default(),
            calls: Calls::default(),
            leaving: false,
            gone: false,
        };
        messenger.load_roster(loaded.buddies, loaded.conversations, loaded.owed);
        messenger.keep_day_key();
        messenger
    }

    /// Takes in one thing that happened at `now`.
    pub fn handle(&mut self, now: Now, input: Input) {
        self.now = now;
        match input {
            Input::Command(number, command) => self.obey(number, command),
            Input::FileReady { number, buddy, offer, path } => {
                let done = self.offer(number, &buddy, *offer, path);
                self.conclude(number, done);
            }
            Input::LinkUp { link, device, relayed } => self.link_up(link, device, relayed),
            Input::LinkFrame(link, bytes) => self.link_frame(link, &bytes),
            Input::LinkDown(link) => self.link_down(link),
            Input::DialFailed(device) => self.dial_failed(&device),
            Input::ServerUp { nonce, welcome } => self.server_up(nonce, welcome),
            Input::ServerFrame(bytes) => self.server_frame(&bytes),
            Input::ServerDown { attempt } => self.server_down(attempt),
            Input::Mailed(number, answer) => self.mailed(number, answer),
            Input::Saved(save, fates) => self.saved(save, &fates),
            Input::SaveFailed(save) => self.save_failed(save),
            Input::Fetched(buddy, messages) => self.fetched(&buddy, messages),
            Input::Addresses(addresses, behind_nat) => self.addresses_changed(addresses, behind_nat),
            Input::Capabilities(capabilities) => self.capabilities_changed(capabilities),
            Input::CallHeard(call) => self.calls.heard(call),
            Input::CallSilent(call) => self.calls.met_is_silent(now, call),
            Input::CallSide(call, side) => self.calls.side_told(call, side),
            Input::CallLeft(call) => self.calls.met_left(now, call),
            Input::NoSound(call) => self.calls.no_sound(now, call),
            Input::NoPicture(group) => {
                // A call that is over by now shows nothing anyway.
                let _ = self.calls.ask(now, group, Asked::Show(Shows::Nothing));
            }
            Input::Woke => self.woke(),
            Input::Tick => {}
        }
        while let Some(timer) = self.timers.due(now.mono) {
            self.fire(timer);
        }
        self.do_calls();
        self.show_dirty();
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// When to come back with [`Input::Tick`] at the latest, on the monotonic clock.
    pub fn deadline(&self) -> Option<Millis> {
        self.timers.next()
    }

    fn fire(&mut self, timer: Timer) {
        match timer {
            Timer::Dial(buddy) => self.dial(&buddy),
            Timer::Lost(buddy) => self.lost_for_good(&buddy),
            Timer::Resend(buddy) => self.resend(&buddy),
            Timer::TypingEnds(buddy) => self.typing_ends(&buddy),
            Timer::Greeting(link) => self.greeting_overdue(link),
            Timer::Surplus(buddy) => self.close_surplus(&buddy),
            Timer::RenewPresence => self.publish_presence(),
            Timer::DayKey => {
                self.keep_day_key();
                // Letters grow old too.
                self.look_for_mail();
            }
            Timer::SaveAgain => self.save_again(),
            Timer::Post(buddy) => self.post_now(&buddy),
            Timer::Mail => self.run_mail(),
            Timer::MailOverdue => self.mail_overdue(),
            Timer::ReadMail => self.read_mail(),
            Timer::Collect => self.collect(),
            Timer::Tokens => self.tokens_again(),
            Timer::Calls => self.calls.tick(self.now),
        }
    }

    fn obey(&mut self, number: u64, command: Command) {
        let done = match command {
            Command::SetStatus { availability, text } => self.set_status(availability, &text),
            Command::AddBuddy { name, note } => self.add_by_name(number, &name, note),
            Command::AddByInvite { link } => self.add_by_invite(number, &link),
            Command::AcceptBuddy { buddy } => self.accept(number, &buddy),
            Command::DeclineBuddy { buddy } => self.decline(number, &buddy),
            Command::BlockBuddy { buddy } => self.block(&buddy),
            Command::UnblockBuddy { buddy } => self.unblock(&buddy),
            Command::RemoveBuddy { buddy } => self.remove(&buddy),
            Command::RenameBuddy { buddy, alias } => self.rename(&buddy, alias),
            Command::PlaceBuddy { buddy, place } => self.place(number, &buddy, place),
            Command::NoteBuddy { buddy, notes } => self.note_about(number, &buddy, &notes),
            Command::SetGroups { groups } => self.set_groups(number, groups),
            Command::VerifyBuddy { buddy, number } => self.verify(&buddy, &number),
            Command::SendMessage { buddy, text, reply_to } => self.write(number, &buddy, text, reply_to.as_deref()),
            Command::EditMessage { buddy, message, text } => self.edit(number, &buddy, &message, text),
            Command::DeleteMessage { buddy, message } => self.delete(number, &buddy, &message),
            Command::React { buddy, message, emoji, on } => self.react(number, &buddy, &message, emoji, on),
            Command::ForgetConversation { buddy } => self.forget_conversation(number, &buddy),
            Command::SetPrivacy { privacy } => self.set_privacy(number, privacy),
            Command::CancelMessage { buddy, message } => self.cancel(number, &buddy, &message),
            Command::MarkRead { buddy } => self.mark_read(&buddy),
            Command::Typing { buddy, active } => self.typing(&buddy, active),
            Command::SaveDraft { buddy, text } => self.save_draft(number, &buddy, text),
            Command::CreateInvite => self.create_invite(number),
            Command::PlaceCall { buddy, video } => self.place_call(&buddy, video),
            Command::AnswerCall { call, video } => self.answer_call(&call, video),
            Command::ShowInCall { call, shows } => self.ask_of_call(&call, Asked::Show(shows)),
            Command::DeclineCall { call } => self.ask_of_call(&call, Asked::Decline),
            Command::HangUp { call } => self.ask_of_call(&call, Asked::HangUp),
            Command::AddToCall { call, buddy } => self.add_to_call(&call, &buddy),
            Command::RemoveFromCall { person } => self.ask_of_call(&person, Asked::Dismiss),
            Command::HoldCall { call, on } => self.ask_of_call(&call, Asked::Hold(on)),
            Command::SetVolume { call, percent } => self.set_volume(&call, percent),
            Command::RecordCall { call, on } => self.record_call(&call, on),
            Command::Mute { on } => self.mute(on),
            Command::Deafen { on } => self.deafen(on),
            Command::SignOut => {
                self.sign_out();
                Ok(Some(Reply::Done))
            }
            Command::Register { .. }
            | Command::SignIn { .. }
            | Command::ChangePassword { .. }
            | Command::SendFile { .. }
            | Command::FetchFile { .. }
            | Command::PauseFile { .. }
            | Command::CancelFile { .. }
            | Command::SetVideo { .. }
            | Command::TestVideo { .. }
            | Command::SetSound { .. }
            | Command::TestSound { .. }
            | Command::RecordMemo { .. }
            | Command::StopMemo
            | Command::DiscardMemo { .. }
            | Command::SendMemo { .. }
            | Command::PlayMemo { .. }
            | Command::PauseMemo
            | Command::SetMemoPace { .. } => Err(refuse(ErrorCode::Internal, "not for an open messenger")),
        };
        self.conclude(number, done);
    }

    fn conclude(&mut self, number: u64, done: Outcome) {
        match done {
            Ok(Some(reply)) => self.out.push_back(Output::Answer(number, Ok(reply))),
            // Answered when the server or the disk has answered.
            Ok(None) => {}
            Err(error) => self.out.push_back(Output::Answer(number, Err(error))),
        }
    }

    /// Saves what nobody waits for; but what a letter says is waited for before the letter is forgotten.
    fn note(&mut self, changes: Vec<Change>) {
        if let Some(noted) = self.mail.noted_by_letter() {
            return noted.extend(changes);
        }
        self.save(Saving::Quietly(changes.clone()), changes);
    }

    fn save(&mut self, saving: Saving, changes: Vec<Change>) {
        self.next_save += 1;
        let id = SaveId(self.next_save);
        self.saves.insert(id, saving);
        self.out.push_back(Output::Save(id, changes));
    }

    fn saved(&mut self, id: SaveId, fates: &[record::Fate]) {
        match self.saves.remove(&id) {
            Some(Saving::Mine(buddy)) => self.mine_saved(&buddy, fates),
            Some(Saving::Theirs(buddy)) => self.theirs_saved(&buddy, fates),
            Some(Saving::Void(buddy)) => self.void_saved(&buddy, true),
            Some(Saving::Forgetting(number, buddy)) => {
                self.tell(Event::ConversationForgotten { buddy: buddy.to_string() });
                self.answer(number, Ok(Reply::Done));
            }
            Some(Saving::Tokens(accounts)) => self.tokens_saved(&accounts),
            Some(Saving::Leaving(buddy)) => self.leaving_saved(&buddy, true),
            Some(Saving::Withdrawing(buddy)) => self.withdrawing_saved(&buddy, true),
            Some(Saving::Letter(number, _)) => self.letter_noted(number, None),
            Some(Saving::DayKey) => self.day_key_saved(),
            Some(Saving::Command(number, reply)) => self.out.push_back(Output::Answer(number, Ok(*reply))),
            Some(Saving::Quietly(_)) | None => {}
        }
    }

    fn save_failed(&mut self, id: SaveId) {
        match self.saves.remove(&id) {
            Some(Saving::Mine(buddy)) => self.mine_not_saved(&buddy),
            Some(Saving::Theirs(buddy)) => self.theirs_not_saved(&buddy),
            Some(Saving::Void(buddy)) => self.void_saved(&buddy, false),
            Some(Saving::Tokens(accounts)) => self.tokens_not_saved(&accounts),
            Some(Saving::Leaving(buddy)) => self.leaving_saved(&buddy, false),
            Some(Saving::Withdrawing(buddy)) => self.withdrawing_saved(&buddy, false),
            Some(Saving::Letter(number, changes)) => self.letter_noted(number, Some(changes)),
            Some(Saving::DayKey) => self.day_key_not_saved(),
            Some(Saving::Command(number, _) | Saving::Forgetting(number, _)) => {
                let error = refuse(ErrorCode::NotSaved, "the disk would not take it");
                self.out.push_back(Output::Answer(number, Err(error)));
            }
            Some(Saving::Quietly(changes)) => self.save_later(changes),
            None => {}
        }
    }

    fn save_later(&mut self, changes: Vec<Change>) {
        self.unsaved.extend(changes);
        self.timers.set(self.now.mono + SAVE_AGAIN, Timer::SaveAgain);
    }

    /// The disk would not take these; perhaps it will now.
    fn save_again(&mut self) {
        let unsaved = std::mem::take(&mut self.unsaved);
        let changes = self.as_they_are(unsaved);
        if !changes.is_empty() {
            self.note(changes);
        }
    }

    /// Changes that were made a while ago, with rows as they have become since.
    fn as_they_are(&self, changes: Vec<Change>) -> Vec<Change> {
        let fresh = |change| match change {
            Change::Buddy(record) => self.buddies.get(&record.account).map(|buddy| Change::Buddy(buddy.record.clone())),
            Change::Request(record) => self.requests.get(&record.account).cloned().map(Change::Request),
            Change::Privacy(_) => Some(Change::Privacy(self.privacy)),
            Change::Groups(_) => Some(Change::Groups(self.groups.clone())),
            Change::Status(..) => Some(Change::Status(self.availability, self.status_text.clone())),
            Change::Since(_) => Some(Change::Since(self.since_ms)),
            Change::Posted(ids, letter, at) => self.still_posted(ids, letter, at),
            change @ (Change::ForgetRequest(_)
            | Change::Message(_)
            | Change::FileAt(..)
            | Change::NotPosted(_)
            | Change::Owe(..)
            | Change::Paid(_)
            | Change::ForgetConversation(_)
            | Change::Progress(..)
            | Change::Void { .. }
            | Change::Seen(_)
            | Change::Draft(..)
            | Change::DayKey(_)
            | Change::DropDayKeys { .. }
            | Change::Invite(_)
            | Change::ForgetInvite(_)) => Some(change),
        };
        changes.into_iter().filter_map(fresh).collect()
    }

    fn tell(&mut self, event: Event) {
        self.out.push_back(Output::Tell(event));
    }

    /// A random delay below `limit` milliseconds, so that many don't do the same at once.
    fn jitter(&mut self, limit: Millis) -> Millis {
        (u64::from(self.rng.next_u32()) * limit) >> 32
    }

    /// Visible and not leaving: may talk to buddies.
    fn sociable(&self) -> bool {
        !self.leaving && self.availability != Availability::Invisible && self.server_state != ServerState::Superseded
    }
}

/// What a command comes to: a reply at once, none yet, or a refusal.
type Outcome = Result<Option<Reply>, CommandError>;

fn refuse(code: ErrorCode, message: &str) -> CommandError {
    CommandError { code, message: message.into() }
}
