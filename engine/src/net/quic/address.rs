//! libp2p's addresses of QUIC, as those of sockets. Pure.

use std::net::SocketAddr;

use libp2p::{
    PeerId,
    multiaddr::{Multiaddr, Protocol},
};

/// Where `/ip4/…/udp/…/quic-v1` is, and whose, where a `/p2p/…` follows; none of any other address.
pub(super) fn parse(address: &Multiaddr) -> Option<(SocketAddr, Option<PeerId>)> {
    let mut parts = address.iter();
    #[expect(clippy::wildcard_enum_match_arm, reason = "libp2p's enum is open")]
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        _ => return None,
    };
    let (Protocol::Udp(port), Protocol::QuicV1) = (parts.next()?, parts.next()?) else { return None };
    let peer = match (parts.next(), parts.next()) {
        (None, _) => None,
        (Some(Protocol::P2p(peer)), None) => Some(peer),
        _ => return None,
    };
    Some((SocketAddr::new(ip, port), peer))
}

/// What is at a socket's address.
pub(super) fn of(at: SocketAddr) -> Multiaddr {
    Multiaddr::from(at.ip()).with(Protocol::Udp(at.port())).with(Protocol::QuicV1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_quic_are_read_and_written() {
        for text in ["/ip4/127.0.0.1/udp/9/quic-v1", "/ip6/::1/udp/0/quic-v1"] {
            let address: Multiaddr = text.parse().unwrap();
            let (at, peer) = parse(&address).unwrap();
            assert_eq!((of(at), peer), (address.clone(), None), "{text}");
            let peer = PeerId::random();
            assert_eq!(parse(&address.with(Protocol::P2p(peer))), Some((at, Some(peer))));
        }
    }

    #[test]
    fn what_is_no_address_of_quic_is_left_to_others() {
        let relayed = format!("/ip4/10.0.0.1/udp/9/quic-v1/p2p/{}/p2p-circuit", PeerId::random());
        let others = ["/ip4/10.0.0.1/tcp/9", "/ip4/10.0.0.1/udp/9", "/ip4/10.0.0.1/udp/9/quic", "/dns/a/udp/9/quic-v1"];
        for text in others.into_iter().chain([relayed.as_str()]) {
            assert_eq!(parse(&text.parse().unwrap()), None, "{text}");
        }
    }
}
