//! Trials of the whole room: two desks with stores of their own, joined in memory by wires that can be cut; and authors
//! who play by no rules.

mod honest;
mod hostile;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use juice_proto::{
    content::{self, Body, Content, FileOffer, Hlc, Place},
    file::{self, CHUNK, ChunkSeal, Root},
    id::{AccountId, ConversationId, DeviceId, MessageId},
    messenger::{
        SaveId,
        record::{Change, FileStage, MessageRecord, Progress},
    },
    sign::{SecretKey, Signed},
    vault::{KdfParams, Vault},
    view::{Command, CommandError, Event, FileStageView, FileView, Reply},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::compat::TokioAsyncReadCompatExt;
use zeroize::Zeroizing;

use super::{Files, FilesNews, Fittings};
use crate::{
    net::{Door, PeerStream},
    store::{Store, StoreNews, StoredFile},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// A folder that goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("juice-trial-{}-{number}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// One person's room, with what it is joined to.
struct Side {
    seed: u8,
    folder: Folder,
    store: Store,
    saved: mpsc::Receiver<StoreNews>,
    files: Option<Files>,
    news: mpsc::Receiver<FilesNews>,
    told: Vec<Event>,
    knocks: Option<mpsc::Receiver<(DeviceId, oneshot::Sender<PeerStream>)>>,
    accept: mpsc::Sender<PeerStream>,
    saves: u64,
}

fn account(seed: u8) -> AccountId {
    AccountId::new([seed; 32])
}

fn device(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

async fn open_store(folder: &Folder) -> (Store, mpsc::Receiver<StoreNews>) {
    let cheap = KdfParams { memory_kib: 8 * 1024, passes: 1, lanes: 1 };
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let key = Vault::new(Zeroizing::new(Vec::new()), "password", cheap, &mut rng).unwrap().data_key;
    let (answers, saved) = mpsc::channel(64);
    let (store, _) = Store::open(&folder.0.join("database.sqlite"), &key, answers).await.unwrap();
    (store, saved)
}

impl Side {
    async fn new(seed: u8) -> Self {
        let folder = Folder::new(&format!("side-{seed}"));
        let (store, saved) = open_store(&folder).await;
        let (accept, _) = mpsc::channel(1);
        let mut side = Self {
            seed,
            folder,
            store,
            saved,
            files: None,
            news: mpsc::channel(1).1,
            told: Vec::new(),
            knocks: None,
            accept,
            saves: 0,
        };
        side.start();
        side
    }

    fn downloads(&self) -> PathBuf {
        self.folder.0.join("downloads")
    }

    fn start(&mut self) {
        let (door, knocks) = Door::to_nowhere();
        let (accept, accepted) = mpsc::channel(64);
        let (told, news) = mpsc::channel(1_024);
        let fittings = Fittings { store: self.store.clone(), door, accepted, downloads: self.downloads() };
        self.files = Some(Files::start(fittings, told));
        (self.news, self.accept, self.knocks) = (news, accept, Some(knocks));
    }

    /// Ends the room as a crash does: nothing is made sure of.
    async fn crash(&mut self) {
        let files = self.files.take().unwrap();
        files.desk.abort();
        // Tasks of the desk go with it, before anyone tells them to stop.
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(files);
        self.told.clear();
    }

    async fn restart(&mut self) {
        if let Some(files) = self.files.take() {
            files.stop().await;
        }
        self.told.clear();
        self.start();
    }

    fn files(&self) -> &Files {
        self.files.as_ref().unwrap()
    }

    fn linked(&self, seed: u8, up: bool) {
        self.files().linked(account(seed), up.then(|| device(seed).device()));
    }

    /// Saves a message that offers a file, by me to `buddy` or by them to me.
    async fn save_offer(&mut self, buddy: u8, mine: bool, offer: &FileOffer, path: Option<&Path>) -> MessageId {
        self.saves += 1;
        let (author, other) = if mine { (self.seed, buddy) } else { (buddy, self.seed) };
        let keys = (device(author ^ 0x40).account_key(), device(other ^ 0x40).account_key());
        let place = Place {
            conversation: ConversationId::between(&keys.0, &keys.1),
            author: account(author),
            device: device(author).device(),
            seq: self.saves,
            previous: MessageId::new([0; 32]),
            hlc: Hlc(self.saves << 16),
            sent_ms: 1_780_000_000_000,
        };
        let body = Body::File(Box::new(offer.clone()));
        let content = Content::new(place, &body);
        let signed = Signed::make(&content, &device(author));
        let record = MessageRecord {
            id: content::id(&signed),
            buddy: account(buddy),
            conversation: content.conversation,
            mine,
            device: content.device,
            seq: content.seq,
            hlc: content.hlc,
            sent_ms: content.sent_ms,
            kind: content.kind,
            text: String::new(),
            target: None,
            signed,
            progress: Progress::Waiting,
            posted: None,
        };
        let id = record.id;
        let mut changes = vec![Change::Message(record)];
        changes.extend(path.map(|path| Change::FileAt(id, path.to_owned())));
        self.store.save(SaveId(self.saves), changes).unwrap();
        let saved = timeout(PATIENCE, self.saved.recv()).await.unwrap();
        assert!(matches!(saved, Some(StoreNews::Saved(..))), "{saved:?}");
        id
    }

    async fn row(&self, message: MessageId) -> StoredFile {
        self.store.file(message).await.unwrap().unwrap()
    }

    async fn command(&self, command: Command) -> Result<Reply, CommandError> {
        let (answer, answered) = oneshot::channel();
        assert!(self.files().act(&command, answer).is_none());
        timeout(PATIENCE, answered).await.unwrap().unwrap()
    }

    async fn fetch(&self, buddy: u8, message: MessageId) {
        let (buddy, message) = (account(buddy).to_string(), message.to_string());
        self.command(Command::FetchFile { buddy, message }).await.unwrap();
    }

    async fn pause(&self, buddy: u8, message: MessageId) {
        let (buddy, message) = (account(buddy).to_string(), message.to_string());
        self.command(Command::PauseFile { buddy, message }).await.unwrap();
    }

    async fn cancel(&self, buddy: u8, message: MessageId) -> Result<Reply, CommandError> {
        let (buddy, message) = (account(buddy).to_string(), message.to_string());
        self.command(Command::CancelFile { buddy, message }).await
    }

    /// Waits until a file is shown so.
    async fn until(&mut self, message: MessageId, what: &str, fits: impl Fn(&FileView) -> bool) -> FileView {
        let id = message.to_string();
        let fitting = |event: &Event| {
            let Event::FileChanged { message, file, .. } = event else { return None };
            (*message == id && fits(file)).then(|| file.clone())
        };
        loop {
            if let Some((at, file)) =
                self.told.iter().enumerate().find_map(|(at, event)| fitting(event).map(|file| (at, file)))
            {
                // News of other files stay for later waits.
                let mut place = 0;
                self.told.retain(|event| {
                    place += 1;
                    place - 1 > at || !matches!(event, Event::FileChanged { message, .. } if *message == id)
                });
                return file;
            }
            match timeout(PATIENCE, self.news.recv()).await {
                Ok(Some(FilesNews::Tell(event))) => self.told.push(*event),
                Ok(Some(FilesNews::Prepared { .. })) => {}
                Ok(None) | Err(_) => panic!("{what} did not happen; told: {:#?}", self.told),
            }
        }
    }

    async fn until_stage(&mut self, message: MessageId, stage: FileStageView) -> FileView {
        self.until(message, &format!("{stage:?}"), |file| file.stage == stage).await
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.downloads());
        let mut names: Vec<_> =
            entries.into_iter().flatten().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// What the other side would do at the end of a stream that this one opens.
    async fn knock(&mut self) -> (DeviceId, oneshot::Sender<PeerStream>) {
        timeout(PATIENCE, self.knocks.as_mut().unwrap().recv()).await.expect("a stream is opened").unwrap()
    }

    /// Takes the stream that this one opens, by hand.
    async fn answer_by_hand(&mut self) -> super::wire::Wire<tokio_util::compat::Compat<tokio::io::DuplexStream>> {
        let (to, answer) = self.knock().await;
        let (near, far) = tokio::io::duplex(256 * 1024);
        answer.send(PeerStream::over(to, near.compat())).unwrap();
        super::wire::Wire::new(far.compat())
    }

    /// Opens a stream to this one as a device, by hand.
    async fn open_by_hand(
        &self,
        from: DeviceId,
    ) -> super::wire::Wire<tokio_util::compat::Compat<tokio::io::DuplexStream>> {
        let (near, far) = tokio::io::duplex(256 * 1024);
        self.accept.send(PeerStream::over(from, near.compat())).await.unwrap();
        super::wire::Wire::new(far.compat())
    }
}

/// Two sides joined both ways, until this is dropped; it counts what goes through.
struct Joined {
    tasks: Vec<JoinHandle<()>>,
    bytes: Arc<AtomicU64>,
}

impl Joined {
    /// At most `speed` bytes every millisecond, 0 for as fast as it goes.
    fn new(a: &mut Side, b: &mut Side, speed: u64) -> Self {
        let bytes = Arc::<AtomicU64>::default();
        let tasks = vec![carry(a, b, speed, &bytes), carry(b, a, speed, &bytes)];
        a.linked(b.seed, true);
        b.linked(a.seed, true);
        Self { tasks, bytes }
    }

    fn cut(self, a: &Side, b: &Side) -> u64 {
        a.linked(b.seed, false);
        b.linked(a.seed, false);
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn carry(from: &mut Side, to: &Side, speed: u64, bytes: &Arc<AtomicU64>) -> JoinHandle<()> {
    let (mut knocks, accept) = (from.knocks.take().unwrap(), to.accept.clone());
    let (from, bytes) = (device(from.seed).device(), Arc::clone(bytes));
    tokio::spawn(async move {
        let mut wires = tokio::task::JoinSet::new();
        while let Some((to, answer)) = knocks.recv().await {
            let ((one, near), (far, other)) = (tokio::io::duplex(64 * 1024), tokio::io::duplex(64 * 1024));
            let _ = answer.send(PeerStream::over(to, one.compat()));
            let _ = accept.send(PeerStream::over(from, other.compat())).await;
            let bytes = Arc::clone(&bytes);
            wires.spawn(async move {
                let ((near_in, near_out), (far_in, far_out)) = (tokio::io::split(near), tokio::io::split(far));
                tokio::join!(pass(near_in, far_out, speed, &bytes), pass(far_in, near_out, speed, &bytes));
            });
        }
    })
}

async fn pass(
    mut from: impl tokio::io::AsyncRead + Unpin,
    mut to: impl tokio::io::AsyncWrite + Unpin,
    speed: u64,
    bytes: &AtomicU64,
) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut buffer = vec![0; 32 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        bytes.fetch_add(read as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..read]).await.is_err() {
            break;
        }
        if let Some(millis) = (read as u64).checked_div(speed) {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
    }
    let _ = to.shutdown().await;
}

fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

fn offer_of(name: &str, bytes: &[u8]) -> FileOffer {
    let mut root = Root::default();
    bytes.chunks(CHUNK).for_each(|chunk| root.add(&file::chunk_hash(chunk)));
    let (size, key) = (bytes.len() as u64, [7; 32].into());
    FileOffer {
        name: name.into(),
        size,
        key,
        root: root.finish().into(),
        picture: None,
        caption: String::new(),
        memo: None,
    }
}

/// A sealed chunk as a frame.
fn chunk_frame(offer: &FileOffer, index: u64, plain: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let fill = |place: &mut [u8]| -> Result<(), juice_proto::error::ProtoError> {
        place.copy_from_slice(plain);
        Ok(())
    };
    ChunkSeal::new(offer).append(&mut frame, index, plain.len(), fill).unwrap();
    frame
}

/// Alice with a file, and bob to whom it is offered: the same message on both sides.
async fn offered(alice: &mut Side, bob: &mut Side, name: &str, bytes: &[u8]) -> (MessageId, PathBuf) {
    let path = alice.folder.0.join(name);
    fs::write(&path, bytes).unwrap();
    let offer = offer_of(name, bytes);
    // Numbers run alike on both sides, so that the ids are the same.
    let number = alice.saves.max(bob.saves);
    (alice.saves, bob.saves) = (number, number);
    let message = alice.save_offer(bob.seed, true, &offer, Some(&path)).await;
    assert_eq!(bob.save_offer(alice.seed, false, &offer, None).await, message);
    (message, path)
}

const MOVED: fn(&FileView) -> bool = |file| file.stage == FileStageView::Moving && file.done > 1_500_000.0;

fn is_paused(row: &StoredFile) -> bool {
    row.record.stage == FileStage::Paused
}
