//! The links to other devices: a libp2p Swarm, and one task for each link.
//!
//! The driver owns a [`Net`] and reads [`NetNews`] from the channel that it handed in. Device ids, addresses as text and
//! whole frames cross the edge; no libp2p type does. One task (`task`) owns the Swarm; every link has a task of its own,
//! which reads into the news channel and writes from a queue of its own, so a link that stalls holds up only itself.
//! When the news channel is full, links stop reading and the Swarm keeps its news to itself until there is room.

mod behaviour;
mod datagrams;
mod dials;
mod door;
mod identity;
mod link;
mod outgoing;
mod quic;
mod reach;
mod relay;
mod streams;
mod strikes;
mod task;

use std::{collections::HashMap, time::Duration};

use juice_proto::{
    id::{DeviceId, LinkId, ServerKey},
    server::Relay,
    sign::SecretKey,
};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use self::{
    datagrams::Datagrams,
    outgoing::Outgoing,
    task::{Order, Task},
};
pub use self::{
    datagrams::{Catch, Malformed},
    door::{Door, PeerStream, Room},
};

/// How many orders may wait for the Swarm's task: a dial for each of 1,000 buddies, several times over.
const MAX_ORDERS: usize = 4_096;
/// How long [`Net::stop`] waits for the links to write what was sent, and then for the connections to close.
const STOP_FLUSH: Duration = Duration::from_millis(400);

/// What a [`Net`] is made from.
#[derive(Debug)]
pub struct NetConfig {
    /// The device's key; its public half is what others dial.
    pub device: SecretKey,
    /// Where to be reachable.
    pub listen: Listen,
    /// Deadlines.
    pub limits: Limits,
}

/// Where to be reachable, always by QUIC and by TCP on ports that the system chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listen {
    /// On every interface, IPv4 and IPv6.
    Anywhere,
    /// On this machine alone.
    Loopback,
}

/// Deadlines of links and dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From a frame's first byte, or for the first frame from the stream's opening, to its last byte.
    pub frame: Duration,
    /// For a dial, from its first attempt to a link.
    pub dial: Duration,
    /// How long a connection without a stream stays.
    pub idle: Duration,
    /// How long a closed link may take to hand over what was sent on it.
    pub linger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame: Duration::from_secs(10),
            dial: Duration::from_secs(10),
            idle: Duration::from_secs(10),
            linger: Duration::from_secs(2),
        }
    }
}

/// What the net tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetNews {
    /// A link is open, and the transport has proven the device. Either side may have opened it.
    LinkUp {
        /// Its number.
        link: LinkId,
        /// The other end.
        device: DeviceId,
        /// Through the relay.
        relayed: bool,
    },
    /// A frame came, without its length.
    LinkFrame(LinkId, Vec<u8>),
    /// A link is gone. Said once for each [`NetNews::LinkUp`], and after it nothing more of that link.
    LinkDown(LinkId),
    /// No link came of [`Net::dial`].
    DialFailed(DeviceId),
    /// Where this device can be dialled, whenever that changes.
    Addresses {
        /// Multiaddresses without the peer id, at most 16.
        addresses: Vec<String>,
        /// It was found that nobody can dial this device from outside; false until found.
        behind_nat: bool,
    },
}

/// Where the relay is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayAt {
    /// The server's host: a DNS name, an IPv4 address, or an IPv6 address with or without brackets.
    pub host: String,
    /// Its ports.
    pub relay: Relay,
    /// The server's key, which is the relay's identity.
    pub key: ServerKey,
}

/// Why there is no net.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The device's key is not one.
    #[error("the device key is unusable")]
    Key,
    /// The transports could not be set up; the text is for a log.
    #[error("no transport: {0}")]
    Transport(String),
}

/// The link's queue is full: the other side takes frames more slowly than they are sent. Close the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue is full")]
pub struct Full;

