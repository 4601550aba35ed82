//! Dials under way: what is tried next for each device, and when. Owned by the Swarm's task, which acts on it.
//!
//! A device is dialled in steps: QUIC, then TCP, then the relay. A step begins when the one before has had its head
//! start or has failed. The first connection of whatever kind, also one that the device itself makes meanwhile, gets
//! the link, and the rest is dropped. Told the time; holds no sockets.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    net::IpAddr,
    time::{Duration, Instant},
};

use libp2p::{
    PeerId,
    multiaddr::{Multiaddr, Protocol},
    swarm::ConnectionId,
};

/// Head start of QUIC before TCP, as of one family before the other in RFC 8305.
const BEFORE_TCP: Duration = Duration::from_millis(250);
/// Head start of direct ways before the relay, from the last of them.
const BEFORE_RELAY: Duration = Duration::from_millis(500);
/// Head start of a stream on a connection that is there, which may be dead without anyone having noticed.
const BEFORE_DIALLING: Duration = Duration::from_secs(1);
/// How long to wait before asking the relay again, twice as long each time: the device may still be reserving its place
/// there, and the relay counts how often it is asked.
const RELAY_AGAIN: Duration = Duration::from_millis(500);
/// How many streams are asked for in one dial.
const MAX_STREAMS: usize = 4;
/// How many devices are dialled at once; the others wait in line.
const MAX_DIALS: usize = 64;
/// How many devices wait in line.
const MAX_WAITING: usize = 4_096;
/// How many addresses of a device are tried; a presence has no more.
const MAX_ADDRESSES: usize = 16;

/// One way to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// These QUIC addresses, from the port that this device listens on.
    Quic(Vec<Multiaddr>),
    /// These TCP addresses, from a fresh port: two sides that dial each other from the ports they listen on can meet
    /// in one half-open TCP connection that neither accepts.
    Tcp(Vec<Multiaddr>),
    /// The relay, after so many times in vain.
    Relay { tries: u32 },
}

/// What to do about a dial.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Act {
    Try(PeerId, Step),
    Fail(PeerId),
}

#[derive(Debug)]
struct Waiting {
    addresses: Vec<String>,
    relay: bool,
}

#[derive(Debug)]
struct Dial {
    steps: VecDeque<Step>,
    /// When the next step begins.
    next: Instant,
    end: Instant,
    /// Handshakes under way.
    trying: HashSet<ConnectionId>,
    /// How many streams are being opened, and were asked for in all; the first that is open becomes the link.
    opening: usize,
    asked: usize,
    /// When the last one was asked for.
    asked_at: Instant,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Dials {
    limit: Duration,
    under_way: HashMap<PeerId, Dial>,
    line: VecDeque<PeerId>,
    waiting: HashMap<PeerId, Waiting>,
}

impl Dials {
    /// Every dial ends within `limit` of its beginning.
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, under_way: HashMap::new(), line: VecDeque::new(), waiting: HashMap::new() }
    }

    /// Asks for a dial; one to a peer that is being dialled already shares its outcome. False if there are too many.
    pub(super) fn ask(&mut self, peer: PeerId, addresses: Vec<String>, relay: bool) -> bool {
        if self.under_way.contains_key(&peer) {
            return true;
        }
        if self.line.len() >= MAX_WAITING {
            return false;
        }
        let waiting = Waiting { addresses, relay };
        if self.waiting.insert(peer, waiting).is_none() {
            self.line.push_back(peer);
        }
        true
    }

    /// Begins the next dial in line, if there is room: the peer, to which there may be a connection already.
    pub(super) fn begin(&mut self, now: Instant) -> Option<PeerId> {
        if self.under_way.len() >= MAX_DIALS {
            return None;
        }
        let peer = self.line.pop_front()?;
        let Waiting { addresses, relay } = self.waiting.remove(&peer)?;
        let dial = Dial {
            steps: steps(&addresses, relay),
            next: now,
            end: now + self.limit,
            trying: HashSet::new(),
            opening: 0,
            asked: 0,
            asked_at: now,
        };
        self.under_way.insert(peer, dial);
        Some(peer)
    }

    /// Whether a stream to a peer is to be opened on a connection that is there. One at a time, lest the other side
    /// sees links that come and go, when both dial at once and two connections come up.
    pub(super) fn wants(&self, peer: &PeerId, now: Instant) -> bool {
        self.under_way.get(peer).is_some_and(|dial| {
            let stuck = dial.asked_at + BEFORE_DIALLING <= now;
            (dial.opening == 0 || stuck) && dial.asked < MAX_STREAMS
        })
    }

    /// A stream to the peer is being opened, so what is left to try may wait a little.
    pub(super) fn opening(&mut self, peer: &PeerId, now: Instant) {
        if let Some(dial) = self.under_way.get_mut(peer) {
            dial.opening += 1;
            dial.asked += 1;
            dial.asked_at = now;
            dial.next = dial.next.max(now + BEFORE_DIALLING);
        }
    }

    /// A stream was not opened.
    pub(super) fn not_opened(&mut self, peer: &PeerId, now: Instant) {
        if let Some(dial) = self.under_way.get_mut(peer) {
            dial.opening = dial.opening.saturating_sub(1);
            if dial.idle() {
                dial.next = now;
            }
        }
    }

    /// A stream is open: true if it is the first, and so becomes the link.
    pub(super) fn opened(&mut self, peer: &PeerId) -> bool {
        self.under_way.remove(peer).is_some()
    }

    /// A handshake began.
    pub(super) fn trying(&mut self, peer: &PeerId, connection: ConnectionId) {
        if let Some(dial) = self.under_way.get_mut(peer) {
            dial.trying.insert(connection);
        }
    }

    /// A handshake is over. If it was the last one under way, the next step begins at once, unless that is to ask the
    /// relay again.
    pub(super) fn tried(&mut self, peer: &PeerId, connection: ConnectionId, now: Instant) {
        let Some(dial) = self.under_way.get_mut(peer) else {
            return;
        };
        if dial.trying.remove(&connection) && dial.idle() && !dial.asks_again() {
            dial.next = now;
        }
    }

    /// The relay can be asked now: those who asked in vain do so at once.
    pub(super) fn relay_ready(&mut self, now: Instant) {
        let asking = |dial: &&mut Dial| dial.trying.is_empty() && dial.asks_again();
        for dial in self.under_way.values_mut().filter(asking) {
            dial.next = now;
        }
    }

    /// What is due.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Act> {
        let mut acts = Vec::new();
        self.under_way.retain(|peer, dial| {
            let act = dial.due(*peer, now);
            let goes_on = !matches!(act, Some(Act::Fail(_)));
            acts.extend(act);
            goes_on
        });
        acts
    }

    /// When something is due next.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.under_way.values().map(Dial::deadline).min()
    }
}

