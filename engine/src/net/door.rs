//! Streams beside the links, for files and for the sound of calls: opened, accepted, and handed on whole.
//!
//! The Swarm's task makes them and counts how many a peer has opened; whoever holds a [`PeerStream`] reads and writes
//! it in a task of its own, and gives its place back by dropping it. The net looks at none of the bytes.

use std::{
    collections::HashMap,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, Weak},
    task::{Context, Poll},
    time::Duration,
};

use futures::{AsyncRead, AsyncWrite};
use juice_proto::{id::DeviceId, media};
use libp2p::{PeerId, Stream};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use super::{
    datagrams::{Catch, Datagrams},
    task::Order,
};
use crate::lock::lock;

/// What streams are for; each has a protocol and limits of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Room {
    /// [`juice_proto::file`].
    Files,
    /// [`juice_proto::media`].
    Media,
    /// The same, for pictures.
    Video,
}

impl Room {
    /// How many streams that one peer opened are served at once; the rest is reset.
    fn served_at_once(self) -> usize {
        match self {
            Self::Files => 8,
            // Two calls, one of them moving from one way to a better one.
            Self::Media => 3 * media::LANES,
            // Those that stand by, and those on their way.
            Self::Video => 32,
        }
    }
}

/// How many accepted streams may wait to be taken; above it they are reset.
pub(super) const MAX_WAITING: usize = 64;
/// How long a stream may take to open on a connection that is there.
const OPENING: Duration = Duration::from_secs(10);

/// A stream to another device; the transport has proven who is at its other end.
pub struct PeerStream {
    /// The other end.
    pub device: DeviceId,
    stream: Box<dyn Bytes>,
    _place: Option<Place>,
}

impl PeerStream {
    pub(super) fn new(device: DeviceId, stream: Stream, place: Option<Place>) -> Self {
        Self { device, stream: Box::new(stream), _place: place }
    }

    /// Over anything, for tests of those who read and write it.
    #[cfg(test)]
    pub(crate) fn over(device: DeviceId, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self { device, stream: Box::new(stream), _place: None }
    }
}

/// What a stream is to those who hold it.
trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

impl std::fmt::Debug for PeerStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PeerStream").field("device", &self.device).finish_non_exhaustive()
    }
}

impl AsyncRead for PeerStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for PeerStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

/// The way to streams for one purpose; its clones are the same way.
#[derive(Clone, Debug)]
pub struct Door {
    pub(super) room: Room,
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) datagrams: Datagrams,
}

impl Door {
    /// Opens a stream to a device on a connection that is there; none where there is none, or the device does not
    /// answer.
    pub async fn open(&self, device: DeviceId) -> Option<PeerStream> {
        let (answer, opened) = oneshot::channel();
        self.orders.send(Order::Open { room: self.room, device, answer }).await.ok()?;
        timeout(OPENING, opened).await.ok()?.ok()
    }

    /// Sends a datagram to a device, which may be lost on the way; false where no connection to it carries datagrams, or
    /// none of that many bytes.
    pub fn send_datagram(&self, device: &DeviceId, datagram: Vec<u8>) -> bool {
        self.datagrams.send(device, datagram)
    }

    /// Gives the datagrams that come from now on, from any device, to this catcher as long as it lives, and no more to the
    /// one before.
    pub fn give_datagrams(&self, catcher: Weak<dyn Catch>) {
        self.datagrams.give_to(catcher);
    }

    /// Counts bytes that did not parse against their device. The third time within ten minutes it is refused for five.
    pub fn strike(&self, device: DeviceId) {
        if self.orders.try_send(Order::Strike(device)).is_err() {
            tracing::warn!("the net has too much to do, a strike is dropped");
        }
    }
}

#[cfg(test)]
impl Door {
    /// A door behind which a test decides who answers.
    pub(crate) fn to_nowhere() -> (Self, mpsc::Receiver<(DeviceId, oneshot::Sender<PeerStream>)>) {
        let (orders, mut inbox) = mpsc::channel(64);
        let (knock, knocks) = mpsc::channel(64);
        tokio::spawn(async move {
            while let Some(order) = inbox.recv().await {
                if let Order::Open { device, answer, .. } = order {
                    let _ = knock.send((device, answer)).await;
                }
            }
        });
        let datagrams = Datagrams::new(orders.clone());
        (Self { room: Room::Files, orders, datagrams }, knocks)
    }
}

/// How many accepted streams each peer has, for each purpose.
#[derive(Clone, Debug, Default)]
pub(super) struct Served(Arc<Mutex<HashMap<(Room, PeerId), usize>>>);

/// One of a peer's places, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    of: (Room, PeerId),
    served: Served,
}

impl Served {
    /// A place for one more stream of a peer; none where it has enough.
    pub(super) fn place(&self, room: Room, peer: PeerId) -> Option<Place> {
        let mut counts = self.counts();
        let count = counts.entry((room, peer)).or_default();
        if *count >= room.served_at_once() {
            return None;
        }
        *count += 1;
        Some(Place { of: (room, peer), served: self.clone() })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<(Room, PeerId), usize>> {
        lock(&self.0)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.served.counts();
        if let Some(count) = counts.get_mut(&self.of) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_streams_of_one_peer_take_eight_places() {
        let (served, eve, bob) = (Served::default(), PeerId::random(), PeerId::random());
        let mut places: Vec<_> = (0..1_000).filter_map(|_| served.place(Room::Files, eve)).collect();
        assert_eq!(places.len(), 8);
        assert!(served.place(Room::Media, eve).is_some(), "a call is not held up by files");
        assert!(served.place(Room::Files, bob).is_some(), "others are not hurt");
        places.pop();
        assert!(served.place(Room::Files, eve).is_some(), "a place that is given back is free");
        places.clear();
        assert!(served.counts().is_empty(), "who has no stream is not remembered");
    }
}