/// The way to the Swarm's task, which ends when this is dropped.
#[derive(Debug)]
pub struct Net {
    orders: mpsc::Sender<Order>,
    datagrams: Datagrams,
    news: mpsc::Sender<NetNews>,
    outgoing: Outgoing,
    accepted: HashMap<Room, mpsc::Receiver<PeerStream>>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Net {
    /// Starts listening. Where listening fails, the net can still dial; [`NetNews::Addresses`] tells what there is.
    ///
    /// # Errors
    /// See [`NetError`].
    pub async fn start(config: NetConfig, news: mpsc::Sender<NetNews>) -> Result<Self, NetError> {
        let (orders, inbox) = mpsc::channel(MAX_ORDERS);
        let outgoing = Outgoing::default();
        let stop = CancellationToken::new();
        let (files, accepted_files) = mpsc::channel(door::MAX_WAITING);
        let (media, accepted_media) = mpsc::channel(door::MAX_WAITING);
        let (video, accepted_video) = mpsc::channel(door::MAX_WAITING);
        let accept = HashMap::from([(Room::Files, files), (Room::Media, media), (Room::Video, video)]);
        let accepted = HashMap::from([
            (Room::Files, accepted_files),
            (Room::Media, accepted_media),
            (Room::Video, accepted_video),
        ]);
        let datagrams = Datagrams::new(orders.clone());
        let task = Task::new(&config, inbox, news.clone(), outgoing.clone(), accept, datagrams.clone(), stop.clone())?;
        Ok(Self { orders, datagrams, news, outgoing, accepted, stop, task: tokio::spawn(task.run()) })
    }

    /// Opens a link to a device: on a connection that is there, or by dialling these addresses, and the relay where
    /// asked. Answered by one [`NetNews::LinkUp`] or [`NetNews::DialFailed`]; a dial to a device that is being dialled
    /// joins the first and shares its answer.
    pub fn dial(&self, device: DeviceId, addresses: Vec<String>, relay: bool) {
        let order = Order::Dial { device, addresses, relay };
        if self.orders.try_send(order).is_err() {
            tracing::warn!(?device, "too many dials at once, one is dropped");
            // Where even this has no room, nobody is listening.
            let _ = self.news.try_send(NetNews::DialFailed(device));
        }
    }

    /// Queues a frame of 1 to [`juice_proto::frame::MAX_FRAME`] bytes. A frame for a link that is gone is dropped;
    /// [`NetNews::LinkDown`] tells.
    ///
    /// # Errors
    /// [`Full`] when 256 frames wait already.
    pub fn send(&self, link: LinkId, frame: Vec<u8>) -> Result<(), Full> {
        self.outgoing.send(link, frame)
    }

    /// Closes a link after what was sent on it. Nothing more of it is told but [`NetNews::LinkDown`].
    pub fn close(&self, link: LinkId) {
        self.outgoing.close(link);
    }

    /// Closes a link whose frames did not parse. The third time within ten minutes its device is refused for five.
    pub fn refuse(&self, link: LinkId) {
        if !self.order(Order::Refuse(link)) {
            self.outgoing.close(link);
        }
    }

    /// The way to open streams for a purpose, and to datagrams.
    pub fn door(&self, room: Room) -> Door {
        Door { room, orders: self.orders.clone(), datagrams: self.datagrams.clone() }
    }

    /// The streams for a purpose that others open: once. While nobody takes them they are reset.
    pub fn accepted(&mut self, room: Room) -> Option<mpsc::Receiver<PeerStream>> {
        self.accepted.remove(&room)
    }

    /// Says where the relay is, or that there is none.
    pub fn use_relay(&self, relay: Option<RelayAt>) {
        self.order(Order::UseRelay(relay));
    }

    /// Holds a place at the relay until ten minutes after the last call of this and the last use.
    pub fn reserve(&self) {
        self.order(Order::Reserve);
    }

    /// Closes every link after what was sent on it, and ends; takes half a second at most.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(STOP_FLUSH + Duration::from_millis(100), &mut self.task).await.is_err() {
            self.task.abort();
        }
    }

    fn order(&self, order: Order) -> bool {
        let taken = self.orders.try_send(order).is_ok();
        if !taken {
            tracing::warn!("the net has too much to do, an order is dropped");
        }
        taken
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
