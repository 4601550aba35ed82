//! An open profile: the messenger with its hands, and how its outputs become deeds.

mod beside;
mod spoken;

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use juice_proto::{
    content::Hlc,
    id::{AccountId, MessageId, Millis, Now},
    messenger::{Input, Messenger, Output, record::ShownMessage},
    view::{
        CallView, Command, CommandError, EditView, ErrorCode, Event, ExportFormat, HistoryPage, MessageView, PageAt,
        Reply, SearchPage,
    },
};
use tokio::{
    sync::{Mutex, broadcast, mpsc},
    task::JoinSet,
    time::timeout,
};

use super::{Answer, shown};
use crate::{
    backup,
    call::{self, CallNews, Equipment, Talks},
    clock::Clock,
    files::{self, Files, FilesNews, Fittings},
    history::{self, ExportError, Heading},
    memo::{MemoNews, Memos},
    net::{Net, NetNews, RelayAt, Room},
    profile::Profile,
    qr,
    server_link::{Mail, MailNews, ServerLink, ServerNews},
    session::{Opened, Place},
    store::{At, Store, StoreError, StoreNews, StoredPage},
};

/// How long a sign-out waits for the server to hear of it.
const GOODBYE: Duration = Duration::from_millis(500);
/// How many frames, saves or pushes are taken in at a go before the outputs are drained.
const BATCH: usize = 64;
/// News of files that may wait; progress above it is dropped.
const FILES_NEWS: usize = 1_024;
/// News of calls that may wait; levels and figures above it are dropped.
const CALL_NEWS: usize = 64;
/// News of memos that may wait; levels and positions above it are dropped.
const MEMO_NEWS: usize = 64;

pub(super) struct Open {
    pub messenger: Messenger,
    store: Store,
    net: Net,
    server: ServerLink,
    mail: Mail,
    files: Files,
    host: String,
    server_key: juice_proto::id::ServerKey,
    store_news: mpsc::Receiver<StoreNews>,
    net_news: mpsc::Receiver<NetNews>,
    server_news: mpsc::Receiver<ServerNews>,
    mail_news: mpsc::Receiver<MailNews>,
    files_news: mpsc::Receiver<FilesNews>,
    talks: Talks,
    pub memos: Memos,
    memo_news: mpsc::Receiver<MemoNews>,
    call_news: mpsc::Receiver<CallNews>,
    answers: HashMap<u64, Answer<Result<Reply, CommandError>>>,
    last_number: u64,
    pages: JoinSet<Page>,
    /// Reads that answer for themselves.
    reads: JoinSet<()>,
    /// Held by the one who backs the profile up.
    backup: Arc<Mutex<()>>,
    signed_out: bool,
}

/// A page that was read, and who asked for it.
type Page = (Result<StoredPage, StoreError>, Answer<Result<HistoryPage, CommandError>>);

impl Open {
    pub fn new(mut opened: Opened, place: &Place) -> Self {
        let (downloads, equipment) = (place.downloads.clone(), place.equipment.anew());
        let (told, files_news) = mpsc::channel(FILES_NEWS);
        // A net has one such receiver, and this is its one taker.
        let accepted = opened.net.accepted(Room::Files).unwrap_or_else(|| mpsc::channel(1).1);
        let fittings = Fittings {
            store: opened.store.clone(),
            door: opened.net.door(Room::Files),
            accepted,
            downloads: downloads.clone(),
        };
        let files = Files::start(fittings, told);
        let (told, memo_news) = mpsc::channel(MEMO_NEWS);
        let (folder, sent) = (place.profile.memos(), place.profile.sent());
        let memos = Memos::start(folder, sent, equipment.screens.clone(), told);
        let (told, call_news) = mpsc::channel(CALL_NEWS);
        let fittings = call::Fittings {
            door: opened.net.door(Room::Media),
            accepted: opened.net.accepted(Room::Media).unwrap_or_else(|| mpsc::channel(1).1),
            video_door: opened.net.door(Room::Video),
            video_accepted: opened.net.accepted(Room::Video).unwrap_or_else(|| mpsc::channel(1).1),
            equipment,
            downloads,
        };
        let mut talks = Talks::start(fittings, told);
        talks.overhear(&Event::MeChanged { me: opened.messenger.views().me });
        Self {
            messenger: opened.messenger,
            store: opened.store,
            net: opened.net,
            server: opened.server,
            mail: opened.mail,
            files,
            host: opened.address.host,
            server_key: opened.address.key,
            store_news: opened.store_news,
            net_news: opened.net_news,
            server_news: opened.server_news,
            mail_news: opened.mail_news,
            files_news,
            talks,
            memos,
            memo_news,
            call_news,
            answers: HashMap::new(),
            last_number: 0,
            pages: JoinSet::new(),
            reads: JoinSet::new(),
            backup: Arc::default(),
            signed_out: false,
        }
    }

