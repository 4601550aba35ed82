//! Who can be reached by whom.

use std::{collections::BTreeSet, net::Ipv4Addr};

/// A door opens to the end that something inside wrote to, for the end that wrote it, as most routers of homes do
/// (address and port dependent filtering, RFC 4787, section 5), and stays open.
#[derive(Default)]
pub(super) struct Ways {
    shut: BTreeSet<Ipv4Addr>,
    /// From inside, to outside.
    opened: BTreeSet<(End, End)>,
    parted: Option<(Ipv4Addr, Ipv4Addr)>,
}

/// An address and a port.
type End = (Ipv4Addr, u16);

impl Ways {
    pub(super) fn shut(&mut self, place: Ipv4Addr) {
        self.shut.insert(place);
    }

    pub(super) fn part(&mut self, places: Option<(Ipv4Addr, Ipv4Addr)>) {
        self.parted = places;
    }

    /// Whether a packet may leave the place that it is from and come in where it goes. What is neither UDP nor TCP may.
    pub(super) fn pass(&mut self, packet: &[u8]) -> bool {
        let Some((from, to)) = ends(packet) else { return true };
        if self.parted.is_some_and(|(one, other)| [(one, other), (other, one)].contains(&(from.0, to.0))) {
            return false;
        }
        if self.shut.contains(&from.0) {
            self.opened.insert((from, to));
        }
        !self.shut.contains(&to.0) || self.opened.contains(&(to, from))
    }
}

/// Of a UDP or TCP packet over IPv4 (RFC 791).
fn ends(packet: &[u8]) -> Option<(End, End)> {
    const TCP: u8 = 6;
    const UDP: u8 = 17;
    let header = usize::from(packet.first()? & 0xf) * 4;
    if ![TCP, UDP].contains(packet.get(9)?) {
        return None;
    }
    let address = |at| Some(Ipv4Addr::from(<[u8; 4]>::try_from(packet.get(at..at + 4)?).ok()?));
    let port = |at| Some(u16::from_be_bytes(packet.get(at..at + 2)?.try_into().ok()?));
    Some(((address(12)?, port(header)?), (address(16)?, port(header + 2)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
    const FAR: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 3);

    fn udp(from: End, to: End) -> Vec<u8> {
        let mut packet = vec![0; 28];
        (packet[0], packet[9]) = (0x45, 17);
        packet[12..16].copy_from_slice(&from.0.octets());
        packet[16..20].copy_from_slice(&to.0.octets());
        packet[20..22].copy_from_slice(&from.1.to_be_bytes());
        packet[22..24].copy_from_slice(&to.1.to_be_bytes());
        packet
    }

    #[test]
    fn a_door_lets_in_answers_alone() {
        let mut ways = Ways::default();
        ways.shut(HOME);
        let (inside, outside) = ((HOME, 5), (FAR, 7));
        assert!(!ways.pass(&udp(outside, inside)), "nobody asked for it");
        assert!(ways.pass(&udp(inside, outside)));
        assert!(ways.pass(&udp(outside, inside)), "an answer");
        assert!(!ways.pass(&udp((FAR, 8), inside)), "from another port");
        assert!(!ways.pass(&udp(outside, (HOME, 6))), "to another port");
    }

    #[test]
    fn between_the_parted_nothing_passes() {
        let mut ways = Ways::default();
        ways.part(Some((HOME, FAR)));
        assert!(!ways.pass(&udp((HOME, 1), (FAR, 1))) && !ways.pass(&udp((FAR, 1), (HOME, 1))));
        assert!(ways.pass(&udp((HOME, 1), (Ipv4Addr::new(10, 77, 0, 1), 1))));
        ways.part(None);
        assert!(ways.pass(&udp((HOME, 1), (FAR, 1))));
    }
}
