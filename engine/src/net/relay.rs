//! The relay: where it is, and the place reserved there while someone may come through it.
//!
//! Owned by the Swarm's task, which resolves the name, dials and listens on its word; told the time. Nobody holds a
//! connection to the relay for nothing: a reservation ends ten minutes after it was last asked for or used.

use std::{
    io,
    net::IpAddr,
    time::{Duration, Instant},
};

use juice_proto::server::Relay;
use libp2p::{
    PeerId,
    core::transport::ListenerId,
    multiaddr::{Multiaddr, Protocol},
};

use super::{RelayAt, identity};

/// How long a reservation stays without use.
const IDLE: Duration = Duration::from_secs(10 * 60);
/// How long to wait after a reservation failed.
const AGAIN: Duration = Duration::from_secs(2);
/// How many addresses of a name are used.
const MAX_HOSTS: usize = 4;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct RelayPlace {
    at: Option<RelayAt>,
    peer: Option<PeerId>,
    addresses: Vec<Multiaddr>,
    listener: Option<ListenerId>,
    /// Until when the reservation is wanted.
    until: Option<Instant>,
    /// When to try next.
    next: Option<Instant>,
}

/// What to do about the reservation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Connect to the relay.
    Approach,
    /// Reserve, on the connection that is there.
    Take(Multiaddr),
    Leave(ListenerId),
}

impl RelayPlace {
    /// Takes note of where the relay is; true if it has to be resolved. The reservation at another relay goes.
    pub(super) fn set(&mut self, at: Option<RelayAt>) -> bool {
        if self.at == at {
            return false;
        }
        self.peer = at.as_ref().and_then(|at| identity::peer_id(at.key.bytes()));
        self.addresses.clear();
        self.until = None;
        self.at = at;
        self.at.is_some()
    }

    /// Where the relay is.
    pub(super) fn at(&self) -> Option<&RelayAt> {
        self.at.as_ref()
    }

    /// Its peer id.
    pub(super) fn peer(&self) -> Option<PeerId> {
        self.peer
    }

    /// The name was looked up.
    pub(super) fn resolved(&mut self, at: &RelayAt, hosts: &[IpAddr]) {
        if self.at.as_ref() != Some(at) {
            return;
        }
        let Relay { quic_port, tcp_port } = at.relay;
        let quic = hosts
            .iter()
            .filter(|_| quic_port != 0)
            .map(|host| Multiaddr::from(*host).with(Protocol::Udp(quic_port)).with(Protocol::QuicV1));
        let tcp =
            hosts.iter().filter(|_| tcp_port != 0).map(|host| Multiaddr::from(*host).with(Protocol::Tcp(tcp_port)));
        self.addresses = quic.chain(tcp).collect();
    }

    /// Its own addresses, QUIC first.
    pub(super) fn addresses(&self) -> &[Multiaddr] {
        &self.addresses
    }

    /// The address of a device through the relay, for when the relay is connected.
    pub(super) fn circuit_to(&self, device: PeerId) -> Option<Multiaddr> {
        Some(self.circuit()?.with(Protocol::P2p(device)))
    }

    /// Any of its addresses will do, since the connection that is there is used.
    fn circuit(&self) -> Option<Multiaddr> {
        let address = self.addresses.first()?.clone();
        Some(address.with(Protocol::P2p(self.peer?)).with(Protocol::P2pCircuit))
    }

    /// Someone will come, or came.
    pub(super) fn wanted(&mut self, now: Instant) {
        self.until = Some(now + IDLE);
    }

    /// Someone came through it: it stays a while longer.
    pub(super) fn used(&mut self, now: Instant) {
        if self.listener.is_some() {
            self.wanted(now);
        }
    }

    /// The Swarm listens there, or tries to.
    pub(super) fn taken(&mut self, listener: ListenerId) {
        self.listener = Some(listener);
    }

