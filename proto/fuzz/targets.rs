//! What the fuzzer runs: one plain function for each place where bytes from elsewhere come in.
//!
//! Besides not panicking each holds its own promises: what reads back is the same, what is signed is needed. Where a
//! signature would stop all random bytes at the door, the function signs them itself, as a hostile owner of a key would.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "shared by programs that use one function each, and by a test"
)]

#[path = "../tests/common/all.rs"]
mod common;
#[path = "targets/said.rs"]
mod said;

use std::sync::LazyLock;

use juice_proto::{
    content::{self, Body, Content},
    device_list::{self, DeviceList},
    frame,
    id::{AccountId, CallId, ConversationId, Now},
    invite::{Invite, ServerAddress},
    link::{Greeting, LinkBody, LinkFrame},
    media::{self, Kind, MediaHello, MediaKeys, Report, VoicePacket},
    messenger::Input,
    name::UserName,
    prekey::{self, Prekey},
    presence::{self, Presence},
    request::{self, Request},
    seal::{Envelope, KemSecret, LinkOpener, Suite},
    server::{Call, ClientFrame, Nonce, ServerFrame, SignedWelcome},
    sign::{Context, Signable, Signed},
    vault::{PasswordBox, Vault},
};
use minicbor::{
    Decode, Encode,
    bytes::{ByteArray, ByteVec},
};

use self::common::{
    people::{Persona, START, key_of, persona, server_key},
    raw::{self, Raw},
    stage::{ALICE, BOB, Stage},
};
pub use self::said::{body, file_offer, letter, prose};

/// What is done with an input.
pub type Target = fn(&[u8]);

/// Every target, by its name.
pub const ALL: [(&str, Target); 13] = [
    ("frame", frame),
    ("media", media),
    ("hello", hello),
    ("content", content),
    ("envelope", envelope),
    ("device_list", device_list),
    ("invite_link", invite_link),
    ("vault_header", vault_header),
    ("messenger", messenger),
    ("body", body),
    ("letter", letter),
    ("file_offer", file_offer),
    ("prose", prose),
];

const NOW: Now = Now { mono: 0, wall: START };

static A: LazyLock<Persona> = LazyLock::new(|| persona("alice"));
static B: LazyLock<Persona> = LazyLock::new(|| persona("bob"));

/// Reads a value; what was read is written and read again as the same.
fn reads<T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq>(input: &[u8]) -> Option<T> {
    let value: T = frame::decode(input).ok()?;
    assert!(frame::decode::<T>(&frame::encode(&value)) == Ok(value), "a value reads back as itself");
    frame::decode(input).ok()
}

/// The bytes, signed by the owner of a key as if they were a `T`.
fn signed<T: Signable>(input: &[u8], label: &str) -> Signed<T> {
    Signed::from_parts(input.to_vec(), key_of(label).sign(T::CONTEXT, &[input]))
}

/// Frames as they come off a stream or a socket.
pub fn frame(input: &[u8]) {
    if let Some(header) = input.first_chunk::<4>()
        && let Ok(length) = frame::length(*header)
    {
        assert_eq!(frame::header(length), Ok(*header));
    }
    let _ = reads::<ServerFrame>(input);
    let _ = reads::<ClientFrame>(input).map(|frame| frame.open());
    let _ = reads::<Call>(input);
    let _ = reads::<LinkFrame>(input);
    let _ = reads::<LinkBody>(input);
}

/// The first words on each side of a server's socket.
pub fn hello(input: &[u8]) {
    let (nonce, server): (Nonce, _) = ([1; 32], server_key());
    let device = key_of("device");
    if let Some(frame) = reads::<ClientFrame>(input) {
        // Nobody signed this for our nonce.
        assert!(frame.check(&device.device(), &server.server_key(), &nonce).is_err());
    }
    let proof = device.sign(Context::Hello, &[&nonce, server.server_key().bytes(), input]);
    let proven = ClientFrame { number: 1, call: input.to_vec().into(), proof: Some(proof.into()) };
    assert_eq!(proven.check(&device.device(), &server.server_key(), &nonce), Ok(()));
    let _ = proven.open();
    if let Some(welcome) = reads::<SignedWelcome>(input) {
        assert!(welcome.open(&server.server_key(), &nonce, b"call").is_err());
    }
    let presence = presence::check(&signed(input, "device"), &device.device(), Some(5), NOW);
    let addresses = presence.as_ref().map_or(0, |presence: &Presence| presence.addresses.len());
    assert!(addresses <= presence::MAX_ADDRESSES);
    let _ = prekey::check(&signed::<Prekey>(input, "device"), &device.device(), NOW);
    let _ = signed::<Greeting>(input, "device").open(&device.public());
}

