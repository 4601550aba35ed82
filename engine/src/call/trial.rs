//! Trials of what comes in for a call: streams over memory, packets of friends and of Eve.

use std::{sync::Arc, time::Duration};

use futures::{AsyncReadExt, AsyncWriteExt};
use juice_proto::{
    frame,
    id::{AccountId, CallId, DeviceId},
    media::{self, Kind, MediaHello, MediaKeys, VoicePacket},
    view::Event,
};
use tokio::{sync::mpsc, time::timeout};
use tokio_util::compat::TokioAsyncReadCompatExt;

use super::{
    CallNews,
    arrivals::Arrivals,
    group::Group,
    inbox::Inbox,
    talk::{Talk, Ways, With},
    video::{Gallery, Screens},
};
use crate::{
    audio::{DeviceChoice, Setup, Sink, Source},
    net::{Door, Malformed, PeerStream},
    video::{CodedFrame, Encoder, H264Encoder, Hint, Picture, Rate, Size},
};

fn the_call() -> CallId {
    CallId::new([7; 32])
}

/// Bob's side of a call with Alice, whose streams the test makes.
struct Trial {
    arrivals: Arrivals,
    accept: mpsc::Sender<PeerStream>,
    accept_pictures: mpsc::Sender<PeerStream>,
    screens: Screens,
    group: Option<Group>,
    news: mpsc::Receiver<CallNews>,
    alices: MediaKeys,
}

impl Trial {
    fn new() -> Self {
        let (door, _knocks) = Door::to_nowhere();
        let (accept, accepted) = mpsc::channel(8);
        let (told, news) = mpsc::channel(64);
        let (accept_pictures, accepted_pictures) = mpsc::channel(8);
        let (arrivals, gallery, screens) = (Arrivals::default(), Gallery::default(), Screens::default());
        tokio::spawn(arrivals.clone().run(accepted, door.clone()));
        tokio::spawn(gallery.clone().run(accepted_pictures, door.clone()));
        let keys = |placed| MediaKeys::derive(&the_call(), placed, &[1; 32], &[2; 32]);
        let setup = Setup {
            microphone: DeviceChoice::Synthetic(Source::Silence),
            speaker: DeviceChoice::Synthetic(Sink::Nothing),
            ..Setup::default()
        };
        let with = With { call: the_call(), device: device(1), keys: keys(false), relayed: false };
        let ways = Ways { sound: door.clone(), pictures: door };
        let talk = Talk::new(with, ways, screens.clone(), told.clone());
        arrivals.expect(the_call(), device(1), talk.inbox());
        gallery.expect(the_call(), device(1), talk.seen());
        let group = Group::new(AccountId::new([3; 32]), told);
        group.enter(talk, setup);
        Self { arrivals, accept, accept_pictures, screens, group: Some(group), news, alices: keys(true) }
    }

    fn inbox(&self) -> Arc<Inbox> {
        Arc::clone(self.group.as_ref().unwrap().talk(&the_call()).unwrap().inbox())
    }

    /// Opens a stream from a device, says what it is for, and writes this.
    async fn stream(&self, from: DeviceId, call: CallId, packets: &[Vec<u8>]) -> PeerStream {
        let (near, far) = tokio::io::duplex(64 * 1024);
        self.accept.send(PeerStream::over(from, far.compat())).await.unwrap();
        let mut near = PeerStream::over(from, near.compat());
        let hello = frame::encode(&MediaHello { call, lane: 0 });
        near.write_all(&frame::header(hello.len()).unwrap()).await.unwrap();
        near.write_all(&hello).await.unwrap();
        for packet in packets {
            let _ = near.write_all(packet).await;
        }
        near
    }

    /// Opens a stream from a device with a picture on it.
    async fn show(&self, from: DeviceId, stream: &[u8]) {
        let (near, far) = tokio::io::duplex(256 * 1024);
        self.accept_pictures.send(PeerStream::over(from, far.compat())).await.unwrap();
        let mut near = PeerStream::over(from, near.compat());
        near.write_all(stream).await.unwrap();
        near.close().await.unwrap();
        // Closed there, it has been taken.
        let _ = timeout(Duration::from_secs(1), near.read(&mut [0])).await;
    }

    async fn seen(&self) -> bool {
        self.screens.next(&the_call().to_string(), None).await.is_some()
    }

    async fn heard(&mut self) -> bool {
        let heard = async {
            loop {
                match self.news.recv().await {
                    Some(CallNews::Heard(_)) => return true,
                    Some(_) => {}
                    None => return false,
                }
            }
        };
        timeout(Duration::from_millis(500), heard).await.unwrap_or(false)
    }
}

