//! What the Swarm tells its task: connections that come and go, streams that become links, links that end.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use juice_proto::id::LinkId;
use libp2p::{
    PeerId, Stream,
    core::{ConnectedPoint, Endpoint},
    ping,
    swarm::{ConnectionId, SwarmEvent},
};

use super::{Opening, Path, Running, Task};
use crate::net::{
    behaviour::BehaviourEvent,
    door::{PeerStream, Room},
    identity,
    link::{End, Link},
    streams::{StreamNews, Ticket},
};

/// How many streams that a peer opened are served at once; the rest is reset.
const MAX_ACCEPTED: usize = 8;
/// Links are numbered through the whole run, also when a net is stopped and another started.
static NEXT_LINK: AtomicU64 = AtomicU64::new(1);

impl Task {
    #[expect(clippy::wildcard_enum_match_arm, reason = "libp2p's enum is open, and most of it is for its own parts")]
    pub(super) fn happened(&mut self, event: SwarmEvent<BehaviourEvent>) {
        let now = Instant::now();
        match event {
            SwarmEvent::Behaviour(event) => self.behaved(event),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.connected(peer_id, connection_id, &endpoint)
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, cause, .. } => {
                tracing::debug!(?cause, "a connection closed");
                self.disconnected(peer_id, connection_id);
            }
            SwarmEvent::OutgoingConnectionError { connection_id, peer_id: Some(peer), error } => {
                tracing::debug!(%error, "a dial failed");
                self.dials.tried(&peer, connection_id, now);
            }
            SwarmEvent::NewListenAddr { address, .. } => self.reach.listens(address, now),
            SwarmEvent::ExpiredListenAddr { address, .. } => self.reach.left(&address, now),
            SwarmEvent::ListenerClosed { listener_id, addresses, .. } => {
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
            BehaviourEvent::Streams(StreamNews::Accepted { peer, connection, stream }) => {
                self.accept(peer, connection, stream)
            }
            BehaviourEvent::Streams(StreamNews::Opened(ticket, stream)) => {
                self.opened(ticket, stream);
            }
            BehaviourEvent::Streams(StreamNews::Failed(ticket)) => self.not_opened(ticket),
            BehaviourEvent::Files(news) => self.beside(Room::Files, news),
            BehaviourEvent::Media(news) => self.beside(Room::Media, news),
            BehaviourEvent::Video(news) => self.beside(Room::Video, news),
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
        let path = Path {
            relayed: endpoint.is_relayed(),
            ours: matches!(endpoint, ConnectedPoint::Dialer { role_override: Endpoint::Dialer, .. }),
        };
        self.connections.entry(peer).or_default().insert(connection, path);
        let now = Instant::now();
        if path.relayed {
            self.relay.used(now);
        }
        if Some(peer) == self.relay.peer() {
            self.relay.connected();
            self.dials.relay_ready(now);
        }
        let wanted = self.dials.wants(&peer, now);
        if wanted {
            self.open(peer, connection, path.relayed, true);
        }
        self.dials.tried(&peer, connection, now);
        if !wanted {
            self.improve(peer);
        }
    }

    /// Opens a link on a direct connection to a device that has none but relayed ones, as after a hole was punched. Only
    /// the side that dialled does; the messenger takes the newer link and closes the older.
    fn improve(&mut self, peer: PeerId) {
        let direct = self.connections.get(&peer).and_then(|connections| {
            let direct = connections.iter().find(|(_, path)| path.ours && !path.relayed);
            direct.map(|(connection, _)| *connection)
        });
        let under_way = self.openings.values().any(|opening| opening.peer == peer && !opening.relayed);
        if let Some(connection) = direct.filter(|_| !under_way && self.has_only_relayed_links(peer)) {
            self.open(peer, connection, false, false);
        }
    }

    fn has_only_relayed_links(&self, peer: PeerId) -> bool {
        let mut links = self.links.values().filter(|link| link.peer == peer).peekable();
        links.peek().is_some() && links.all(|link| link.relayed)
    }

    fn disconnected(&mut self, peer: PeerId, connection: ConnectionId) {
        if let Some(connections) = self.connections.get_mut(&peer) {
            connections.remove(&connection);
            if connections.is_empty() {
                self.connections.remove(&peer);
            }
        }
        self.asked.retain(|_, (on, _, _)| *on != connection);
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
        let path = connections.and_then(|connections| connections.get(&connection));
        let place = Running { peer, relayed: path.is_some_and(|path| path.relayed), accepted: true };
        self.start(place, stream);
    }

    fn beside(&mut self, room: Room, news: StreamNews) {
        match news {
            StreamNews::Accepted { peer, stream, .. } => {
                let (Some(device), Some(place)) = (identity::device_id(&peer), self.served.place(room, peer)) else {
                    return tracing::debug!(%peer, ?room, "too many streams, one is reset");
                };
                let Some(accept) = self.accept.get(&room) else { return };
                if accept.try_send(PeerStream::new(device, stream, Some(place))).is_err() {
                    tracing::debug!(?room, "nobody takes streams, one is reset");
                }
            }
            StreamNews::Opened(ticket, stream) => {
                if let Some((_, device, answer)) = self.asked.remove(&ticket) {
                    // Whoever asked may have gone.
                    let _ = answer.send(PeerStream::new(device, stream, None));
                }
            }
            StreamNews::Failed(ticket) => drop(self.asked.remove(&ticket)),
        }
    }

    fn opened(&mut self, ticket: Ticket, stream: Stream) {
        let Some(opening) = self.openings.remove(&ticket) else {
            return;
        };
        let better = !opening.relayed && self.has_only_relayed_links(opening.peer);
        let dialled = opening.dialled && self.dials.opened(&opening.peer);
        if !dialled && !better {
            return;
        }
        let place = Running { peer: opening.peer, relayed: opening.relayed, accepted: false };
        self.start(place, stream);
    }

    fn not_opened(&mut self, ticket: Ticket) {
        let Some(Opening { peer, connection, .. }) = self.openings.remove(&ticket).filter(|opening| opening.dialled)
        else {
            return;
        };
        let now = Instant::now();
        self.dials.not_opened(&peer, now);
        if self.dials.wants(&peer, now)
            && let Some((other, path)) = self.best_connection(peer, Some(connection))
        {
            self.open(peer, other, path.relayed, true);
        }
    }

    fn start(&mut self, place: Running, stream: Stream) {
        let Some(device) = identity::device_id(&place.peer) else {
            return;
        };
        let id = LinkId(NEXT_LINK.fetch_add(1, Ordering::Relaxed));
        let (queue, closing) = self.outgoing.add(id);
        let link =
            Link { id, device, relayed: place.relayed, queue, closing, news: self.news.clone(), limits: self.limits };
        let (peer, relayed) = (place.peer, place.relayed);
        self.links.insert(id, place);
        self.running.spawn(link.run(stream));
        if relayed {
            self.improve(peer);
        }
    }

    pub(super) fn ended(&mut self, link: LinkId, end: End) {
        self.outgoing.close(link);
        if let Some(place) = self.links.remove(&link)
            && end == End::FrameLen
        {
            self.strike(place.peer);
        }
    }

    pub(super) fn strike(&mut self, peer: PeerId) {
        if self.strikes.strike(peer, Instant::now()) {
            tracing::warn!("a peer sends what does not parse and is refused for a while");
            self.swarm.behaviour_mut().blocked.block_peer(peer);
        }
    }
}