    /// A listener ended; if it was ours, another try follows after a while.
    pub(super) fn lost(&mut self, listener: ListenerId, now: Instant) {
        if self.listener == Some(listener) {
            self.listener = None;
            self.next = Some(now + AGAIN);
        }
    }

    /// The relay is connected: a place that is wanted can be taken at once.
    pub(super) fn connected(&mut self) {
        self.next = None;
    }

    /// What is due.
    pub(super) fn due(&mut self, connected: bool, now: Instant) -> Option<Place> {
        self.until.take_if(|until| *until <= now);
        if self.until.is_none() {
            return self.listener.take().map(Place::Leave);
        }
        if self.listener.is_some() || self.next.is_some_and(|next| next > now) {
            return None;
        }
        let circuit = self.circuit()?;
        self.next = Some(now + AGAIN);
        Some(if connected { Place::Take(circuit) } else { Place::Approach })
    }

    /// When something is due next.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let until = self.until?;
        let waits = self.listener.is_none() && !self.addresses.is_empty();
        let next = self.next.filter(|_| waits);
        Some(next.map_or(until, |next| next.min(until)))
    }
}

/// Looks the relay's host up.
pub(super) async fn resolve(at: &RelayAt) -> io::Result<Vec<IpAddr>> {
    let host = at.host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::net::lookup_host((host, 0)).await?;
    let mut hosts: Vec<_> = found.map(|address| address.ip()).collect();
    hosts.dedup();
    hosts.truncate(MAX_HOSTS);
    Ok(hosts)
}

#[cfg(test)]
mod tests {
    use juice_proto::sign::SecretKey;

    use super::*;

    fn somewhere() -> RelayPlace {
        let at = RelayAt {
            host: "192.0.2.1".into(),
            relay: Relay { quic_port: 1, tcp_port: 2 },
            key: SecretKey::from_seed(&[9; 32]).server_key(),
        };
        let mut place = RelayPlace::default();
        assert!(place.set(Some(at.clone())), "to be resolved");
        assert!(!place.set(Some(at.clone())), "known already");
        place.resolved(&at, &["192.0.2.1".parse().unwrap()]);
        place
    }

    #[test]
    fn a_place_is_held_for_ten_minutes_after_it_was_wanted() {
        let mut place = somewhere();
        let (start, listener) = (Instant::now(), ListenerId::next());
        assert_eq!(place.due(true, start), None, "nobody asked");
        place.wanted(start);
        assert_eq!(place.due(false, start), Some(Place::Approach));
        assert_eq!(place.due(false, start), None, "it is being connected to");
        place.connected();
        let Some(Place::Take(address)) = place.due(true, start) else { panic!("a place is wanted") };
        let address = address.to_string();
        assert!(address.starts_with("/ip4/192.0.2.1/udp/1/quic-v1/p2p/"));
        place.taken(listener);
        assert_eq!(place.due(true, start), None);
        place.used(start + Duration::from_secs(60));
        assert_eq!(place.due(true, start + IDLE), None, "it was used");
        assert_eq!(place.due(true, start + IDLE + Duration::from_secs(60)), Some(Place::Leave(listener)));
        assert_eq!(place.deadline(), None);
    }

    #[test]
    fn a_lost_place_is_taken_again() {
        let mut place = somewhere();
        let (start, listener) = (Instant::now(), ListenerId::next());
        place.wanted(start);
        place.due(true, start);
        place.taken(listener);
        place.lost(listener, start);
        assert_eq!(place.due(false, start), None, "not at once");
        assert_eq!(place.deadline(), Some(start + AGAIN));
        assert_eq!(place.due(false, start + AGAIN), Some(Place::Approach));
    }

    #[test]
    fn without_a_relay_the_place_goes() {
        let mut place = somewhere();
        let (start, listener) = (Instant::now(), ListenerId::next());
        place.wanted(start);
        place.due(true, start);
        place.taken(listener);
        place.set(None);
        assert_eq!(place.due(true, start), Some(Place::Leave(listener)));
        assert_eq!(place.circuit_to(PeerId::random()), None);
    }
}
