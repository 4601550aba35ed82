//! The task that owns the Swarm: takes orders, watches connections, and starts a task for every link.
//!
//! It never waits for the driver: news that has no room yet stands in `outbox`, where a newer list of addresses replaces
//! an older one, and failed dials are as many as were ordered. Frames don't come through here.

mod events;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    io,
    net::IpAddr,
    time::Instant,
};

use futures::StreamExt;
use juice_proto::id::{DeviceId, LinkId};
use libp2p::{
    PeerId, Swarm,
    multiaddr::Multiaddr,
    swarm::{
        ConnectionId,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    Limits, NetConfig, NetError, NetNews, RelayAt, STOP_FLUSH,
    behaviour::{self, Behaviour},
    datagrams::Datagrams,
    dials::{Act, Dials, Step},
    door::{PeerStream, Room, Served},
    identity,
    link::End,
    outgoing::Outgoing,
    reach::Reach,
    relay::{self, Place, RelayPlace},
    streams::Ticket,
    strikes::Strikes,
};

/// How much news may wait for the driver: as much as may be ordered, and a dial more for everyone under way.
const MAX_OUTBOX: usize = 8_192;

/// What the driver asks.
#[derive(Debug)]
pub(super) enum Order {
    Dial { device: DeviceId, addresses: Vec<String>, relay: bool },
    Refuse(LinkId),
    Open { room: Room, device: DeviceId, answer: oneshot::Sender<PeerStream> },
    Strike(DeviceId),
    UseRelay(Option<RelayAt>),
    Reserve,
}

/// Where a link runs.
struct Running {
    peer: PeerId,
    relayed: bool,
    accepted: bool,
}

/// How a connection came about.
#[derive(Clone, Copy)]
struct Path {
    relayed: bool,
    /// Dialled from here.
    ours: bool,
}

/// A stream that was asked for.
struct Opening {
    peer: PeerId,
    connection: ConnectionId,
    relayed: bool,
    /// For a dial, not for a better way to a device that has a link.
    dialled: bool,
}

/// See the module.
pub(super) struct Task {
    swarm: Swarm<Behaviour>,
    orders: mpsc::Receiver<Order>,
    news: mpsc::Sender<NetNews>,
    outbox: VecDeque<NetNews>,
    outgoing: Outgoing,
    stop: CancellationToken,
    limits: Limits,
    running: JoinSet<(LinkId, End)>,
    links: HashMap<LinkId, Running>,
    /// Every connection, oldest first.
    connections: HashMap<PeerId, BTreeMap<ConnectionId, Path>>,
    openings: HashMap<Ticket, Opening>,
    next_ticket: u64,
    /// Streams beside the links that were asked for.
    asked: HashMap<Ticket, (ConnectionId, DeviceId, oneshot::Sender<PeerStream>)>,
    accept: HashMap<Room, mpsc::Sender<PeerStream>>,
    served: Served,
    dials: Dials,
    strikes: Strikes,
    reach: Reach,
    relay: RelayPlace,
    looking_up: JoinSet<(RelayAt, io::Result<Vec<IpAddr>>)>,
}

impl Task {
    pub(super) fn new(
        config: &NetConfig,
        orders: mpsc::Receiver<Order>,
        news: mpsc::Sender<NetNews>,
        outgoing: Outgoing,
        accept: HashMap<Room, mpsc::Sender<PeerStream>>,
        datagrams: Datagrams,
        stop: CancellationToken,
    ) -> Result<Self, NetError> {
        Ok(Self {
            swarm: behaviour::swarm(&config.device, config.listen, config.limits, datagrams)?,
            orders,
            news,
            outbox: VecDeque::new(),
            outgoing,
            stop,
            limits: config.limits,
            running: JoinSet::new(),
            links: HashMap::new(),
            connections: HashMap::new(),
            openings: HashMap::new(),
            next_ticket: 0,
            asked: HashMap::new(),
            accept,
            served: Served::default(),
            dials: Dials::new(config.limits.dial),
            strikes: Strikes::default(),
            reach: Reach::default(),
            relay: RelayPlace::default(),
            looking_up: JoinSet::new(),
        })
    }

    /// Runs until stopped.
    pub(super) async fn run(mut self) {
        let room = self.news.clone();
        loop {
            self.act(Instant::now());
            let deadline = self.deadline();
            let wake = deadline.unwrap_or_else(Instant::now).into();
            tokio::select! {
                () = self.stop.cancelled() => break,
                permit = room.reserve(), if !self.outbox.is_empty() => match permit {
                    Ok(permit) => if let Some(news) = self.outbox.pop_front() {
                        permit.send(news);
                    },
                    Err(_) => break,
                },
                Some(order) = self.orders.recv() => self.take(order),
                Some(ended) = self.running.join_next() => match ended {
                    Ok((link, end)) => self.ended(link, end),
                    Err(error) => tracing::error!(%error, "a link's task failed"),
                },
                Some(Ok((at, hosts))) = self.looking_up.join_next() => self.found(&at, hosts),
                event = self.swarm.select_next_some() => self.happened(event),
                () = tokio::time::sleep_until(wake), if deadline.is_some() => {}
            }
        }
        self.finish().await;
    }

    /// Does all that is due.
    fn act(&mut self, now: Instant) {
        while let Some(peer) = self.dials.begin(now) {
            if let Some((connection, path)) = self.best_connection(peer, None) {
                self.open(peer, connection, path.relayed, true);
            }
        }
        loop {
            let acts = self.dials.due(now);
            if acts.is_empty() {
                break;
            }
            for act in acts {
                match act {
                    Act::Try(peer, step) => self.attempt(peer, step),
                    Act::Fail(peer) => self.tell_failed(&peer),
                }
            }
        }
        for peer in self.strikes.released(now) {
            self.swarm.behaviour_mut().blocked.unblock_peer(peer);
        }
        let connected = self.relay_is_connected();
        match self.relay.due(connected, now) {
            Some(Place::Approach) => self.approach_relay(),
            Some(Place::Take(address)) => match self.swarm.listen_on(address) {
                Ok(listener) => self.relay.taken(listener),
                Err(error) => tracing::debug!(%error, "no place at the relay"),
            },
            Some(Place::Leave(listener)) => {
                self.swarm.remove_listener(listener);
            }
            None => {}
        }
        if let Some(news) = self.reach.news(now) {
            self.tell(news);
            self.approach_relay();
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let deadlines = [self.dials.deadline(), self.strikes.deadline(), self.reach.deadline(), self.relay.deadline()];
        deadlines.into_iter().flatten().min()
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Dial { device, addresses, relay } => {
                let relay = relay && self.relay.at().is_some();
                let taken = identity::peer_id(device.bytes())
                    .filter(|peer| peer != self.swarm.local_peer_id())
                    .is_some_and(|peer| self.dials.ask(peer, addresses, relay));
                if !taken {
                    self.tell(NetNews::DialFailed(device));
                }
            }
            Order::Refuse(link) => {
                self.outgoing.close(link);
                if let Some(peer) = self.links.get(&link).map(|place| place.peer) {
                    self.strike(peer);
                }
            }
            Order::Open { room, device, answer } => self.open_beside(room, device, answer),
            Order::Strike(device) => {
                if let Some(peer) = identity::peer_id(device.bytes()) {
                    self.strike(peer);
                }
            }
            Order::UseRelay(at) => {
                if self.relay.set(at)
                    && let Some(at) = self.relay.at().cloned()
                {
                    self.looking_up.spawn(async move {
                        let hosts = relay::resolve(&at).await;
                        (at, hosts)
                    });
                }
            }
            Order::Reserve => self.relay.wanted(Instant::now()),
        }
    }

    fn found(&mut self, at: &RelayAt, hosts: io::Result<Vec<IpAddr>>) {
        match hosts {
            Ok(hosts) => {
                self.relay.resolved(at, &hosts);
                self.approach_relay();
            }
            Err(error) => tracing::debug!(%error, "the relay's host has no address"),
        }
    }

    fn relay_is_connected(&self) -> bool {
        let peer = self.relay.peer();
        peer.is_some_and(|peer| self.connections.contains_key(&peer))
    }

    /// Connects to the relay if it is not connected, by whichever of its addresses works. On the connection the relay
    /// says whether it can reach us, circuits are made and places reserved; without any of these it ends by itself.
    fn approach_relay(&mut self) {
        let (Some(peer), false) = (self.relay.peer(), self.relay.addresses().is_empty()) else {
            return;
        };
        let opts = DialOpts::peer_id(peer)
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .addresses(self.relay.addresses().to_vec())
            .build();
        if let Err(error) = self.swarm.dial(opts) {
            tracing::trace!(%error, "the relay is connected already, or being dialled");
        }
    }

    fn attempt(&mut self, peer: PeerId, step: Step) {
        let (addresses, fresh_port): (Vec<Multiaddr>, bool) = match step {
            Step::Quic(addresses) => (addresses, false),
            Step::Tcp(addresses) => (addresses, true),
            Step::Relay { .. } if self.relay_is_connected() => {
                (self.relay.circuit_to(peer).into_iter().collect(), false)
            }
            Step::Relay { .. } => return self.approach_relay(),
        };
        let opts = DialOpts::peer_id(peer).condition(PeerCondition::Always).addresses(addresses);
        let opts = if fresh_port { opts.allocate_new_port() } else { opts }.build();
        let connection = opts.connection_id();
        self.dials.trying(&peer, connection);
        if let Err(error) = self.swarm.dial(opts) {
            tracing::debug!(%error, "a dial did not begin");
            self.dials.tried(&peer, connection, Instant::now());
        }
    }

    /// A direct connection before a relayed one, a young one before an old one.
    fn best_connection(&self, peer: PeerId, except: Option<ConnectionId>) -> Option<(ConnectionId, Path)> {
        let connections = self.connections.get(&peer)?.iter().rev();
        let others = connections.filter(|(connection, _)| Some(**connection) != except);
        let (connection, path) = others.min_by_key(|(_, path)| path.relayed)?;
        Some((*connection, *path))
    }

    fn ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        Ticket(self.next_ticket)
    }

    /// Dropping the answer says that there is no way.
    fn open_beside(&mut self, room: Room, device: DeviceId, answer: oneshot::Sender<PeerStream>) {
        let Some(peer) = identity::peer_id(device.bytes()) else { return };
        let Some((connection, _)) = self.best_connection(peer, None) else { return };
        self.asked.retain(|_, (_, _, answer)| !answer.is_closed());
        let ticket = self.ticket();
        self.asked.insert(ticket, (connection, device, answer));
        let behaviour = self.swarm.behaviour_mut();
        match room {
            Room::Files => behaviour.files.open(peer, connection, ticket),
            Room::Media => behaviour.media.open(peer, connection, ticket),
            Room::Video => behaviour.video.open(peer, connection, ticket),
        }
    }

    fn open(&mut self, peer: PeerId, connection: ConnectionId, relayed: bool, dialled: bool) {
        let ticket = self.ticket();
        let opening = Opening { peer, connection, relayed, dialled };
        self.openings.insert(ticket, opening);
        if dialled {
            self.dials.opening(&peer, Instant::now());
        }
        let streams = &mut self.swarm.behaviour_mut().streams;
        streams.open(peer, connection, ticket);
    }

    fn tell_failed(&mut self, peer: &PeerId) {
        if let Some(device) = identity::device_id(peer) {
            self.tell(NetNews::DialFailed(device));
        }
    }

    fn tell(&mut self, news: NetNews) {
        if matches!(news, NetNews::Addresses { .. }) {
            self.outbox.retain(|old| !matches!(old, NetNews::Addresses { .. }));
        }
        if self.outbox.len() < MAX_OUTBOX {
            self.outbox.push_back(news);
        } else {
            tracing::warn!("nobody takes the net's news, some is dropped");
        }
    }

    /// Lets the links write what was sent on them, then takes leave of every peer.
    async fn finish(mut self) {
        self.outgoing.close_all();
        let flushed = async {
            loop {
                tokio::select! {
                    ended = self.running.join_next() => if ended.is_none() {
                        break;
                    },
                    _ = self.swarm.select_next_some() => {}
                }
            }
            let peers: Vec<_> = self.swarm.connected_peers().copied().collect();
            for peer in peers {
                let _ = self.swarm.disconnect_peer_id(peer);
            }
            while self.swarm.connected_peers().next().is_some() {
                self.swarm.select_next_some().await;
            }
        };
        let _ = timeout(STOP_FLUSH, flushed).await;
    }
}
