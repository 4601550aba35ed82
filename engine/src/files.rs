//! The files' room: reading what is offered, giving it, getting what others offer.
//!
//! One task, the [`desk`], knows what is wanted and what moves; each transfer is a task of its own (`fetch`, `serve`),
//! each reading of a file before it is offered a blocking one (`prepare`). The driver hands in orders and what it hears
//! of links and messages, none of which makes it wait, and takes [`FilesNews`]. Bytes come and go on streams that the
//! net hands over whole; what must outlive the process is kept through the store. The messenger sees none of the bytes.

pub(crate) mod chunks;
mod desk;
mod fetch;
mod live;
pub(crate) mod part;
pub(crate) mod picture;
mod prepare;
mod serve;
#[cfg(test)]
mod trial;
mod wire;

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use juice_proto::{
    content::FileOffer,
    id::{AccountId, DeviceId, MessageId},
    view::{Command, CommandError, ErrorCode, Event, FileStageView, FileView, MessageView, Reply},
};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use self::desk::{Desk, Order, Verb};
use crate::{
    lock::lock,
    memo::Offered,
    net::{Door, PeerStream},
    store::Store,
};

/// Orders that may wait for the desk, which takes a millisecond for each.
const ORDERS: usize = 4_096;
/// How long the desk may take at the end to make sure of what has come.
const STOP: Duration = Duration::from_secs(3);
/// The largest bytes that are pasted, in bytes.
const MAX_PASTE: usize = 64 * 1024 * 1024;
/// The largest picture or memo of a buddy that is fetched by itself, in bytes.
const MAX_UNASKED: f64 = 10.0 * 1024.0 * 1024.0;

/// What the room has to say.
#[derive(Debug)]
pub(crate) enum FilesNews {
    /// The file of a command of that number is ready to be offered, or is not.
    Prepared { number: u64, buddy: String, outcome: Result<(Box<FileOffer>, PathBuf), CommandError> },
    /// Something to show.
    Tell(Box<Event>),
}

/// What the room is made of.
pub(crate) struct Fittings {
    pub store: Store,
    pub door: Door,
    pub accepted: mpsc::Receiver<PeerStream>,
    /// The folder for what others send.
    pub downloads: PathBuf,
}

/// What the driver and the desk share.
#[derive(Debug, Default)]
struct Shared {
    /// The devices that speak for buddies now.
    linked: Mutex<HashMap<AccountId, DeviceId>>,
    relinked: Notify,
    /// Of each file that moves: bytes that are there, bytes a second.
    moving: Mutex<HashMap<MessageId, (u64, u64)>>,
}

/// The way to the desk.
pub(crate) struct Files {
    orders: mpsc::Sender<Order>,
    shared: Arc<Shared>,
    stop: CancellationToken,
    desk: JoinHandle<()>,
}

impl Files {
    pub fn start(fittings: Fittings, news: mpsc::Sender<FilesNews>) -> Self {
        let (orders, inbox) = mpsc::channel(ORDERS);
        let (shared, stop) = (Arc::<Shared>::default(), CancellationToken::new());
        let desk = Desk::new(fittings, news, inbox, Arc::clone(&shared), stop.clone());
        Self { orders, shared, stop, desk: tokio::spawn(desk.run()) }
    }

    /// The device that speaks for a buddy now; none where none does.
    pub fn linked(&self, buddy: AccountId, device: Option<DeviceId>) {
        let mut linked = lock(&self.shared.linked);
        let before = match device {
            Some(device) => linked.insert(buddy, device),
            None => linked.remove(&buddy),
        };
        if before != device {
            self.shared.relinked.notify_one();
        }
    }

