//! What crosses on the streams of a call.

use juice_proto::{
    call::Side,
    id::CallId,
    media::{self, Echo, Kind, MediaHello, MediaKeys, Report, VoicePacket},
};

use crate::book::Book;

#[test]
fn every_packet_of_a_call_has_its_golden_bytes() {
    let mut book = Book::open("media.hex", include_str!("media.hex"));
    let call = CallId::new([20; 32]);
    book.value("hello", &MediaHello { call, lane: 7 });
    let report = Report {
        expected: 1_000,
        in_time: 950,
        jitter_ms: 12,
        delay_ms: 40,
        said_ms: u32::MAX,
        echo: Some(Echo { said_ms: 7, held_ms: 250 }),
        side: Side::default(),
        leaves: false,
    };
    book.value("report", &report);
    let side = Side { held: false, muted: true, recording: false, hosts: true };
    book.value("report-last", &Report { side, leaves: true, ..report });
    book.value("report-first", &Report::default());
    let voice = VoicePacket { captured: 960, opus: vec![1, 2, 3] }.to_bytes();
    book.bytes("voice", &voice);
    let keys = |placed| MediaKeys::derive(&call, placed, &[21; 32], &[22; 32]);
    for (name, placed, kind) in [
        ("voice-caller", true, Kind::Voice),
        ("voice-callee", false, Kind::Voice),
        ("report-caller", true, Kind::Report),
    ] {
        let packet = keys(placed).seal(kind, 5, &voice).unwrap();
        book.bytes(&format!("sealed-{name}"), &packet);
        if let Some(golden) = book.golden(&format!("sealed-{name}")) {
            assert_eq!(keys(!placed).open(&mut golden[2..].to_vec()), Ok((kind, 5, voice.clone())));
        }
    }
    let packet = keys(true).seal(Kind::Voice, 5, &voice).unwrap();
    book.bytes("datagram", &media::datagram(&call, &packet));
    if let Some(golden) = book.golden("datagram") {
        let (mark, inside) = media::of_datagram(&golden).unwrap().unwrap();
        assert!(mark.is_of(&call) && *inside == packet[2..]);
    }
    book.close();
}
