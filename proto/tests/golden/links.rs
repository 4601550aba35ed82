//! What buddies' devices say to each other, and what they sign.

use juice_proto::{
    call::{CallSignal, Guest, Shows, Side},
    content::{self, Body, CallOutcome, CallTrace, Content, FileOffer, Memo, Picture, kind},
    device_list, frame,
    id::{AccountId, CallId, ConversationId, DeviceId, MessageId, Now},
    letter,
    link::{Greeting, LinkBody, LinkFrame, Mood},
    prekey, presence,
    presence::Capabilities,
    request::{self, Request},
    seal::{KemSecret, LinkOpener, LinkSealer, Suite},
    sign::Signed,
};

use crate::{
    book::Book,
    values::{
        TIME, account, account_key, content, device, envelope, first_list, kem, key, letter, lonely_device, other,
        place, prekey, presence, request, rng, second_list, server, signed_prekey, signed_presence, token,
    },
};

fn greeting() -> Greeting {
    Greeting {
        account: account(),
        device: device().device(),
        to: key(9).device(),
        list: first_list().0,
        yours: Some(first_list().1),
        suite: Suite::X25519,
        key: kem().public().to_bytes().into(),
    }
}

fn guest() -> Guest {
    Guest {
        pair: CallId::new([23; 32]),
        first: true,
        secret: [24; 32].into(),
        account: AccountId::new([25; 32]),
        device: DeviceId::new([26; 32]),
        name: "carol".into(),
        addresses: vec!["/ip4/192.0.2.1/udp/4001/quic-v1".into()],
    }
}

fn call(signal: CallSignal) -> LinkBody {
    LinkBody::Call(CallId::new([20; 32]), signal)
}

fn bodies() -> Vec<(&'static str, LinkBody)> {
    let id = MessageId::new([14; 32]);
    let status = |mood, have| LinkBody::Status {
        name: "alice".into(),
        mood,
        text: "back at six".into(),
        capabilities: Capabilities { microphone: true, camera: true },
        have,
    };
    vec![
        ("status-here", status(Mood::Here, Some(7))),
        ("status-away", status(Mood::Away, None)),
        ("status-busy", status(Mood::Busy, None)),
        ("content", LinkBody::Content(Signed::make(&content(), &device()))),
        ("delivered", LinkBody::Delivered(vec![id, id])),
        ("read", LinkBody::Read(id, TIME)),
        ("refused", LinkBody::Refused(id, "Equivocation".into())),
        ("want", LinkBody::Want(3)),
        ("typing", LinkBody::Typing(true)),
        ("bye", LinkBody::Bye),
        ("token", LinkBody::Token { token: token(), made_ms: TIME }),
        ("call-offer", call(CallSignal::Offer([21; 32].into(), Vec::new(), Shows::Nothing))),
        ("call-offer-of-several", call(CallSignal::Offer([21; 32].into(), vec!["bob".into()], Shows::Nothing))),
        ("call-offer-with-video", call(CallSignal::Offer([21; 32].into(), Vec::new(), Shows::Camera))),
        ("call-ringing", call(CallSignal::Ringing)),
        ("call-answer", call(CallSignal::Answer([22; 32].into()))),
        ("call-decline", call(CallSignal::Decline)),
        ("call-busy", call(CallSignal::Busy)),
        ("call-end", call(CallSignal::End)),
        ("call-side", call(CallSignal::Side(Side { held: true, muted: false, recording: true, ..Side::default() }))),
        ("call-guests", call(CallSignal::Guests(vec![guest()]))),
    ]
}

/// Everything a content may say; plain text and nothing at all have theirs already.
fn said() -> Vec<(&'static str, Body)> {
    let target = MessageId::new([14; 32]);
    let offer = |picture| FileOffer {
        name: "cat.jpg".into(),
        size: 1 << 33,
        key: [18; 32].into(),
        root: [19; 32].into(),
        picture,
        caption: "my cat".into(),
        memo: None,
    };
    let picture = Picture { width: 640, height: 480, thumbnail: vec![0xff, 0xd8].into() };
    let memo = Memo { duration_ms: 12_340, video: false, waveform: vec![0, 90, 255].into() };
    let call = |outcome, video| Body::Call(CallTrace { outcome, video });
    vec![
        ("reply", Body::Text { text: "yes".into(), reply_to: Some(target) }),
        ("edit", Body::Edit { target, text: "no".into() }),
        ("delete", Body::Delete { target }),
        ("reaction", Body::Reaction { target, emoji: "\u{1f44d}".into(), on: true }),
        ("reaction-off", Body::Reaction { target, emoji: "\u{1f44d}".into(), on: false }),
        ("file", Body::File(Box::new(offer(None)))),
        ("picture", Body::File(Box::new(offer(Some(picture))))),
        ("memo", Body::File(Box::new(FileOffer { memo: Some(memo), ..offer(None) }))),
        ("call-talked", call(CallOutcome::Talked(312), false)),
        ("call-talked-video", call(CallOutcome::Talked(312), true)),
        ("call-not-answered", call(CallOutcome::NotAnswered, false)),
        ("call-not-answered-video", call(CallOutcome::NotAnswered, true)),
        ("call-declined", call(CallOutcome::Declined, false)),
        ("call-busy", call(CallOutcome::Busy, false)),
    ]
}

