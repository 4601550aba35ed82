//! What crosses on the streams of a call.

use juice_proto::{
    call::{Shows, Side},
    id::CallId,
    media::{self, Echo, Kind, Layer, MediaHello, MediaKeys, Report, VideoPacket, VideoReport, VoicePacket},
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
        video: None,
    };
    book.value("report", &report);
    let side = Side { held: false, muted: true, recording: false, hosts: true, shows: Shows::Nothing };
    book.value("report-last", &Report { side, leaves: true, ..report });
    book.value("report-first", &Report::default());
    let video = VideoReport { expected: 300, came: 290, bytes: 1 << 20, queued_ms: 40, stuck_after: Some(289) };
    book.value("report-of-video", &Report { video: Some(video), ..report });
    let side = Side { shows: Shows::Screen, ..Side::default() };
    book.value("report-of-who-shows", &Report { side, ..report });
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
    let picture = VideoPacket {
        captured_us: 960,
        layer: Layer::Droppable,
        back: 1,
        width: 640,
        height: 480,
        data: vec![1, 2, 3],
    };
    book.bytes("video", &media::video_stream(&keys(true), &call, 5, &picture).unwrap());
    if let Some(mut golden) = book.golden("video") {
        let (mark, packet) = media::of_video_stream(&mut golden).unwrap();
        assert!(mark.is_of(&call));
        let (kind, number, plain) = keys(false).open(packet).unwrap();
        assert_eq!((kind, number, VideoPacket::parse(&plain)), (Kind::Video, 5, Ok(picture)));
    }
    book.close();
}