/// Messages.
pub fn content(input: &[u8]) {
    let (alice, bob) = (&A.identity, &B.identity);
    let conversation = ConversationId::between(&alice.account_key, &bob.account_key);
    let device = bob.device.device();
    if let Some(stolen) = reads::<Signed<Content>>(input) {
        assert!(content::check(&stolen, &conversation, &bob.account, &device).is_err(), "Bob never signed it");
    }
    let own = Signed::<Content>::from_parts(input.to_vec(), bob.device.sign(Context::Content, &[input]));
    if let Ok(content) = content::check(&own, &conversation, &bob.account, &device) {
        assert!(content.body.len() <= content::MAX_BODY && content.seq > 0);
        let clamped = content.hlc.clamped(START).tick(START);
        assert!(clamped.0 >> 16 <= START + 2 * 60 * 1000 + 1);
        let said = content.read().expect("it was checked");
        assert!(said.words().chars().count() <= content::MAX_TEXT);
        let _ = (said.target(), content.void());
    }
    // The bytes as a body of a content that is otherwise in order.
    let body = Content { body: input.to_vec().into(), ..content_of_bob(conversation) };
    let _ = content::check(&Signed::make(&body, &bob.device), &conversation, &bob.account, &device);
}

fn content_of_bob(conversation: ConversationId) -> Content {
    Content { conversation, ..raw::said(&B.identity, &A.identity, 1, &Body::text("")) }
}

/// Envelopes, and what is in them.
pub fn envelope(input: &[u8]) {
    let device = key_of("device").device();
    for suite in [Suite::X25519, Suite::XWing] {
        let secret = KemSecret::from_seed(suite, [6; 32]);
        if let Some(envelope) = reads::<Envelope>(input) {
            let _ = envelope.open(&secret, &device);
            let fitted = Envelope { suite, key: secret.public().id(), ..envelope };
            let _ = fitted.open(&secret, &device);
        }
        if let Ok(mut opener) = LinkOpener::new(&secret, &secret.public(), &device, input) {
            let _ = opener.open(input);
        }
        let _ = juice_proto::seal::KemPublic::parse(suite, input);
    }
    let (alice, bob) = (&A.identity, &B.identity);
    let request = Signed::<Request>::from_parts(input.to_vec(), bob.device.sign(Context::Request, &[input]));
    let server = alice.server.key;
    if let Ok(request) = request::check(&request, &bob.account, &bob.device.device(), &alice.account, &server) {
        assert_eq!(AccountId::derive(&server, &request.name), bob.account);
    }
}

/// Device lists, alone and as chains.
pub fn device_list(input: &[u8]) {
    let bob = &*B;
    let (account, pin) = (bob.identity.account, bob.identity.pin);
    let list = Signed::<DeviceList>::from_parts(input.to_vec(), bob.key.sign(Context::DeviceList, &[input]));
    for pinned in [None, Some(&pin)] {
        if let Ok((list, fresh)) = device_list::check(&account, pinned, &list) {
            assert!(list.devices.len() <= device_list::MAX_DEVICES && list.account == account);
            let _ = (list.current(), list.admit(&bob.identity.device.device()));
            let _ = list.moved_to(&fresh, key_of("next").device(), START);
            assert!(pinned.is_none_or(|pin| fresh.version >= pin.version && fresh.key == pin.key));
        }
        let chain = [bob.identity.list.clone(), list.clone()];
        let _ = device_list::check_chain(&account, pinned, &chain);
    }
    if let Some(chain) = reads::<Vec<Signed<DeviceList>>>(input)
        && let Ok((_, fresh)) = device_list::check_chain(&account, Some(&pin), &chain)
    {
        assert!(fresh.version >= pin.version, "nobody but Bob can go on from Bob's list, and nobody back");
    }
}

