//! Where this device can be dialled: what the Swarm listens on, what others have confirmed, and whether it is behind a
//! NAT. Owned by the Swarm's task, which tells the driver when it changes; told the time.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    time::{Duration, Instant},
};

use juice_proto::presence::{MAX_ADDRESS, MAX_ADDRESSES};
use libp2p::multiaddr::{Multiaddr, Protocol};

use super::NetNews;

/// Interfaces come up one by one; their addresses are told together.
const SETTLE: Duration = Duration::from_millis(50);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Reach {
    listening: BTreeSet<Multiaddr>,
    confirmed: BTreeSet<Multiaddr>,
    refuted: bool,
    told: Option<NetNews>,
    due: Option<Instant>,
}

impl Reach {
    /// The Swarm listens here.
    pub(super) fn listens(&mut self, address: Multiaddr, now: Instant) {
        if worth_telling(&address) && self.listening.insert(address) {
            self.changed(now);
        }
    }

    /// The Swarm listens here no longer. What was found about the NAT belongs to the network that is gone.
    pub(super) fn left(&mut self, address: &Multiaddr, now: Instant) {
        if self.listening.remove(address) {
            self.refuted = false;
            self.changed(now);
        }
    }

    /// The relay has dialled this address and reached us.
    pub(super) fn confirmed(&mut self, address: Multiaddr, now: Instant) {
        if worth_telling(&address) && self.confirmed.len() < MAX_ADDRESSES {
            self.confirmed.insert(address);
            self.changed(now);
        }
    }

    /// An address is not ours any more.
    pub(super) fn expired(&mut self, address: &Multiaddr, now: Instant) {
        if self.confirmed.remove(address) {
            self.changed(now);
        }
    }

    /// The relay has dialled an address of ours in vain.
    pub(super) fn refuted(&mut self, now: Instant) {
        self.refuted = true;
        self.changed(now);
    }

    /// When news may be due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// The news, once, when it is due and differs from the last.
    pub(super) fn news(&mut self, now: Instant) -> Option<NetNews> {
        self.due.take_if(|due| *due <= now)?;
        let news = Some(NetNews::Addresses {
            addresses: self.addresses(),
            behind_nat: self.refuted && self.confirmed.is_empty(),
        });
        if self.told == news {
            return None;
        }
        self.told.clone_from(&news);
        news
    }

    fn changed(&mut self, now: Instant) {
        self.due.get_or_insert(now + SETTLE);
    }

    /// Confirmed ones first, then by QUIC before TCP; loopback only where there is nothing else.
    fn addresses(&self) -> Vec<String> {
        let mut addresses: Vec<_> = self.confirmed.union(&self.listening).collect();
        let elsewhere = |address: &Multiaddr| host(address).is_some_and(|ip| !ip.is_loopback());
        if addresses.iter().any(|address| elsewhere(address)) {
            addresses.retain(|address| elsewhere(address));
        }
        addresses.sort_by_key(|address| {
            let quic = address.iter().any(|part| part == Protocol::QuicV1);
            (!self.confirmed.contains(*address), !quic)
        });
        addresses
            .into_iter()
            .map(ToString::to_string)
            .filter(|address| address.len() <= MAX_ADDRESS)
            .take(MAX_ADDRESSES)
            .collect()
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "libp2p's enum is open")]
fn host(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    }
}

/// Not those of the relay, which buddies reach by themselves, nor those that mean something else on every machine.
fn worth_telling(address: &Multiaddr) -> bool {
    let usable = match host(address) {
        Some(IpAddr::V4(ip)) => !ip.is_unspecified() && !ip.is_link_local(),
        Some(IpAddr::V6(ip)) => !ip.is_unspecified() && !ip.is_unicast_link_local(),
        None => false,
    };
    usable && !address.iter().any(|part| part == Protocol::P2pCircuit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Multiaddr {
        text.parse().unwrap()
    }

    fn told(reach: &mut Reach, at: Instant) -> Option<(Vec<String>, bool)> {
        let NetNews::Addresses { addresses, behind_nat } = reach.news(at)? else {
            panic!("it tells of addresses alone")
        };
        Some((addresses, behind_nat))
    }

    #[test]
    fn addresses_are_told_together_once_and_only_when_they_change() {
        let (mut reach, start) = (Reach::default(), Instant::now());
        let later = start + SETTLE;
        reach.listens(address("/ip4/127.0.0.1/udp/1/quic-v1"), start);
        reach.listens(address("/ip4/192.168.1.5/tcp/2"), start);
        reach.listens(address("/ip4/192.168.1.5/udp/1/quic-v1"), start);
        reach.listens(address("/ip6/fe80::1/tcp/2"), start);
        assert_eq!(reach.news(start), None, "it settles first");
        let both = vec!["/ip4/192.168.1.5/udp/1/quic-v1".to_owned(), "/ip4/192.168.1.5/tcp/2".to_owned()];
        assert_eq!(told(&mut reach, later), Some((both, false)));
        assert_eq!(reach.deadline(), None);
        reach.listens(address("/ip4/192.168.1.5/tcp/2"), later);
        assert_eq!(told(&mut reach, later + SETTLE), None, "nothing is new");
    }

    #[test]
    fn loopback_is_told_where_there_is_nothing_else() {
        let (mut reach, start) = (Reach::default(), Instant::now());
        reach.listens(address("/ip4/127.0.0.1/tcp/2"), start);
        let alone = vec!["/ip4/127.0.0.1/tcp/2".to_owned()];
        assert_eq!(told(&mut reach, start + SETTLE), Some((alone, false)));
    }

    #[test]
    fn a_device_is_behind_a_nat_when_no_address_held_up() {
        let (mut reach, start) = (Reach::default(), Instant::now());
        let later = start + SETTLE;
        reach.refuted(start);
        assert_eq!(told(&mut reach, later), Some((vec![], true)));
        let outside = address("/ip4/203.0.113.9/udp/1/quic-v1");
        reach.confirmed(outside.clone(), later);
        let later = later + SETTLE;
        assert_eq!(told(&mut reach, later), Some((vec![outside.to_string()], false)));
    }
}