    pub fn deadline(&self) -> Option<Millis> {
        self.messenger.deadline()
    }

    /// Waits for news and hands it to the messenger. Cancel-safe: nothing is taken without being handed on.
    pub async fn take_news(&mut self, clock: &Clock, events: &broadcast::Sender<Event>) {
        tokio::select! {
            Some(news) = self.net_news.recv() => {
                self.net_told(clock.now(), news);
                for _ in 0..BATCH {
                    let Ok(news) = self.net_news.try_recv() else { break };
                    self.net_told(clock.now(), news);
                }
            }
            Some(news) = self.store_news.recv() => self.store_told(clock.now(), news),
            Some(news) = self.server_news.recv() => self.server_told(clock.now(), news),
            Some((number, answer)) = self.mail_news.recv() => {
                self.messenger.handle(clock.now(), Input::Mailed(number, answer));
            }
            Some(news) = self.call_news.recv() => self.call_told(clock.now(), news, events),
            Some(news) = self.memo_news.recv() => self.memo_told(news, events),
            Some(news) = self.files_news.recv() => self.files_told(clock.now(), news, events),
            Some(Ok((page, answer))) = self.pages.join_next() => {
                let _ = answer.send(self.show_page(page));
            }
            Some(_) = self.reads.join_next() => {}
            else => std::future::pending().await,
        }
    }

    fn net_told(&mut self, now: Now, news: NetNews) {
        self.messenger.handle(
            now,
            match news {
                NetNews::LinkUp { link, device, relayed } => {
                    self.talks.linked(device, relayed);
                    Input::LinkUp { link, device, relayed }
                }
                NetNews::LinkFrame(link, frame) => Input::LinkFrame(link, frame),
                NetNews::LinkDown(link) => Input::LinkDown(link),
                NetNews::DialFailed(device) => Input::DialFailed(device),
                NetNews::Addresses { addresses, behind_nat } => Input::Addresses(addresses, behind_nat),
            },
        );
    }

    fn store_told(&mut self, now: Now, news: StoreNews) {
        self.messenger.handle(
            now,
            match news {
                StoreNews::Saved(save, fates) => Input::Saved(save, fates),
                StoreNews::SaveFailed(save, why) => {
                    tracing::warn!(%why, "not saved");
                    Input::SaveFailed(save)
                }
                StoreNews::Fetched(buddy, messages) => Input::Fetched(buddy, messages),
            },
        );
    }

    fn server_told(&mut self, now: Now, news: ServerNews) {
        self.messenger.handle(
            now,
            match news {
                ServerNews::Up { nonce, way } => {
                    tracing::info!(?way, "connected to the server");
                    Input::ServerUp { nonce, welcome: None }
                }
                ServerNews::Frame(frame) => Input::ServerFrame(frame),
                ServerNews::Down { attempt, why } => {
                    tracing::info!(attempt, %why, "no connection to the server");
                    Input::ServerDown { attempt }
                }
            },
        );
    }

