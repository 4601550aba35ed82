//! The task that owns the Swarm: takes orders, watches connections, and starts a task for every link.
//!
//! It never waits for the driver: news that has no room yet stands in `outbox`, where a newer list of addresses replaces
//! an older one, and failed dials are as many as were ordered. Frames don't come through here.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    io,
    net::IpAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use futures::StreamExt;
use juice_proto::id::{DeviceId, LinkId};
use libp2p::{
    PeerId, Stream, Swarm,
    core::{ConnectedPoint, Endpoint},
    multiaddr::Multiaddr,
    ping,
    swarm::{
        ConnectionId, SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    Limits, NetConfig, NetError, NetNews, RelayAt, STOP_FLUSH,
    behaviour::{self, Behaviour, BehaviourEvent},
    dials::{Act, Dials, Step},
    identity,
    link::{End, Link},
    outgoing::Outgoing,
    reach::Reach,
    relay::{self, Place, RelayPlace},
    streams::{StreamNews, Ticket},
    strikes::Strikes,
};

/// How many streams that a peer opened are served at once; the rest is reset.
const MAX_ACCEPTED: usize = 8;
/// How much news may wait for the driver: as much as may be ordered, and a dial more for everyone under way.
const MAX_OUTBOX: usize = 8_192;
/// Links are numbered through the whole run, also when a net is stopped and another started.
static NEXT_LINK: AtomicU64 = AtomicU64::new(1);

/// What the driver asks.
#[derive(Debug)]
pub(super) enum Order {
    Dial {
        device: DeviceId,
        addresses: Vec<String>,
        relay: bool,
    },
    Refuse(LinkId),
    UseRelay(Option<RelayAt>),
    Reserve,
}

/// Where a link runs.
struct Running {
    peer: PeerId,
    relayed: bool,
    accepted: bool,
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
    /// Whether each connection is relayed. Oldest first.
    connections: HashMap<PeerId, BTreeMap<ConnectionId, bool>>,
    openings: HashMap<Ticket, Opening>,
    next_ticket: u64,
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
        stop: CancellationToken,
    ) -> Result<Self, NetError> {
        Ok(Self {
            swarm: behaviour::swarm(&config.device, config.listen, config.limits)?,
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
            // A direct connection before a relayed one, a young one before an old one.
            let known = self.connections.get(&peer).and_then(|connections| {
                let best = connections.iter().rev().min_by_key(|(_, relayed)| **relayed);
                best.map(|(connection, relayed)| (*connection, *relayed))
            });
            if let Some((connection, relayed)) = known {
                self.open(peer, connection, relayed, true);
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
        match self.relay.due(now) {
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
            self.probe();
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let deadlines = [
            self.dials.deadline(),
            self.strikes.deadline(),
            self.reach.deadline(),
            self.relay.deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Dial {
                device,
                addresses,
                relay,
            } => {
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
                self.probe();
            }
            Err(error) => tracing::debug!(%error, "the relay's host has no address"),
        }
    }

    /// Has the relay look whether it can reach us: a connection is enough, and ends by itself.
    fn probe(&mut self) {
        let (Some(peer), false) = (self.relay.peer(), self.relay.addresses().is_empty()) else {
            return;
        };
        let opts = DialOpts::peer_id(peer)
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .addresses(self.relay.addresses().to_vec())
            .build();
        if let Err(error) = self.swarm.dial(opts) {
            tracing::debug!(%error, "the relay is not asked");
        }
    }

    fn attempt(&mut self, peer: PeerId, step: Step) {
        let (addresses, fresh_port): (Vec<Multiaddr>, bool) = match step {
            Step::Quic(addresses) => (addresses, false),
            Step::Tcp(addresses) => (addresses, true),
            Step::Relay { .. } => (self.relay.circuits_to(peer), false),
        };
        if addresses.is_empty() {
            return;
        }
        let opts = DialOpts::peer_id(peer)
            .condition(PeerCondition::Always)
            .addresses(addresses);
        let opts = if fresh_port {
            opts.allocate_new_port()
        } else {
            opts
        }
        .build();
        let connection = opts.connection_id();
        self.dials.trying(&peer, connection);
        if let Err(error) = self.swarm.dial(opts) {
            tracing::debug!(%error, "a dial did not begin");
            self.dials.tried(&peer, connection, Instant::now());
        }
    }

    fn open(&mut self, peer: PeerId, connection: ConnectionId, relayed: bool, dialled: bool) {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        let opening = Opening {
            peer,
            connection,
            relayed,
            dialled,
        };
        self.openings.insert(ticket, opening);
        if dialled {
            self.dials.opening(&peer, Instant::now());
        }
        let streams = &mut self.swarm.behaviour_mut().streams;
        streams.open(peer, connection, ticket);
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "libp2p's enum is open, and most of it is for its own parts"
    )]
    fn happened(&mut self, event: SwarmEvent<BehaviourEvent>) {
        let now = Instant::now();
        match event {
            SwarmEvent::Behaviour(event) => self.behaved(event),
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => self.connected(peer_id, connection_id, &endpoint),
            SwarmEvent::ConnectionClosed {
                peer_id,
                connection_id,
                cause,
                ..
            } => {
                tracing::debug!(?cause, "a connection closed");
                self.disconnected(peer_id, connection_id);
            }
            SwarmEvent::OutgoingConnectionError {
                connection_id,
                peer_id: Some(peer),
                error,
            } => {
                tracing::debug!(%error, "a dial failed");
                self.dials.tried(&peer, connection_id, now);
            }
            SwarmEvent::NewListenAddr { address, .. } => self.reach.listens(address, now),
            SwarmEvent::ExpiredListenAddr { address, .. } => self.reach.left(&address, now),
            SwarmEvent::ListenerClosed {
                listener_id,
                addresses,
                ..
            } => {
                for address in &addresses {
                    self.reach.left(address, now);
                }
                self.relay.lost(listener_id, now);
            }
            SwarmEvent::ExternalAddrConfirmed { address } => self.reach.confirmed(address, now),
            SwarmEvent::ExternalAddrExpired { address } => self.reach.expired(&address, now),
            _ => {}
        }
    }

    fn behaved(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Streams(StreamNews::Accepted {
                peer,
                connection,
                stream,
            }) => self.accept(peer, connection, stream),
            BehaviourEvent::Streams(StreamNews::Opened(ticket, stream)) => {
                self.opened(ticket, stream);
            }
            BehaviourEvent::Streams(StreamNews::Failed(ticket)) => self.not_opened(ticket),
            BehaviourEvent::Ping(ping::Event {
                connection,
                result: Err(ping::Failure::Timeout | ping::Failure::Other { .. }),
                ..
            }) => {
                self.swarm.close_connection(connection);
            }
            BehaviourEvent::Autonat(event) => {
                if event.result.is_err() && Some(event.server) == self.relay.peer() {
                    self.reach.refuted(Instant::now());
                }
            }
            BehaviourEvent::Ping(_)
            | BehaviourEvent::Identify(_)
            | BehaviourEvent::Relay(_)
            | BehaviourEvent::Dcutr(_) => {}
            BehaviourEvent::Limits(never) | BehaviourEvent::Blocked(never) => match never {},
        }
    }

    fn connected(&mut self, peer: PeerId, connection: ConnectionId, endpoint: &ConnectedPoint) {
        let relayed = endpoint.is_relayed();
        self.connections
            .entry(peer)
            .or_default()
            .insert(connection, relayed);
        let now = Instant::now();
        if relayed {
            self.relay.used(now);
        }
        if self.dials.wants(&peer) {
            self.open(peer, connection, relayed, true);
            self.dials.tried(&peer, connection, now);
            return;
        }
        // The hole is punched: whoever dialled opens a link on the better way, and the messenger takes the newer link.
        let ours = matches!(
            endpoint,
            ConnectedPoint::Dialer {
                role_override: Endpoint::Dialer,
                ..
            }
        );
        let mut links = self.links.values().filter(|place| place.peer == peer);
        if ours && !relayed && links.clone().any(|place| place.relayed) && links.all(|p| p.relayed)
        {
            self.open(peer, connection, relayed, false);
        }
    }

    fn disconnected(&mut self, peer: PeerId, connection: ConnectionId) {
        if let Some(connections) = self.connections.get_mut(&peer) {
            connections.remove(&connection);
            if connections.is_empty() {
                self.connections.remove(&peer);
            }
        }
        let lost: Vec<_> = self
            .openings
            .iter()
            .filter(|(_, opening)| opening.connection == connection)
            .map(|(ticket, _)| *ticket)
            .collect();
        for ticket in lost {
            self.not_opened(ticket);
        }
    }

    fn accept(&mut self, peer: PeerId, connection: ConnectionId, stream: Stream) {
        let served = self.links.values().filter(|l| l.accepted && l.peer == peer);
        if served.count() >= MAX_ACCEPTED {
            tracing::debug!(%peer, "too many streams, one is reset");
            return;
        }
        let connections = self.connections.get(&peer);
        let relayed = connections.and_then(|connections| connections.get(&connection));
        let place = Running {
            peer,
            relayed: relayed.copied().unwrap_or(false),
            accepted: true,
        };
        self.start(place, stream);
    }

    fn opened(&mut self, ticket: Ticket, stream: Stream) {
        let Some(opening) = self.openings.remove(&ticket) else {
            return;
        };
        if opening.dialled && !self.dials.opened(&opening.peer) {
            return;
        }
        let place = Running {
            peer: opening.peer,
            relayed: opening.relayed,
            accepted: false,
        };
        self.start(place, stream);
    }

    fn not_opened(&mut self, ticket: Ticket) {
        if let Some(opening) = self.openings.remove(&ticket).filter(|o| o.dialled) {
            self.dials.not_opened(&opening.peer, Instant::now());
        }
    }

    fn start(&mut self, place: Running, stream: Stream) {
        let Some(device) = identity::device_id(&place.peer) else {
            return;
        };
        let id = LinkId(NEXT_LINK.fetch_add(1, Ordering::Relaxed));
        let (queue, closing) = self.outgoing.add(id);
        let link = Link {
            id,
            device,
            relayed: place.relayed,
            queue,
            closing,
            news: self.news.clone(),
            limits: self.limits,
        };
        self.links.insert(id, place);
        self.running.spawn(link.run(stream));
    }

    fn ended(&mut self, link: LinkId, end: End) {
        self.outgoing.close(link);
        if let Some(place) = self.links.remove(&link)
            && end == End::FrameLen
        {
            self.strike(place.peer);
        }
    }

    fn strike(&mut self, peer: PeerId) {
        if self.strikes.strike(peer, Instant::now()) {
            tracing::warn!("a peer sends what does not parse and is refused for a while");
            self.swarm.behaviour_mut().blocked.block_peer(peer);
        }
    }

    fn tell_failed(&mut self, peer: &PeerId) {
        if let Some(device) = identity::device_id(peer) {
            self.tell(NetNews::DialFailed(device));
        }
    }

    fn tell(&mut self, news: NetNews) {
        if matches!(news, NetNews::Addresses { .. }) {
            self.outbox
                .retain(|old| !matches!(old, NetNews::Addresses { .. }));
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
