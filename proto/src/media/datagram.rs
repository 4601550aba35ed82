//! A packet as a datagram: what it is for, the beginning of its call's id, and the sealed packet without its length.
//!
//! Nothing goes before it, so any of them may be lost; the seal says whether a packet is of the call.

use super::fitting;
use crate::{error::ProtoError, id::CallId};

/// What a datagram of a call begins with. Whatever else one begins with is left for what is yet to come.
const OF_A_CALL: u8 = 0;
/// Bytes of a call's id: enough to tell calls with one device apart, of which there are a few.
const MARK: usize = 8;

/// The beginning of a call's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallMark(pub(super) [u8; MARK]);

impl CallMark {
    pub(super) fn of(call: &CallId) -> Self {
        Self(call.bytes().first_chunk().copied().unwrap_or_default())
    }

    /// Whether that call's id begins so.
    pub fn is_of(&self, call: &CallId) -> bool {
        call.bytes().starts_with(&self.0)
    }
}

/// What [`super::MediaKeys::seal`] made, with its length, as a datagram of a call.
pub fn datagram(call: &CallId, packet: &[u8]) -> Vec<u8> {
    [&[OF_A_CALL], CallMark::of(call).0.as_slice(), packet.get(2..).unwrap_or_default()].concat()
}

/// The call and the packet of a datagram, for [`super::MediaKeys::open`]; none if it is for something unknown.
///
/// # Errors
/// `Malformed`; `FrameLen` where the packet is shorter than an empty one or longer than [`super::MAX_PACKET`].
pub fn of_datagram(datagram: &[u8]) -> Result<Option<(CallMark, &[u8])>, ProtoError> {
    let (purpose, rest) = datagram.split_first().ok_or(ProtoError::Malformed)?;
    if *purpose != OF_A_CALL {
        return Ok(None);
    }
    let (mark, packet) = rest.split_first_chunk().ok_or(ProtoError::Malformed)?;
    fitting(packet.len())?;
    Ok(Some((CallMark(*mark), packet)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_names_its_call_and_brings_its_packet() {
        let packet = [&[0, 25][..], &[7; 25]].concat();
        let datagram = datagram(&CallId::new([9; 32]), &packet);
        let (mark, inside) = of_datagram(&datagram).unwrap().unwrap();
        assert!(mark.is_of(&CallId::new([9; 32])) && !mark.is_of(&CallId::new([8; 32])));
        assert_eq!(inside, &packet[2..]);
    }

    #[test]
    fn datagrams_out_of_range_are_refused_and_unknown_ones_left_alone() {
        for (length, wrong) in [(0, true), (8, true), (33, true), (34, false), (1_509, false), (1_510, true)] {
            assert_eq!(of_datagram(&vec![0; length]).is_err(), wrong, "{length} bytes");
        }
        assert_eq!(of_datagram(&[1]), Ok(None));
    }
}