    pub fn command(&mut self, now: Now, command: Command, answer: Answer<Result<Reply, CommandError>>) {
        let Some(answer) = self.files.act(&command, answer) else { return };
        if let Some(on) = self.mutes(&command) {
            self.messenger.handle(now, Input::Command(0, Command::Mute { on }));
        }
        let Some((command, answer)) = self.speak(command, answer) else { return };
        let command = match self.talks.ask(command) {
            Ok(done) => return drop(answer.send(done)),
            Err(command) => command,
        };
        self.last_number += 1;
        self.answers.insert(self.last_number, answer);
        if let Command::SendFile { buddy, path, caption } = command {
            // The messenger has its say when the file has been read.
            return self.files.prepare(self.last_number, buddy, path.into(), caption, None);
        }
        self.messenger.handle(now, Input::Command(self.last_number, command));
    }

    /// Who talks by a key has the microphone off until it is held; who does so no more has it on.
    #[expect(clippy::wildcard_enum_match_arm, reason = "few commands begin a call")]
    fn mutes(&self, command: &Command) -> Option<bool> {
        let by_key = self.equipment().sound.settings.push_to_talk;
        match command {
            Command::PlaceCall { .. } | Command::AnswerCall { .. } => by_key.then_some(true),
            Command::SetSound { settings } => (settings.push_to_talk != by_key).then_some(settings.push_to_talk),
            _ => None,
        }
    }

    fn call_told(&mut self, now: Now, news: CallNews, events: &broadcast::Sender<Event>) {
        let input = match news {
            CallNews::Heard(call) => Input::CallHeard(call),
            CallNews::Silent(call) => Input::CallSilent(call),
            CallNews::Side(call, side) => Input::CallSide(call, side),
            CallNews::Left(call) => Input::CallLeft(call),
            CallNews::NoSound(call) => Input::NoSound(call),
            CallNews::NoPicture(group) => Input::NoPicture(group),
            CallNews::Devices(capabilities) => Input::Capabilities(capabilities),
            CallNews::Tell(event) => return drop(events.send(*event)),
        };
        self.messenger.handle(now, input);
    }

    /// Every call, that with the echo too.
    pub fn calls(&self) -> Vec<CallView> {
        let mut calls = self.messenger.views().calls;
        calls.extend(self.talks.echo_view());
        calls
    }

    /// What people are heard and seen by, and its settings.
    pub fn equipment(&self) -> &Equipment {
        self.talks.equipment()
    }

    fn files_told(&mut self, now: Now, news: FilesNews, events: &broadcast::Sender<Event>) {
        match news {
            FilesNews::Prepared { number, buddy, outcome: Ok((offer, path)) } => {
                self.messenger.handle(now, Input::FileReady { number, buddy, offer, path });
            }
            FilesNews::Prepared { number, outcome: Err(error), .. } => {
                self.memos.answered(number, false);
                if let Some(answer) = self.answers.remove(&number) {
                    let _ = answer.send(Err(error));
                }
            }
            FilesNews::Tell(event) => {
                let _ = events.send(*event);
            }
        }
    }

    /// Tells the other rooms what concerns them: files that come and go with messages, who is linked, and who calls.
    #[expect(clippy::wildcard_enum_match_arm, reason = "few events are about who is there")]
    fn overheard(&mut self, event: &Event) {
        self.talks.overhear(event);
        self.memos.overhear(event);
        self.files.heard(event);
        let buddy = match event {
            Event::BuddyChanged { buddy } => &buddy.id,
            Event::BuddyRemoved { id } => id,
            _ => return,
        };
        if let Ok(account) = AccountId::parse(buddy) {
            self.files.linked(account, self.messenger.linked_device(&account));
        }
    }

    pub fn woke(&mut self, now: Now) {
        self.messenger.handle(now, Input::Woke);
    }

    /// Lets due timers fire and carries out what the messenger wants.
    pub fn tick(&mut self, now: Now, events: &broadcast::Sender<Event>) {
        if self.messenger.deadline().is_some_and(|at| at <= now.mono) {
            self.messenger.handle(now, Input::Tick);
        }
        while let Some(output) = self.messenger.poll() {
            self.carry_out(now, output, events);
        }
    }

