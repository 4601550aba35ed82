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
    next: Option<Instant>,
    attempts: usize,
}

/// What to do about the reservation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    Take(Multiaddr),
    Leave(ListenerId),
}

impl RelayPlace {
    /// Takes note of where the relay is; true if it has to be resolved. The reservation at another relay goes.
    pub(super) fn set(&mut self, at: Option<RelayAt>) -> bool {
        if self.at == at {
            return false;
        }
        self.peer = at
            .as_ref()
            .and_then(|at| identity::peer_id(at.key.bytes()));
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
        let Relay {
            quic_port,
            tcp_port,
        } = at.relay;
        let quic = hosts.iter().filter(|_| quic_port != 0).map(|host| {
            Multiaddr::from(*host)
                .with(Protocol::Udp(quic_port))
                .with(Protocol::QuicV1)
        });
        let tcp = hosts
            .iter()
            .filter(|_| tcp_port != 0)
            .map(|host| Multiaddr::from(*host).with(Protocol::Tcp(tcp_port)));
        self.addresses = quic.chain(tcp).collect();
    }

    /// Its own addresses, QUIC first.
    pub(super) fn addresses(&self) -> &[Multiaddr] {
        &self.addresses
    }

    /// Addresses of a device through the relay.
    pub(super) fn circuits_to(&self, device: PeerId) -> Vec<Multiaddr> {
        self.circuits()
            .map(|circuit| circuit.with(Protocol::P2p(device)))
            .collect()
    }

    fn circuits(&self) -> impl Iterator<Item = Multiaddr> {
        self.peer.into_iter().flat_map(|relay| {
            self.addresses.iter().map(move |address| {
                address
                    .clone()
                    .with(Protocol::P2p(relay))
                    .with(Protocol::P2pCircuit)
            })
        })
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

    /// What is due.
    pub(super) fn due(&mut self, now: Instant) -> Option<Place> {
        self.until.take_if(|until| *until <= now);
        if self.until.is_none() {
            return self.listener.take().map(Place::Leave);
        }
        if self.listener.is_some() || self.next.is_some_and(|next| next > now) {
            return None;
        }
        let circuits: Vec<_> = self.circuits().collect();
        let address = circuits.into_iter().cycle().nth(self.attempts)?;
        self.attempts = (self.attempts + 1) % (2 * MAX_HOSTS);
        self.next = Some(now + AGAIN);
        Some(Place::Take(address))
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

    fn somewhere() -> (RelayPlace, RelayAt) {
        let at = RelayAt {
            host: "192.0.2.1".into(),
            relay: Relay {
                quic_port: 1,
                tcp_port: 2,
            },
            key: SecretKey::from_seed(&[9; 32]).server_key(),
        };
        let mut place = RelayPlace::default();
        assert!(place.set(Some(at.clone())), "to be resolved");
        assert!(!place.set(Some(at.clone())), "known already");
        place.resolved(&at, &["192.0.2.1".parse().unwrap()]);
        (place, at)
    }

    #[test]
    fn a_place_is_held_for_ten_minutes_after_it_was_wanted() {
        let (mut place, _) = somewhere();
        let (start, listener) = (Instant::now(), ListenerId::next());
        assert_eq!(place.due(start), None, "nobody asked");
        place.wanted(start);
        let Some(Place::Take(address)) = place.due(start) else {
            panic!("a place is wanted")
        };
        assert!(address.to_string().starts_with("/ip4/192.0.2.1/udp/1/quic-v1/p2p/"));
        place.taken(listener);
        assert_eq!(place.due(start), None);
        place.used(start + Duration::from_secs(60));
        assert_eq!(place.due(start + IDLE), None, "it was used");
        assert_eq!(
            place.due(start + IDLE + Duration::from_secs(60)),
            Some(Place::Leave(listener))
        );
        assert_eq!(place.deadline(), None);
    }

    #[test]
    fn a_lost_place_is_taken_again_by_another_way() {
        let (mut place, _) = somewhere();
        let (start, listener) = (Instant::now(), ListenerId::next());
        place.wanted(start);
        place.due(start);
        place.taken(listener);
        place.lost(listener, start);
        assert_eq!(place.due(start), None, "not at once");
        assert_eq!(place.deadline(), Some(start + AGAIN));
        let Some(Place::Take(address)) = place.due(start + AGAIN) else {
            panic!("the place is still wanted")
        };
        assert!(address.to_string().starts_with("/ip4/192.0.2.1/tcp/2/p2p/"));
    }

    #[test]
    fn without_a_relay_the_place_goes() {
        let (mut place, _) = somewhere();
        let listener = ListenerId::next();
        place.wanted(Instant::now());
        place.due(Instant::now());
        place.taken(listener);
        place.set(None);
        assert_eq!(place.due(Instant::now()), Some(Place::Leave(listener)));
        assert!(place.circuits_to(PeerId::random()).is_empty());
    }
}