impl Dial {
    fn idle(&self) -> bool {
        self.trying.is_empty() && self.opening == 0
    }

    fn asks_again(&self) -> bool {
        matches!(self.steps.front(), Some(Step::Relay { tries: 1.. }))
    }

    fn due(&mut self, peer: PeerId, now: Instant) -> Option<Act> {
        if self.end <= now {
            return Some(Act::Fail(peer));
        }
        if self.steps.is_empty() {
            return self.idle().then_some(Act::Fail(peer));
        }
        if self.next > now {
            return None;
        }
        let step = self.steps.pop_front()?;
        if let Step::Relay { tries } = step {
            let tries = tries.saturating_add(1);
            self.steps.push_back(Step::Relay { tries });
        }
        self.next = now
            + match self.steps.front() {
                Some(Step::Quic(_) | Step::Tcp(_)) | None => BEFORE_TCP,
                Some(Step::Relay { tries: 0 }) => BEFORE_RELAY,
                Some(Step::Relay { tries }) => RELAY_AGAIN * (1 << (tries - 1).min(4)),
            };
        Some(Act::Try(peer, step))
    }

    fn deadline(&self) -> Instant {
        if self.steps.is_empty() { self.end } else { self.next.min(self.end) }
    }
}

fn steps(addresses: &[String], relay: bool) -> VecDeque<Step> {
    let (quic, tcp): (Vec<_>, Vec<_>) = addresses
        .iter()
        .take(MAX_ADDRESSES)
        .filter_map(|address| dialable(address))
        .partition(|address| address.iter().any(|part| part == Protocol::QuicV1));
    let mut steps = VecDeque::new();
    if !quic.is_empty() {
        steps.push_back(Step::Quic(quic));
    }
    if !tcp.is_empty() {
        steps.push_back(Step::Tcp(tcp));
    }
    if relay {
        steps.push_back(Step::Relay { tries: 0 });
    }
    steps
}