    fn carry_out(&mut self, now: Now, output: Output, events: &broadcast::Sender<Event>) {
        match output {
            Output::Answer(number, outcome) => {
                self.memos.answered(number, outcome.is_ok());
                if let Some(answer) = self.answers.remove(&number) {
                    let _ = answer.send(outcome.map(with_qr));
                }
            }
            Output::Tell(event) => {
                self.overheard(&event);
                // Nobody listening is no error: a test may only ask.
                let _ = events.send(event);
            }
            Output::Dial { device, addresses, relay } => self.net.dial(device, addresses, relay),
            Output::Send(link, frame) => {
                if self.net.send(link, frame).is_err() {
                    // Slower than it is spoken to: what it has not taken goes on the next link.
                    self.net.close(link);
                }
            }
            Output::Close(link) => self.net.close(link),
            Output::Refuse(link) => self.net.refuse(link),
            Output::ServerSend(frame) => {
                if self.server.send(frame).is_err() {
                    self.server.close(true);
                }
            }
            Output::Mail(number, call) => {
                if self.mail.call(number, call).is_err() {
                    self.messenger.handle(now, Input::Mailed(number, None));
                }
            }
            Output::ServerClose { again } => self.server.close(again),
            Output::Save(save, changes) => {
                if self.store.save(save, changes).is_err() {
                    self.messenger.handle(now, Input::SaveFailed(save));
                }
            }
            Output::Fetch(buddy, from) => {
                if self.store.fetch(buddy, from).is_err() {
                    // They ask again; an empty answer would say that there is nothing.
                    tracing::warn!("the disk does not keep up");
                }
            }
            Output::UseRelay(relay) => {
                let at = relay.map(|relay| RelayAt { host: self.host.clone(), relay, key: self.server_key });
                self.net.use_relay(at);
            }
            Output::Voice(voice) => self.talks.act(voice),
            Output::Reserve => self.net.reserve(),
            Output::SignedOut => self.signed_out = true,
        }
    }

    fn show_page(&self, page: Result<StoredPage, StoreError>) -> Result<HistoryPage, CommandError> {
        let page = page.map_err(not_read)?;
        Ok(HistoryPage {
            messages: page.messages.iter().map(|message| self.view(message)).collect(),
            more: page.more,
            newer: page.newer,
            draft: page.draft,
            first_unread: page.first_unread.map(|id| id.to_string()),
        })
    }

    fn view(&self, message: &ShownMessage) -> MessageView {
        let mut view = self.messenger.message_view(message);
        self.files.overlay(&mut view);
        view
    }

    /// Says goodbye everywhere and closes.
    pub async fn sign_out(mut self: Box<Self>, clock: &Clock, events: &broadcast::Sender<Event>) {
        self.messenger.handle(clock.now(), Input::Command(0, Command::SignOut));
        self.tick(clock.now(), events);
        let said = async {
            while !self.signed_out {
                self.take_news(clock, events).await;
                self.tick(clock.now(), events);
            }
        };
        if timeout(GOODBYE, said).await.is_err() {
            tracing::info!("the server did not hear the goodbye in time");
        }
        self.close().await;
    }

    /// Closes without a word.
    pub async fn close(self: Box<Self>) {
        let Self { store, net, server, files, memos, mut memo_news, mut store_news, .. } = *self;
        // What is being recorded says that it is kept.
        memo_news.close();
        memos.close().await;
        // The store goes on answering until its queue is empty.
        let unheard = tokio::spawn(async move { while store_news.recv().await.is_some() {} });
        // What moves is made sure of while the store is open.
        files.stop().await;
        tokio::join!(net.stop(), server.stop(), store.close());
        unheard.abort();
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn not_read(error: StoreError) -> CommandError {
    CommandError { code: ErrorCode::NotSaved, message: format!("the disk: {error}") }
}

fn with_qr(reply: Reply) -> Reply {
    match reply {
        Reply::Done => Reply::Done,
        Reply::Invite { link, expires_ms, .. } => {
            let (qr_path, qr_size) = qr::path(&link);
            Reply::Invite { link, qr_path, qr_size, expires_ms }
        }
    }
}
