//! The way out: datagrams where the way to the device carries them, else the streams on which one call's packets leave,
//! each with a place for the newest.
//!
//! The streams stand by, so that a packet never waits for one when the way changes.
//! A lane that is held up keeps one packet waiting and lets a newer one take its place, so nothing stale piles up. A
//! lane whose stream broke opens another, and all do when a better way to the device has come.

use std::time::Duration;

use futures::AsyncWriteExt;
use juice_proto::{
    frame,
    id::{CallId, DeviceId},
    media::{self, LANES, MediaHello},
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::net::{Door, PeerStream};

/// How long until a stream that did not open is tried again.
const AGAIN: Duration = Duration::from_millis(200);
/// How long a stream may take nothing before it is given up.
const STUCK: Duration = Duration::from_secs(4);

/// The streams of one call. Dropping it closes them.
pub(super) struct Lanes {
    door: Door,
    device: DeviceId,
    call: CallId,
    waiting: Vec<watch::Sender<Vec<u8>>>,
    anew: watch::Sender<()>,
    _tasks: JoinSet<()>,
}

impl Lanes {
    /// Begins to open them.
    pub fn open(door: &Door, device: DeviceId, call: CallId) -> Self {
        let (anew, _) = watch::channel(());
        let mut tasks = JoinSet::new();
        let lanes = 0..u8::try_from(LANES).unwrap_or(u8::MAX);
        let waiting = lanes.map(|lane| {
            let (waiting, packets) = watch::channel(Vec::new());
            let lane =
                Lane { door: door.clone(), device, hello: MediaHello { call, lane }, packets, anew: anew.subscribe() };
            tasks.spawn(lane.run());
            waiting
        });
        let waiting = waiting.collect();
        Self { door: door.clone(), device, call, waiting, anew, _tasks: tasks }
    }

    /// Sends a packet as a datagram, or on the lane of its number.
    pub fn send(&self, number: u64, packet: Vec<u8>) {
        if self.door.send_datagram(&self.device, media::datagram(&self.call, &packet)) {
            return;
        }
        let lane = usize::try_from(number % LANES as u64).unwrap_or_default();
        if let Some(waiting) = self.waiting.get(lane) {
            waiting.send_replace(packet);
        }
    }

    /// Opens every stream anew, on the best way there is now.
    pub fn renew(&self) {
        self.anew.send_replace(());
    }
}

struct Lane {
    door: Door,
    device: DeviceId,
    hello: MediaHello,
    packets: watch::Receiver<Vec<u8>>,
    anew: watch::Receiver<()>,
}

impl Lane {
    async fn run(mut self) {
        let mut stream = self.stream().await;
        loop {
            tokio::select! {
                changed = self.packets.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    let packet = self.packets.borrow_and_update().clone();
                    let written = timeout(STUCK, write(&mut stream, &packet)).await;
                    if !matches!(written, Ok(Ok(()))) {
                        stream = self.stream().await;
                    }
                }
                changed = self.anew.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    let fresh = self.stream().await;
                    let mut old = std::mem::replace(&mut stream, fresh);
                    // Whatever is still on its way there may arrive; nobody waits for it.
                    tokio::spawn(async move { timeout(STUCK, old.close()).await });
                }
            }
        }
        let _ = timeout(STUCK, stream.close()).await;
    }

    /// A stream that has said what it is for, however long it takes to have one.
    async fn stream(&self) -> PeerStream {
        loop {
            if let Some(mut stream) = self.door.open(self.device).await
                && write(&mut stream, &self.greeting()).await.is_ok()
            {
                return stream;
            }
            sleep(AGAIN).await;
        }
    }

    fn greeting(&self) -> Vec<u8> {
        let hello = frame::encode(&self.hello);
        // A few dozen bytes are never too long.
        let header = frame::header(hello.len()).unwrap_or_default();
        [header.as_slice(), &hello].concat()
    }
}

async fn write(stream: &mut PeerStream, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}
