//! The values: one of each kind, from fixed keys.

use juice_proto::{
    capsule::ServerCapsule,
    content::{Body, Content, Hlc, Place},
    device_list::{Device, DeviceList, Pin},
    frame,
    id::{AccountId, ConversationId, DeviceId, MessageId, hash},
    letter::{DeliveryToken, Letter},
    link::LinkBody,
    prekey::{KEPT, Prekey},
    presence::{Capabilities, LEASE, Presence},
    request::Request,
    seal::{Envelope, KemSecret, Suite},
    server::{Contact, Pending, Relation, Relay, Welcome},
    sign::{SecretKey, Signed},
};
use minicbor::bytes::ByteVec;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use zeroize::Zeroizing;

pub const TIME: u64 = 1_700_000_000_000;

pub fn key(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

pub fn server() -> SecretKey {
    key(1)
}

pub fn account_key() -> SecretKey {
    key(2)
}

pub fn device() -> SecretKey {
    key(3)
}

pub fn account() -> AccountId {
    AccountId::derive(&server().server_key(), "alice")
}

pub fn other() -> AccountId {
    AccountId::derive(&server().server_key(), "bob")
}

pub fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([4; 32])
}

pub fn first_list() -> (Signed<DeviceList>, Pin) {
    DeviceList::first(account(), account_key().account_key(), device().device(), TIME).sign(&account_key())
}

pub fn second_list() -> DeviceList {
    let (first, pin) = first_list();
    first.peek().expect("ours").moved_to(&pin, key(5).device(), TIME + 1).expect("room")
}

pub fn lonely_device() -> Device {
    Device { id: device().device(), added_ms: TIME, revoked_ms: None }
}

pub fn presence() -> Presence {
    Presence {
        device: device().device(),
        capabilities: Capabilities { microphone: true, camera: false },
        addresses: vec!["/ip4/192.0.2.1/udp/4001/quic-v1".into(), "/ip6/2001:db8::1/tcp/4001".into()],
        sequence: TIME,
        expires_ms: TIME + LEASE,
        behind_nat: true,
    }
}

pub fn signed_presence() -> Signed<Presence> {
    Signed::make(&presence(), &device())
}

pub fn kem() -> KemSecret {
    KemSecret::from_seed(Suite::X25519, [6; 32])
}

pub fn prekey() -> Prekey {
    Prekey {
        device: device().device(),
        suite: Suite::X25519,
        key: kem().public().to_bytes().into(),
        made_ms: TIME,
        kept_until_ms: TIME + KEPT,
    }
}

pub fn signed_prekey() -> Signed<Prekey> {
    Signed::make(&prekey(), &device())
}

pub fn place() -> Place {
    let conversation = ConversationId::between(&account_key().account_key(), &key(7).account_key());
    let previous = MessageId::new(hash("test/previous", &[]));
    let device: DeviceId = device().device();
    let hlc = Hlc((TIME << 16) | 1);
    Place { conversation, author: account(), device, seq: 2, previous, hlc, sent_ms: TIME }
}

pub fn content() -> Content {
    Content::new(place(), &Body::text("grüß dich \u{1f34a}"))
}

pub fn request() -> Request {
    Request {
        from: account(),
        name: "alice".into(),
        to: other(),
        note: "it's me".into(),
        token: Some([8; 16].into()),
        asked_ms: TIME,
        delivery: None,
    }
}

pub fn token() -> DeliveryToken {
    DeliveryToken::new([15; 32])
}

pub fn letter() -> Letter {
    let status = LinkBody::Token { token: token(), made_ms: TIME };
    Letter {
        from: account(),
        device: device().device(),
        to: key(9).device(),
        sent_ms: TIME,
        list: first_list().0,
        name: "alice".into(),
        bodies: [status, LinkBody::Content(Signed::make(&content(), &device()))].iter().map(said).collect(),
    }
}

fn said(body: &LinkBody) -> ByteVec {
    frame::encode(body).into()
}

pub fn envelope() -> Envelope {
    Envelope::seal(b"for bob", &kem().public(), &key(9).device(), &mut rng()).expect("short")
}

pub fn capsule() -> ServerCapsule {
    ServerCapsule::seal(&account_key(), &Zeroizing::new([10; 64]), &mut rng())
}

pub fn contact() -> Contact {
    let presence = Some(signed_presence());
    Contact { account: account(), relation: Relation::Buddy, lists: vec![first_list().0], presence }
}

pub fn pending() -> Pending {
    Pending { from: account(), list: first_list().0, envelope: envelope() }
}

pub fn welcome() -> Welcome {
    Welcome {
        server_ms: TIME,
        contacts: vec![contact(), Contact { relation: Relation::Asked, lists: vec![], presence: None, ..contact() }],
        contact_count: 2,
        pending: vec![pending()],
        mailbox: 3,
        relay: Some(Relay { quic_port: 4_001, tcp_port: 4_002 }),
        seen_from: Some("192.0.2.7".into()),
        tokens: None,
    }
}