fn device(n: u8) -> DeviceId {
    DeviceId::new([n; 32])
}

fn voice(keys: &MediaKeys, number: u64) -> Vec<u8> {
    let captured = u32::try_from(number).unwrap() * 960;
    keys.seal(Kind::Voice, number, &VoicePacket { captured, opus: vec![0xfc, 0xff, 0xfe] }.to_bytes()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_of_the_call_is_heard() {
    let mut trial = Trial::new();
    let _stream = trial.stream(device(1), the_call(), &[voice(&trial.alices, 0)]).await;
    assert!(trial.heard().await);
    assert_eq!(trial.inbox().refused(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_of_a_finished_call_is_never_heard() {
    let mut trial = Trial::new();
    let mut stream = trial.stream(device(1), the_call(), &[voice(&trial.alices, 0)]).await;
    assert!(trial.heard().await);
    let inbox = Arc::downgrade(&trial.inbox());
    trial.group = None;
    // What is still on its way, and what a stream opened too late brings.
    let _ = stream.write_all(&voice(&trial.alices, 1)).await;
    let _late = trial.stream(device(1), the_call(), &[voice(&trial.alices, 2)]).await;
    assert!(!trial.heard().await);
    assert!(inbox.upgrade().is_none(), "nothing is left that could take it");

    // Nor does the next call with the same buddy take it: its keys and its id are others.
    let other = CallId::new([8; 32]);
    let next = Trial::new();
    next.arrivals.expect(other, device(1), &next.inbox());
    let keys = MediaKeys::derive(&other, true, &[1; 32], &[2; 32]);
    let _stream = next.stream(device(1), the_call(), &[voice(&keys, 0)]).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(next.inbox().refused(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn eve_cannot_speak_in_a_call() {
    let mut trial = Trial::new();
    // From a device of her own, with the call's id, which she may have seen.
    let _hers = trial.stream(device(66), the_call(), &[voice(&trial.alices, 0)]).await;
    assert!(!trial.heard().await, "her device is not in the call");
    // On Alice's own stream, with keys of her own, garbage, and what was there before.
    let eves = MediaKeys::derive(&the_call(), true, &[6; 32], &[6; 32]);
    let mut garbage = voice(&trial.alices, 5);
    garbage[20] ^= 1;
    let packets = [voice(&eves, 1), garbage, voice(&trial.alices, 9), voice(&trial.alices, 9), voice(&trial.alices, 9)];
    let _stream = trial.stream(device(1), the_call(), &packets).await;
    assert!(trial.heard().await, "what is Alice's is heard");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(trial.inbox().refused(), 4, "another key, a bent byte, and twice the same again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_datagram_is_heard_if_it_is_of_this_call_and_this_device() {
    let mut trial = Trial::new();
    let other = CallId::new([8; 32]);
    let of = |call: &CallId, number: u64| media::datagram(call, &voice(&trial.alices, number));
    let (right, again) = (of(&the_call(), 3), of(&the_call(), 3));
    let strange = [(device(66), of(&the_call(), 0)), (device(1), of(&other, 1)), (device(1), vec![1, 2, 3])];
    for (from, datagram) in strange {
        assert_eq!(trial.arrivals.catch(from, &datagram), Ok(()), "dropped, and no more than that");
    }
    assert!(!trial.heard().await, "of another device, of another call, for something unknown");
    assert_eq!(trial.inbox().refused(), 0, "it never came as far as the seal");
    for malformed in [vec![], vec![0; 9], vec![0; 33], vec![0; 2_000]] {
        assert_eq!(trial.arrivals.catch(device(1), &malformed), Err(Malformed), "{} bytes", malformed.len());
    }
    let mut bent = right.clone();
    bent[30] ^= 1;
    for datagram in [bent, right, again] {
        assert_eq!(trial.arrivals.catch(device(1), &datagram), Ok(()));
    }
    assert!(trial.heard().await, "what is Alice's is heard");
    assert_eq!(trial.inbox().refused(), 2, "a bent byte, and the same again");
    trial.group = None;
    assert_eq!(trial.arrivals.catch(device(1), &of_late(&trial.alices)), Ok(()), "when the call is over, nothing");
}

fn of_late(keys: &MediaKeys) -> Vec<u8> {
    media::datagram(&the_call(), &voice(keys, 4))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_that_overtakes_its_answer_waits_for_it() {
    let mut trial = Trial::new();
    let early = CallId::new([9; 32]);
    let keys = MediaKeys::derive(&the_call(), true, &[1; 32], &[2; 32]);
    let _stream = trial.stream(device(1), early, &[voice(&keys, 0)]).await;
    assert!(!trial.heard().await, "no such call yet");
    trial.arrivals.expect(early, device(1), &trial.inbox());
    assert!(trial.heard().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_that_is_opus_to_nobody_is_no_more_than_a_gap() {
    let mut trial = Trial::new();
    let garbage = |number: u64| {
        let opus = (0..200).map(|n| u8::try_from((u64::from(n as u8) * 37 + number * 101) % 256).unwrap()).collect();
        trial.alices.seal(Kind::Voice, number, &VoicePacket { captured: 0, opus }.to_bytes()).unwrap()
    };
    let packets: Vec<_> = (0..50).map(garbage).collect();
    let _stream = trial.stream(device(1), the_call(), &packets).await;
    assert!(trial.heard().await);
    let _more = trial.stream(device(1), the_call(), &[voice(&trial.alices, 60)]).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(trial.inbox().refused(), 0, "it was sealed well; the decoder makes nothing of it, and lives");
}

/// A keyframe of the test picture, as the stream that brings it.
fn picture(keys: &MediaKeys, call: &CallId, number: u64) -> Vec<u8> {
    let frame = keyframe();
    let packet = media::VideoPacket {
        captured_us: frame.captured,
        layer: media::Layer::Key,
        back: 0,
        width: frame.width,
        height: frame.height,
        data: frame.data,
    };
    media::video_stream(keys, call, number, &packet).unwrap()
}

fn keyframe() -> CodedFrame {
    let picture = Picture::filled(Size::VGA, 0, [90, 100, 110]);
    let mut encoder = H264Encoder::new(Hint::Camera, Rate { bits: 500_000, frames: 30 });
    encoder.encode(&picture, Size::VGA).unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn eve_is_not_seen_in_a_call_and_nothing_is_after_it() {
    let mut trial = Trial::new();
    let eves = MediaKeys::derive(&the_call(), true, &[6; 32], &[6; 32]);
    trial.show(device(66), &picture(&trial.alices, &the_call(), 0)).await;
    trial.show(device(1), &picture(&eves, &the_call(), 1)).await;
    trial.show(device(1), &picture(&trial.alices, &CallId::new([8; 32]), 2)).await;
    let mut bent = picture(&trial.alices, &the_call(), 3);
    bent[40] ^= 1;
    trial.show(device(1), &bent).await;
    for garbage in [vec![0; 9], vec![7; 100_000]] {
        trial.show(device(1), &garbage).await;
    }
    assert!(!trial.seen().await, "of another device, key or call, bent, or garbage");
    trial.show(device(1), &picture(&trial.alices, &the_call(), 4)).await;
    assert!(trial.seen().await, "what is Alice's is seen");
    trial.show(device(1), &picture(&trial.alices, &the_call(), u64::MAX)).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(trial.seen().await, "a number beyond all numbers does no harm to the reports");
    trial.group = None;
    tokio::time::sleep(Duration::from_millis(900)).await;
    trial.show(device(1), &picture(&trial.alices, &the_call(), 5)).await;
    assert!(!trial.seen().await, "the call is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_outlives_a_hold() {
    let folder = std::env::temp_dir().join(format!("juice-trial-{}", std::process::id()));
    let mut trial = Trial::new();
    let group = trial.group.take().unwrap();
    let setup = || Setup {
        microphone: DeviceChoice::Synthetic(Source::Silence),
        speaker: DeviceChoice::Synthetic(Sink::Nothing),
        ..Setup::default()
    };
    group.record(&folder);
    for held in [true, false, true] {
        tokio::time::sleep(Duration::from_millis(300)).await;
        group.pause(&the_call(), held, setup());
    }
    let mut recorded = async || {
        let told = async {
            loop {
                match trial.news.recv().await {
                    Some(CallNews::Tell(event)) if matches!(*event, Event::CallRecorded { .. }) => return true,
                    Some(_) => {}
                    None => return false,
                }
            }
        };
        timeout(Duration::from_millis(1_000), told).await.unwrap_or(false)
    };
    assert!(!recorded().await, "it has ended with the hold, and the other side is told that it goes on");
    group.stop_recording();
    assert!(recorded().await);
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(files.len(), 1, "{files:?}");
    std::fs::remove_dir_all(folder).unwrap();
}