    /// Looks at what is told to the person, for what concerns files.
    #[expect(clippy::wildcard_enum_match_arm, reason = "few events are about files")]
    pub fn heard(&self, event: &Event) {
        let id = |message: &MessageView| MessageId::parse(&message.id).ok();
        let order = match event {
            Event::MessageQueued { message } if message.file.is_some() => id(message).map(Order::Mine),
            Event::MessageArrived { message } => {
                let unasked =
                    |file: &FileView| (file.picture.is_some() || file.memo.is_some()) && file.size <= MAX_UNASKED;
                message.file.as_ref().filter(|file| unasked(file)).and_then(|_| id(message)).map(Order::FetchUnasked)
            }
            Event::MessageChanged { message } if message.deleted => id(message).map(Order::Forget),
            Event::ConversationForgotten { buddy } => AccountId::parse(buddy).ok().map(Order::ForgetAll),
            _ => None,
        };
        if let Some(order) = order {
            self.order(order);
        }
    }

    /// Reads a file, which may be a memo; answered by [`FilesNews::Prepared`] with this number.
    pub fn prepare(&self, number: u64, buddy: String, path: PathBuf, caption: String, memo: Option<Offered>) {
        self.order(Order::Prepare { number, buddy, path, caption, memo: memo.map(Box::new) });
    }

    /// Does what a person asks of a file; true if it is about one.
    #[expect(clippy::wildcard_enum_match_arm, reason = "few commands are about files")]
    pub fn act(
        &self,
        command: &Command,
        answer: oneshot::Sender<Result<Reply, CommandError>>,
    ) -> Option<oneshot::Sender<Result<Reply, CommandError>>> {
        let (verb, buddy, message) = match command {
            Command::FetchFile { buddy, message } => (Verb::Fetch, buddy, message),
            Command::PauseFile { buddy, message } => (Verb::Pause, buddy, message),
            Command::CancelFile { buddy, message } => (Verb::Cancel, buddy, message),
            _ => return Some(answer),
        };
        match (AccountId::parse(buddy), MessageId::parse(message)) {
            (Ok(buddy), Ok(message)) => self.order(Order::Act { verb, buddy, message, answer }),
            (Err(_), _) | (_, Err(_)) => drop(answer.send(Err(unknown()))),
        }
        None
    }

    /// A message whose file moves is shown so.
    pub fn overlay(&self, message: &mut MessageView) {
        let Some(file) = message.file.as_mut().filter(|file| file.stage == FileStageView::Waiting) else { return };
        let Ok(id) = MessageId::parse(&message.id) else { return };
        if let Some((done, speed)) = lock(&self.shared.moving).get(&id) {
            file.stage = FileStageView::Moving;
            (file.done, file.speed) = (number(*done), Some(number(*speed)));
        }
    }

    /// Makes sure of what has come, and ends. The store must still be open.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if timeout(STOP, &mut self.desk).await.is_err() {
            self.desk.abort();
        }
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::warn!("the files' desk has too much to do, an order is dropped");
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Where the file of a message is: mine, or theirs once it is whole.
///
/// # Errors
/// `Unknown`, `NotSaved` where the disk would not tell.
pub(crate) async fn place(store: &Store, buddy: AccountId, message: MessageId) -> Result<PathBuf, CommandError> {
    let not_read = |error| CommandError { code: ErrorCode::NotSaved, message: format!("the disk: {error}") };
    let file = store.file(message).await.map_err(not_read)?.filter(|file| file.buddy == buddy).ok_or_else(unknown)?;
    let here = file.mine || file.record.stage == juice_proto::messenger::record::FileStage::Done;
    file.record.path.filter(|_| here).ok_or_else(unknown)
}

/// Keeps bytes as a file of this name in `folder`, for its owner alone; where it is then. Blocks.
pub(crate) fn keep_pasted(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    if bytes.len() > MAX_PASTE {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let (mut file, path) = part::create_as(folder, name, "")?;
    let kept = io::Write::write_all(&mut file, bytes).and_then(|()| file.sync_all());
    if let Err(error) = kept {
        part::remove(&path);
        return Err(error);
    }
    Ok(path)
}

pub(crate) fn unknown() -> CommandError {
    CommandError { code: ErrorCode::Unknown, message: "no such file".into() }
}

#[expect(clippy::cast_precision_loss, reason = "files are below 2^53 bytes")]
fn number(bytes: u64) -> f64 {
    bytes as f64
}
