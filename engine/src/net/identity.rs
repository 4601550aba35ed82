//! A device's key is its libp2p identity: the conversions both ways, and nothing else.

use juice_proto::{id::DeviceId, sign::SecretKey};
use libp2p::{
    PeerId,
    identity::{Keypair, PublicKey, ed25519},
};

use super::NetError;

/// The libp2p key pair of a device.
pub(super) fn keypair(device: &SecretKey) -> Result<Keypair, NetError> {
    let mut seed = device.seed();
    // libp2p wipes the seed that it is given.
    Keypair::ed25519_from_bytes(seed.as_mut_slice()).map_err(|_| NetError::Key)
}

/// The peer id of an Ed25519 public key; none if the bytes are no point of the curve.
pub(super) fn peer_id(key: &[u8; 32]) -> Option<PeerId> {
    let key = ed25519::PublicKey::try_from_bytes(key).ok()?;
    Some(PublicKey::from(key).to_peer_id())
}

/// The device of a peer id; none if its key is not Ed25519.
pub(super) fn device_id(peer: &PeerId) -> Option<DeviceId> {
    // Keys as short as these stand in the peer id itself, under the identity hash (code 0).
    let hash = peer.as_ref();
    let key = (hash.code() == 0).then(|| PublicKey::try_decode_protobuf(hash.digest()).ok())??;
    Some(DeviceId::new(key.try_into_ed25519().ok()?.to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_and_its_peer_id_name_each_other() {
        let device = SecretKey::from_seed(&[7; 32]);
        let pair = keypair(&device).unwrap();
        let peer = peer_id(device.device().bytes()).unwrap();
        assert_eq!(pair.public().to_peer_id(), peer);
        assert_eq!(device_id(&peer), Some(device.device()));
        assert_eq!(device_id(&PeerId::random()), None, "no key in it");
    }
}