/// A new variant makes this fail to compile: it needs its golden bytes.
fn sort(body: &LinkBody) -> usize {
    match body {
        LinkBody::Status { .. } => 0,
        LinkBody::Content(_) => 1,
        LinkBody::Delivered(_) => 2,
        LinkBody::Read(..) => 3,
        LinkBody::Refused(..) => 4,
        LinkBody::Want(_) => 5,
        LinkBody::Typing(_) => 6,
        LinkBody::Bye => 7,
        LinkBody::Token { .. } => 8,
        LinkBody::Call(_, signal) => match signal {
            CallSignal::Offer(..) => 9,
            CallSignal::Ringing => 10,
            CallSignal::Answer(_) => 11,
            CallSignal::Decline => 12,
            CallSignal::Busy => 13,
            CallSignal::End => 14,
            CallSignal::Side(_) => 15,
            CallSignal::Guests(_) => 16,
        },
    }
}

#[test]
fn every_frame_of_a_link_has_its_golden_bytes() {
    let mut book = Book::open("links.hex", include_str!("links.hex"));
    book.value("greeting", &greeting());
    book.value("frame-greeting", &LinkFrame::Greeting(Box::new(Signed::make(&greeting(), &device()))));
    book.value("frame-key", &LinkFrame::Key(vec![0xab; 32].into()));
    book.value("frame-sealed", &LinkFrame::Sealed(vec![0xcd; 16].into()));
    let bodies = bodies();
    for (name, body) in &bodies {
        book.value(&format!("body-{name}"), body);
    }
    let sorts: std::collections::BTreeSet<_> = bodies.iter().map(|(_, body)| sort(body)).collect();
    assert_eq!(sorts.len(), 17, "one of each");

    let (mut sealer, enc) = LinkSealer::new(&kem().public(), &key(9).device(), &mut rng()).expect("a key");
    book.bytes("context-enc", &enc);
    for n in ["one", "two"] {
        book.bytes(&format!("context-frame-{n}"), &sealer.seal(n.as_bytes()).expect("short"));
    }
    if let Some(enc) = book.golden("context-enc") {
        let mut opener = LinkOpener::new(&kem(), &kem().public(), &key(9).device(), &enc).expect("golden");
        for n in ["one", "two"] {
            let sealed = book.golden(&format!("context-frame-{n}")).expect("golden");
            assert_eq!(opener.open(&sealed).expect("opens"), n.as_bytes());
        }
    }
    book.close();
}

#[test]
fn everything_signed_or_sealed_has_its_golden_bytes() {
    let mut book = Book::open("signed.hex", include_str!("signed.hex"));
    let now = Now { mono: 0, wall: TIME };
    book.value("content", &content());
    book.value("content-void", &content().void());
    let signed = Signed::make(&content(), &device());
    book.value("content-signed", &signed);
    book.bytes("content-id", content::id(&signed).bytes());
    let checked = content::check(&signed, &content().conversation, &account(), &device().device());
    assert_eq!(checked, Ok(content()));
    for (name, body) in said() {
        let content = Content::new(place(), &body);
        book.value(&format!("content-{name}"), &content);
        assert_eq!(content.read(), Ok(body), "{name}");
    }
    let kinds = [kind::VOID, kind::TEXT, kind::EDIT, kind::DELETE, kind::REACTION, kind::REPLY, kind::FILE];
    assert_eq!(kinds, [0, 1, 2, 3, 4, 5, 6], "the numbers of kinds are part of the format");

    book.value("prekey", &prekey());
    book.value("prekey-signed", &signed_prekey());
    assert!(prekey::check(&signed_prekey(), &device().device(), now).is_ok());
    book.bytes("prekey-id", kem().public().id().bytes());
    book.value("presence", &presence());
    book.value("presence-signed", &signed_presence());
    assert!(presence::check(&signed_presence(), &device().device(), None, now).is_ok());

    let (first, pin) = first_list();
    book.value("device", &lonely_device());
    book.value("device-list", &first);
    book.value("device-list-second", &second_list());
    book.value("pin", &pin);
    let (second, _) = second_list().sign(&account_key());
    assert!(device_list::check_chain(&account(), None, &[first, second]).is_ok());

    book.value("request", &request());
    book.value("request-delivery", &Request { delivery: Some(token()), ..request() });
    let signed = Signed::make(&request(), &device());
    book.value("request-signed", &signed);
    let checked = request::check(&signed, &account(), &device().device(), &other(), &server().server_key());
    assert_eq!(checked, Ok(request()));

    book.value("letter", &letter());
    let signed = Signed::make(&letter(), &device());
    book.value("letter-signed", &signed);
    assert_eq!(letter::check(&signed, &key(9).device()), Ok(letter()));
    book.bytes("token-hash", token().hash().as_slice());

    book.value("envelope", &envelope());
    if let Some(golden) = book.golden("envelope") {
        let envelope: juice_proto::seal::Envelope = frame::decode(&golden).expect("reads");
        assert_eq!(envelope.open(&kem(), &key(9).device()).expect("opens"), b"for bob");
    }
    let hybrid = KemSecret::from_seed(Suite::XWing, [6; 32]);
    book.bytes("xwing-key-id", hybrid.public().id().bytes());
    book.bytes("account-id", account().bytes());
    book.bytes("conversation-id", ConversationId::between(&account_key().account_key(), &key(7).account_key()).bytes());
    book.close();
}