/// Links that people paste.
pub fn invite_link(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(invite) = Invite::parse(&text) {
        assert_eq!(Invite::parse(&invite.to_string()).as_ref(), Ok(&invite), "{text:?}");
    }
    if let Ok(address) = ServerAddress::parse(&text) {
        assert_eq!(ServerAddress::parse(&address.to_string()).as_ref(), Ok(&address), "{text:?}");
    }
    if let Ok(name) = UserName::parse(&text) {
        assert_eq!(UserName::parse(name.as_str()).as_ref(), Ok(&name), "a canonical name is its own: {text:?}");
    }
}

/// The file as [`juice_proto::vault`] writes it, to see what opening it would cost.
#[derive(Decode)]
#[cbor(map)]
#[allow(unused, reason = "read only for its slots")]
struct File {
    #[n(0)]
    slots: Vec<PasswordBox>,
    #[n(1)]
    nonce: ByteArray<24>,
    #[n(2)]
    body: ByteVec,
}

/// Vaults, as far as that costs no password hashing: what would hash is passed over.
pub fn vault_header(input: &[u8]) {
    let dear = input.get(9..).and_then(|rest| frame::decode::<File>(rest).ok()).is_some_and(|file| {
        file.slots.iter().any(|slot| {
            let kdf = slot.kdf;
            kdf.memory_kib >= 8 * 1024 && kdf.passes > 0 && kdf.lanes > 0
        })
    });
    if !dear {
        assert!(Vault::open(input, "password").is_err(), "nothing opens without its password hashed");
    }
}

/// A messenger with a link to a buddy who says what the bytes say. Each step is a byte for what, a byte for how long,
/// and that many bytes.
pub fn messenger(input: &[u8]) {
    let mut stage = Stage::new(&["alice", "bob"]);
    stage.kill(BOB);
    let mut raw = Raw::meet(&mut stage, ALICE, &B);
    let mut rest = input;
    while let [what, length, tail @ ..] = rest {
        let (bytes, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = tail;
        match what % 8 {
            0 => stage.inject(raw.link, bytes.to_vec()),
            1..=3 => {
                let sealed = raw.sealed(bytes);
                stage.inject(raw.link, sealed);
            }
            4 => {
                let seq = bytes.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                let content = raw.content(&stage, seq, &String::from_utf8_lossy(bytes));
                raw.tell(&mut stage, &content);
            }
            5 => stage.tell(ALICE, Input::ServerFrame(bytes.to_vec())),
            6 => stage.pass(u64::from(*length) * 500),
            _ => {
                stage.write(ALICE, BOB, &String::from_utf8_lossy(bytes));
            }
        }
        if !stage.is_open(raw.link) {
            let Some(again) = Raw::try_meet(&mut stage, ALICE, &B) else { return };
            raw = again;
        }
        while stage.hear(raw.link).is_some() {}
    }
    let shown = stage.arrived(ALICE);
    let once: std::collections::BTreeSet<_> = shown.iter().map(|message| message.id.clone()).collect();
    assert_eq!(shown.len(), once.len(), "nothing is shown twice");
}

/// What comes on a stream of a call, before and behind the seal.
pub fn media(input: &[u8]) {
    let call = CallId::new([1; 32]);
    let (alice, bob) =
        (MediaKeys::derive(&call, true, &[2; 32], &[3; 32]), MediaKeys::derive(&call, false, &[2; 32], &[3; 32]));
    assert!(bob.open(&mut input.to_vec()).is_err(), "nobody but the other side can make one");
    if let Ok(packet) = alice.seal(Kind::Voice, 7, input) {
        let (_, _, plain) = bob.open(&mut packet[2..].to_vec()).expect("the other side opens it");
        assert_eq!(plain, input);
    }
    if let Ok(voice) = VoicePacket::parse(input) {
        assert_eq!(voice.to_bytes(), input);
    }
    let _ = frame::decode::<MediaHello>(input);
    if let Ok(report) = frame::decode::<Report>(input) {
        let _ = report.echo.map(|echo| echo.round_trip_ms(report.said_ms));
    }
    if let Ok(Some((mark, packet))) = media::of_datagram(input) {
        assert!(packet.len() <= media::MAX_PACKET && input.ends_with(packet) && !mark.is_of(&call));
    }
    if let Some((header, _)) = input.split_first_chunk() {
        assert!(
            media::length(*header).is_ok_and(|length| length <= media::MAX_PACKET) || media::length(*header).is_err()
        );
    }
}
