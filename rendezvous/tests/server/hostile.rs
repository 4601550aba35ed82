//! What a hostile client sends, and that nobody else feels it.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use juice_proto::{
    frame::MAX_FRAME,
    server::{Call, Refusal},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};

use crate::{
    client::{Client, PATIENCE, tls},
    world::World,
};

async fn is_refused(client: &mut Client, message: Message) {
    client.socket.send(message).await.unwrap();
    assert_eq!(client.turned_away().await, Some(Refusal::BadRequest));
}

#[tokio::test]
async fn bytes_that_are_no_frame_are_refused_and_nobody_else_notices() {
    let world = World::new().await;
    let (_bob, mut at_bob) = world.register("bob").await;
    let garbage = vec![0x9b, 0x80, 0, 0, 0, 0, 0, 0, 0];
    for message in [
        Message::Binary(Vec::new().into()),
        Message::Binary(garbage.into()),
        Message::Binary(vec![0xff; MAX_FRAME].into()),
        Message::Text("Hello?".into()),
    ] {
        let mut eve = world.connect().await;
        is_refused(&mut eve, message).await;
    }
    assert!(at_bob.pushed().await.is_empty());
}

#[tokio::test]
async fn a_frame_too_long_is_refused_before_it_is_read() {
    let world = World::new().await;
    let mut eve = world.connect().await;
    let too_long = vec![0; MAX_FRAME + 1];
    is_refused(&mut eve, Message::Binary(too_long.into())).await;

    // 2^63 bytes announced, none sent.
    let mut eve = world.connect().await;
    let header = [0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    let stream = eve.socket.get_mut();
    stream.write_all(&header).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(eve.turned_away().await, Some(Refusal::BadRequest));
}

#[tokio::test]
async fn a_call_of_unknown_kind_or_with_a_field_of_the_wrong_type_is_refused() {
    let world = World::new().await;
    for call in [
        vec![0x81, 0x18, 0x63],       // [99]
        vec![0x82, 0x0c, 0x41, 0x00], // Accept with an id of one byte
        Vec::new(),
    ] {
        let mut eve = world.connect().await;
        let frame = juice_proto::server::ClientFrame { number: 1, call: call.into(), proof: None };
        eve.send(&frame).await;
        assert_eq!(eve.turned_away().await, Some(Refusal::BadRequest));
    }
}

#[tokio::test]
async fn whoever_says_nothing_or_a_byte_at_a_time_is_closed_in_time() {
    let limit = Duration::from_millis(400);
    let world = World::with(|config| {
        config.timing.first_call = limit;
        config.timing.handshake = limit;
    })
    .await;
    let socket = world.server().socket();

    // A frame, byte by byte.
    let mut eve = world.connect().await;
    let drip = async {
        for byte in [0x82, 0xfe, 0x01, 0x00, 0, 0, 0, 0].into_iter().chain([0; 256]) {
            let stream = eve.socket.get_mut();
            if stream.write_all(&[byte]).await.is_err() || stream.flush().await.is_err() {
                break;
            }
            sleep(limit / 8).await;
            if let Ok(Some(message)) = timeout(Duration::from_millis(1), eve.socket.next()).await {
                let Ok(Message::Close(Some(close))) = message else {
                    panic!("{message:?}");
                };
                assert_eq!(close.code, CloseCode::Policy);
                assert_eq!(close.reason.as_str(), "ReadTimeout");
                return;
            }
        }
        panic!("never closed");
    };
    timeout(PATIENCE, drip).await.unwrap();

    // No TLS at all, and TLS but no request.
    let mut silent = TcpStream::connect(socket).await.unwrap();
    let mut bytes = Vec::new();
    let ended = timeout(PATIENCE, silent.read_to_end(&mut bytes)).await;
    ended.expect("closed in time").unwrap();
    let mut silent = tls(socket, world.key()).await.unwrap();
    silent.write_all(b"GET / HT").await.unwrap();
    let ended = timeout(PATIENCE, silent.read_to_end(&mut bytes)).await;
    let _ = ended.expect("closed in time");

    // A first call, and then no session.
    let world = World::with(|config| config.timing.session = limit).await;
    let mut eve = world.connect().await;
    assert_eq!(eve.refused(&Call::Goodbye).await, Refusal::NoSession);
    timeout(PATIENCE, eve.ended()).await.unwrap();
}

#[tokio::test]
async fn who_does_not_answer_pings_is_gone() {
    let world = World::with(|config| {
        config.timing.ping = Duration::from_millis(100);
        config.timing.grace = Duration::ZERO;
    })
    .await;
    let ((_alice, mut at_alice), (bob, at_bob)) = world.buddies().await;
    // Alice reads and so answers; Bob's socket is open, but nobody reads it.
    let push = at_alice.push().await;
    assert_eq!(crate::world::seen(&push, &bob.id), Some(false));
    assert_eq!(world.server().online(), 1);
    drop(at_bob);
}

#[tokio::test]
async fn a_slow_handshake_does_not_delay_another() {
    let world = World::new().await;
    let mut slow = Vec::new();
    for _ in 0..50 {
        slow.push(TcpStream::connect(world.server().socket()).await.unwrap());
    }
    timeout(Duration::from_secs(5), world.register("alice")).await.expect("alice gets in at once");
}

#[tokio::test]
async fn fields_over_their_limits_are_refused() {
    let world = World::new().await;
    let (alice, mut client) = world.register("alice").await;
    let (bob, _at_bob) = world.register("bob").await;
    let mut rng = <rand_chacha::ChaCha20Rng as rand_core::SeedableRng>::from_seed([1; 32]);
    let suite = juice_proto::seal::Suite::X25519;
    let key = juice_proto::seal::KemSecret::random(suite, &mut rng).public();
    let long = juice_proto::seal::Envelope::seal(&[0; 9000], &key, &bob.device.device(), &mut rng);
    let ask = Call::Ask { to: bob.id, envelope: long.unwrap() };
    assert_eq!(client.refused(&ask).await, Refusal::BadRequest);
    client.ended().await;
    drop(alice);
}
