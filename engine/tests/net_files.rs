//! Streams for files between two nets: eight that a peer opened are served, the rest is reset.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests' own helpers")]

use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt, future::join_all};
use juice_engine::net::{Limits, Listen, Net, NetConfig, NetNews, PeerStream, Room};
use juice_proto::{id::DeviceId, sign::SecretKey};
use tokio::{sync::mpsc, time::timeout};

const PATIENCE: Duration = Duration::from_secs(30);

async fn net(seed: u8) -> (Net, mpsc::Receiver<NetNews>, Vec<String>, DeviceId) {
    let (told, mut news) = mpsc::channel(256);
    let device = SecretKey::from_seed(&[seed; 32]);
    let id = device.device();
    let config = NetConfig { device, listen: Listen::Loopback, limits: Limits::default() };
    let net = Net::start(config, told).await.unwrap();
    let addresses = loop {
        if let NetNews::Addresses { addresses, .. } = timeout(PATIENCE, news.recv()).await.unwrap().unwrap() {
            break addresses;
        }
    };
    (net, news, addresses, id)
}

async fn until_linked(news: &mut mpsc::Receiver<NetNews>) {
    loop {
        if let NetNews::LinkUp { .. } = timeout(PATIENCE, news.recv()).await.unwrap().unwrap() {
            return;
        }
    }
}

/// Whether a byte comes back.
async fn echoes(stream: &mut PeerStream) -> bool {
    if stream.write_all(&[7]).await.is_err() || stream.flush().await.is_err() {
        return false;
    }
    let mut byte = [0];
    matches!(timeout(PATIENCE, stream.read(&mut byte)).await.unwrap(), Ok(1)) && byte == [7]
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_streams_eight_are_served_and_the_rest_is_reset() {
    let (mut alice, mut alice_news, addresses, alice_id) = net(1).await;
    let (eve, mut eve_news, _, eve_id) = net(2).await;
    let mut accepted = alice.accepted(Room::Files).unwrap();
    assert!(alice.accepted(Room::Files).is_none(), "one taker");
    let nobody = SecretKey::from_seed(&[9; 32]).device();
    assert!(eve.door(Room::Files).open(nobody).await.is_none(), "no connection, no stream");
    eve.dial(alice_id, addresses, false);
    until_linked(&mut alice_news).await;
    until_linked(&mut eve_news).await;

    // Alice answers every stream that reaches her, and keeps it.
    let answering = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(Some(mut stream)) = timeout(Duration::from_secs(3), accepted.recv()).await {
            assert_eq!(stream.device, eve_id);
            held.push(tokio::spawn(async move {
                let mut byte = [0];
                if stream.read_exact(&mut byte).await.is_ok() {
                    let _ = stream.write_all(&byte).await;
                    let _ = stream.flush().await;
                }
                // Kept until the end of the test.
                tokio::time::sleep(PATIENCE).await;
                drop(stream);
            }));
        }
        let count = held.len();
        held.iter().for_each(tokio::task::JoinHandle::abort);
        count
    });
    let mut served = Vec::new();
    let mut opened = 0;
    for _ in 0..20 {
        let door = eve.door(Room::Files);
        let streams = join_all((0..50).map(|_| door.open(alice_id))).await;
        for mut stream in streams.into_iter().flatten() {
            opened += 1;
            if echoes(&mut stream).await {
                served.push(stream);
            }
        }
    }
    assert!(opened > 500, "{opened} streams could be opened at all");
    assert_eq!(served.len(), 8);
    assert_eq!(answering.await.unwrap(), 8, "no more than these ever reached whoever reads them");
    drop(served);
    tokio::join!(alice.stop(), eve.stop());
}