/// An address that someone else said is theirs, if it is an IP address with a port of QUIC or TCP and nothing else: no
/// names that would be looked up, no relays of their choosing.
#[expect(clippy::wildcard_enum_match_arm, reason = "libp2p's enum is open")]
fn dialable(address: &str) -> Option<Multiaddr> {
    let address: Multiaddr = address.parse().ok()?;
    let mut parts = address.iter();
    let host: IpAddr = match parts.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        _ => return None,
    };
    let port = match (parts.next()?, parts.next()) {
        (Protocol::Udp(port), Some(Protocol::QuicV1)) | (Protocol::Tcp(port), None) => port,
        _ => return None,
    };
    let fine = parts.next().is_none() && port != 0 && !host.is_unspecified() && !host.is_multicast();
    fine.then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIC: &str = "/ip4/192.0.2.1/udp/4001/quic-v1";
    const TCP: &str = "/ip4/192.0.2.1/tcp/4001";

    fn dials(relay: bool, now: Instant) -> (Dials, PeerId) {
        let (mut dials, peer) = (Dials::new(Duration::from_secs(10)), PeerId::random());
        assert!(dials.ask(peer, vec![TCP.into(), QUIC.into()], relay));
        assert_eq!(dials.begin(now), Some(peer));
        (dials, peer)
    }

    #[test]
    fn quic_comes_before_tcp_and_both_before_the_relay() {
        let start = Instant::now();
        let (mut dials, peer) = dials(true, start);
        let quic = Step::Quic(vec![QUIC.parse().unwrap()]);
        let tcp = Step::Tcp(vec![TCP.parse().unwrap()]);
        assert_eq!(dials.due(start), vec![Act::Try(peer, quic)]);
        dials.trying(&peer, ConnectionId::new_unchecked(1));
        assert_eq!(dials.due(start), vec![], "QUIC has its head start");
        dials.tried(&peer, ConnectionId::new_unchecked(1), start);
        assert_eq!(dials.due(start), vec![Act::Try(peer, tcp)], "a failed step makes way at once");
        let relay = start + BEFORE_RELAY;
        assert_eq!(dials.due(relay), vec![Act::Try(peer, Step::Relay { tries: 0 })]);
        assert_eq!(dials.due(relay), vec![]);
        assert_eq!(dials.due(relay + RELAY_AGAIN), vec![Act::Try(peer, Step::Relay { tries: 1 })]);
        dials.relay_ready(relay + RELAY_AGAIN);
        assert_eq!(
            dials.due(relay + RELAY_AGAIN),
            vec![Act::Try(peer, Step::Relay { tries: 2 })],
            "the device has reserved its place, or the relay is connected"
        );
        assert_eq!(dials.due(start + Duration::from_secs(10)), vec![Act::Fail(peer)]);
        assert_eq!(dials.deadline(), None);
    }

    #[test]
    fn a_dial_fails_when_nothing_is_left_to_try() {
        let start = Instant::now();
        let (mut dials, peer) = (Dials::new(Duration::from_secs(10)), PeerId::random());
        dials.ask(peer, vec!["/dns4/example.org/tcp/1".into()], false);
        dials.begin(start);
        assert_eq!(dials.due(start), vec![Act::Fail(peer)]);
    }

    #[test]
    fn only_plain_addresses_of_others_are_dialled() {
        for fine in [QUIC, TCP, "/ip6/2001:db8::1/udp/1/quic-v1"] {
            assert!(dialable(fine).is_some(), "{fine}");
        }
        for wrong in [
            "",
            "nonsense",
            "/dns/example.org/tcp/80",
            "/ip4/0.0.0.0/tcp/80",
            "/ip4/192.0.2.1/tcp/0",
            "/ip4/224.0.0.1/udp/9/quic-v1",
            "/ip4/192.0.2.1/udp/9",
            "/ip4/192.0.2.1/tcp/80/ws",
            "/ip4/192.0.2.1/tcp/80/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN/p2p-circuit",
        ] {
            assert!(dialable(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_second_stream_is_asked_for_only_when_the_first_is_stuck() {
        let start = Instant::now();
        let (mut dials, peer) = dials(false, start);
        assert!(dials.wants(&peer, start));
        dials.opening(&peer, start);
        assert!(!dials.wants(&peer, start));
        assert_eq!(dials.due(start), vec![], "the steps wait too");
        assert!(dials.wants(&peer, start + BEFORE_DIALLING), "that connection seems dead");
        assert_eq!(dials.due(start + BEFORE_DIALLING).len(), 1);
        dials.not_opened(&peer, start);
        assert!(dials.wants(&peer, start));
        assert!(dials.opened(&peer));
        assert!(!dials.opened(&peer), "one dial, one link");
    }

    #[test]
    fn no_more_than_so_many_are_dialled_at_once() {
        let start = Instant::now();
        let mut dials = Dials::new(Duration::from_secs(10));
        for _ in 0..MAX_DIALS + 10 {
            dials.ask(PeerId::random(), vec![QUIC.into()], false);
        }
        let begun = std::iter::from_fn(|| dials.begin(start)).count();
        assert_eq!(begun, MAX_DIALS);
        dials.due(start + Duration::from_secs(10));
        let begun = std::iter::from_fn(|| dials.begin(start)).count();
        assert_eq!(begun, 10, "the line moves up");
    }
}
