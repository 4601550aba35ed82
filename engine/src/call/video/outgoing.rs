//! The way out of my pictures to one other: each on a stream of its own, so that one that is late delays none that is newer.
//!
//! Some streams stand by, since opening one takes a round trip. A picture is on its way until the other side has closed its
//! stream; when too many are, those that nothing builds on are left out first, and after one that others build on nothing
//! goes but a keyframe.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use futures::{AsyncReadExt, AsyncWriteExt};
use juice_proto::{
    id::{CallId, DeviceId},
    media::{self, MediaKeys, VideoPacket, VideoReport},
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::timeout,
};

use crate::{
    lock::lock,
    net::{Door, PeerStream},
    video::{CodedFrame, Layer, VideoLink},
};

/// Streams that stand by or open: the pictures of nearly half a second, as long as opening takes where packets are lost.
const READY: usize = 14;
/// Pictures on their way at most: the rest of the streams that the other side serves.
const ON_THEIR_WAY: usize = 16;
/// After so long a picture that nothing builds on is given up.
const STALE: Duration = Duration::from_millis(400);
/// After so long any picture is: whoever waits for it has asked for a keyframe by then.
const LOST: Duration = Duration::from_secs(1);
/// How long until a stream that did not open is tried again.
const AGAIN: Duration = Duration::from_millis(500);
/// Reports that are remembered: two seconds of them.
const KEPT: usize = 5;

/// See the module. Dropping it ends what is on its way.
pub(in crate::call) struct VideoOut {
    call: CallId,
    keys: MediaKeys,
    pictures: mpsc::Sender<Leaving>,
    anew: watch::Sender<()>,
    on_their_way: Arc<AtomicUsize>,
    state: Mutex<State>,
    _task: JoinSet<()>,
}

#[derive(Default)]
struct State {
    /// One that others build on was left out, and no keyframe has gone since.
    is_broken: bool,
    /// The number of the last keyframe.
    last_key: Option<u64>,
    reports: VecDeque<(Instant, VideoReport)>,
}

struct Leaving {
    bytes: Vec<u8>,
    patience: Duration,
    _place: Place,
}

/// One on its way.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl VideoOut {
    /// Nothing is opened until there is a picture.
    pub fn new(door: Door, device: DeviceId, call: CallId, keys: MediaKeys) -> Self {
        let (pictures, leaving) = mpsc::channel(ON_THEIR_WAY);
        let (anew, renewed) = watch::channel(());
        let mut task = JoinSet::new();
        task.spawn(send(door, device, leaving, renewed));
        let (on_their_way, state) = (Arc::default(), Mutex::default());
        Self { call, keys, pictures, anew, on_their_way, state, _task: task }
    }

    /// Sends a picture under this number, which none had. False: a keyframe is due.
    pub fn send(&self, number: u64, frame: &CodedFrame) -> bool {
        let mut state = lock(&self.state);
        if frame.key {
            (state.is_broken, state.last_key) = (false, Some(number));
        }
        if state.is_broken {
            return false;
        }
        let is_droppable = frame.layer == Layer::Droppable;
        if self.on_their_way.fetch_add(1, Relaxed) >= ON_THEIR_WAY {
            self.on_their_way.fetch_sub(1, Relaxed);
            state.is_broken |= !is_droppable;
            return is_droppable;
        }
        let place = Place(Arc::clone(&self.on_their_way));
        let layer = match (frame.key, frame.layer) {
            (true, _) => media::Layer::Key,
            (false, Layer::Base) => media::Layer::Base,
            (false, Layer::Droppable) => media::Layer::Droppable,
        };
        let picture = VideoPacket {
            captured_us: frame.captured,
            layer,
            back: u16::try_from(frame.number.wrapping_sub(frame.follows)).unwrap_or(u16::MAX),
            width: frame.width,
            height: frame.height,
            data: frame.data.clone(),
        };
        let sealed = media::video_stream(&self.keys, &self.call, number, &picture);
        let patience = if is_droppable { STALE } else { LOST };
        let sent = sealed.is_ok_and(|bytes| self.pictures.try_send(Leaving { bytes, patience, _place: place }).is_ok());
        state.is_broken |= !sent && !is_droppable;
        sent || is_droppable
    }

    /// Opens every stream anew, on the best way there is now.
    pub fn renew(&self) {
        self.anew.send_replace(());
    }

    /// How they say that it comes.
    pub fn told(&self, report: VideoReport) {
        let mut state = lock(&self.state);
        state.reports.push_back((Instant::now(), report));
        if state.reports.len() > KEPT {
            state.reports.pop_front();
        }
    }

    /// They can't go on without a keyframe, and none has gone since.
    pub fn is_stuck(&self) -> bool {
        let state = lock(&self.state);
        let stuck_after = state.reports.back().and_then(|(_, report)| report.stuck_after);
        state.is_broken || stuck_after.is_some_and(|after| state.last_key.is_none_or(|key| key <= after))
    }

    /// For whoever codes my pictures; `loss` is the share of my voice's packets that don't come: of a picture, what is lost
    /// is sent again.
    pub fn link(&self, loss: f32, rtt_ms: u32, relayed: bool) -> VideoLink {
        let state = lock(&self.state);
        let mut link = VideoLink { loss, rtt_ms, queued_ms: 0, came_kbit_s: None, relayed };
        let (Some((since, first)), Some((at, last))) = (state.reports.front(), state.reports.back()) else {
            return link;
        };
        link.queued_ms = last.queued_ms;
        let millis = at.duration_since(*since).as_millis() as f64;
        if millis > 0.0 {
            link.came_kbit_s = Some((last.bytes.saturating_sub(first.bytes) as f64 * 8.0 / millis) as u32);
        }
        link
    }
}

/// Gives each picture a stream, and keeps some standing by from the first picture on.
async fn send(door: Door, device: DeviceId, mut leaving: mpsc::Receiver<Leaving>, mut anew: watch::Receiver<()>) {
    let (mut ready, mut opening, mut sending) = (VecDeque::new(), JoinSet::new(), JoinSet::new());
    let mut waiting: VecDeque<Leaving> = VecDeque::new();
    let mut is_wanted = false;
    loop {
        while is_wanted && ready.len() + opening.len() < READY {
            let door = door.clone();
            opening.spawn(async move {
                let stream = door.open(device).await;
                if stream.is_none() {
                    tokio::time::sleep(AGAIN).await;
                }
                stream
            });
        }
        tokio::select! {
            picture = leaving.recv() => match picture {
                Some(picture) => {
                    is_wanted = true;
                    waiting.push_back(picture);
                }
                None => return,
            },
            Some(Ok(stream)) = opening.join_next() => ready.extend(stream),
            Some(_) = sending.join_next() => {}
            changed = anew.changed() => match changed {
                Ok(()) => {
                    ready.clear();
                    opening.abort_all();
                    opening = JoinSet::new();
                }
                Err(_) => return,
            },
        }
        while !waiting.is_empty() {
            let Some(stream) = ready.pop_front() else { break };
            if let Some(picture) = waiting.pop_front() {
                sending.spawn(deliver(stream, picture));
            }
        }
    }
}

/// Writes a picture and waits until it has come, or is not worth it any more.
async fn deliver(mut stream: PeerStream, picture: Leaving) {
    let sent = async {
        stream.write_all(&picture.bytes).await?;
        stream.close().await?;
        let mut end = [0];
        stream.read(&mut end).await
    };
    // Dropped before its end, the stream is reset.
    let _ = timeout(picture.patience, sent).await;
}
