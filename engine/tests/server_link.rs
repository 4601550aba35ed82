//! The link to the server: who is taken for it, by which ways it is reached, and how it comes back.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets what it does not expect has failed"
)]

#[path = "server_link/server.rs"]
mod server;

use std::time::{Duration, Instant};

use juice_engine::server_link::{ConnectError, Connection, Full, Proxies, ServerLink, ServerNews, Way};
use juice_proto::{
    frame::{self, MAX_FRAME},
    id::AccountId,
    server::{Answer, Call, ClientFrame, Welcome},
    sign::SecretKey,
};
use tokio::{sync::mpsc, time::timeout};

use crate::server::{Manner, Server, proxy};

const PATIENCE: Duration = Duration::from_secs(20);

fn key() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

async fn next(news: &mut mpsc::Receiver<ServerNews>) -> ServerNews {
    timeout(PATIENCE, news.recv()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_server_with_the_pinned_key_is_accepted() {
    let server = Server::start(Manner::Honest).await;
    let started = Instant::now();
    let mut connection = Connection::open(&server.address()).await.unwrap();
    eprintln!("connected after {:?}", started.elapsed());
    assert_eq!(connection.way(), &Way::Direct(server.address().port));
    assert_eq!(connection.last_number(), 0);
    let answered = connection.call(&Call::Goodbye, None).await.unwrap();
    assert_eq!(answered.answer, Answer::Done);
    assert_eq!(connection.last_number(), 1);
}

#[tokio::test]
async fn another_certificate_is_an_impostor() {
    let server = Server::start(Manner::OtherCertificate).await;
    let refused = Connection::open(&server.address()).await;
    assert_eq!(refused.unwrap_err(), ConnectError::Impostor);
}

#[tokio::test]
async fn the_right_certificate_with_another_ones_proof_is_an_impostor() {
    for manner in [Manner::WrongProof, Manner::StaleProof, Manner::OtherKey, Manner::NoProof] {
        let server = Server::start(manner).await;
        let refused = Connection::open(&server.address()).await;
        assert_eq!(refused.unwrap_err(), ConnectError::Impostor, "{manner:?}");
    }
}

#[tokio::test]
async fn a_status_is_told() {
    let server = Server::start(Manner::Busy).await;
    let refused = Connection::open(&server.address()).await;
    assert_eq!(refused.unwrap_err(), ConnectError::Refused(503));
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let server = Server::start(Manner::Honest).await;
    let address = server.address();
    server.stop().await;
    let failed = Connection::open_by(&address, &Proxies::default()).await;
    assert_eq!(failed.unwrap_err(), ConnectError::Unreachable);
}

#[tokio::test]
async fn a_welcome_counts_only_as_the_answer_to_its_call() {
    let server = Server::start(Manner::Honest).await;
    let device = SecretKey::from_seed(&[5; 32]);
    let mut connection = Connection::open(&server.address()).await.unwrap();
    let hello = Call::Hello { account: AccountId::new([3; 32]), since_ms: 0, presence: None, prekey: None };
    let answered = connection.call(&hello, Some(&device)).await.unwrap();
    let welcome = Welcome { server_ms: 77, ..Welcome::default() };
    assert_eq!(connection.welcome(&answered), Ok(welcome));
    let elsewhere = Connection::open(&server.address()).await.unwrap();
    assert!(elsewhere.welcome(&answered).is_err(), "a welcome is good on its connection alone");
    let other = connection.call(&Call::Goodbye, None).await.unwrap();
    assert!(connection.welcome(&other).is_err());
}

#[tokio::test]
async fn an_adopted_connection_goes_on_with_what_was_pushed() {
    let server = Server::start(Manner::PushesFirst).await;
    let mut connection = Connection::open(&server.address()).await.unwrap();
    let nonce = connection.nonce();
    let way = connection.way().clone();
    connection.call(&Call::Goodbye, None).await.unwrap();
    let (sender, mut news) = mpsc::channel(16);
    let link = ServerLink::adopt(connection, server.address(), sender);
    assert_eq!(next(&mut news).await, ServerNews::Up { nonce, way });
    assert_eq!(next(&mut news).await, ServerNews::Frame(server::a_push()), "it came before the answer");
    link.send(call(2)).unwrap();
    assert_eq!(next(&mut news).await, ServerNews::Frame(server::a_push()));
    assert_eq!(next(&mut news).await, ServerNews::Frame(server::answer_done(2)));
}

fn call(number: u32) -> Vec<u8> {
    frame::encode(&ClientFrame::plain(number, &Call::Goodbye))
}

#[tokio::test]
async fn the_link_comes_back_after_the_server_went_away() {
    let server = Server::start(Manner::Honest).await;
    let address = server.address();
    let (sender, mut news) = mpsc::channel(16);
    let link = ServerLink::start(address.clone(), sender);
    let ServerNews::Up { nonce: first, .. } = next(&mut news).await else { panic!("no link") };
    link.send(call(1)).unwrap();
    assert_eq!(next(&mut news).await, ServerNews::Frame(server::answer_done(1)));
    server.stop().await;
    let down = |attempt, why| ServerNews::Down { attempt, why };
    assert_eq!(next(&mut news).await, down(1, ConnectError::Lost));
    assert_eq!(next(&mut news).await, down(2, ConnectError::Unreachable));
    link.send(call(2)).unwrap();
    let server = Server::start_at(address.port, Manner::Honest).await;
    link.retry_now();
    loop {
        match next(&mut news).await {
            ServerNews::Up { nonce, .. } => {
                assert_ne!(nonce, first);
                break;
            }
            ServerNews::Down { .. } => link.retry_now(),
            ServerNews::Frame(frame) => panic!("{frame:?}"),
        }
    }
    link.send(call(3)).unwrap();
    assert_eq!(
        next(&mut news).await,
        ServerNews::Frame(server::answer_done(3)),
        "what was sent while there was no connection is gone"
    );
    drop(server);
}

#[tokio::test]
async fn a_closed_link_stays_down_until_it_may_come_back() {
    let server = Server::start(Manner::Honest).await;
    let (sender, mut news) = mpsc::channel(16);
    let link = ServerLink::start(server.address(), sender);
    assert!(matches!(next(&mut news).await, ServerNews::Up { .. }));
    link.close(false);
    server.clients_gone().await;
    assert!(news.try_recv().is_err(), "its driver knows");
    link.retry_now();
    assert!(matches!(next(&mut news).await, ServerNews::Up { .. }));
    link.close(true);
    assert!(matches!(next(&mut news).await, ServerNews::Down { attempt: 1, .. }));
    assert!(matches!(next(&mut news).await, ServerNews::Up { .. }));
}

#[tokio::test]
async fn what_was_sent_before_the_stop_reaches_the_server() {
    let mut server = Server::start(Manner::Honest).await;
    let (sender, mut news) = mpsc::channel(16);
    let link = ServerLink::start(server.address(), sender);
    assert!(matches!(next(&mut news).await, ServerNews::Up { .. }));
    for number in 1..=100 {
        link.send(call(number)).unwrap();
    }
    let started = Instant::now();
    link.stop().await;
    assert!(started.elapsed() < Duration::from_millis(600));
    for number in 1..=100 {
        assert_eq!(server.heard().await, number);
    }
}

#[tokio::test]
async fn a_frame_above_the_limit_ends_the_connection() {
    let server = Server::start(Manner::Oversized).await;
    let (sender, mut news) = mpsc::channel(16);
    let link = ServerLink::start(server.address(), sender);
    assert!(matches!(next(&mut news).await, ServerNews::Up { .. }));
    link.send(call(1)).unwrap();
    assert!(matches!(next(&mut news).await, ServerNews::Down { attempt: 1, why: ConnectError::Lost }));
}

#[tokio::test]
async fn a_server_that_does_not_read_fills_the_queue_and_no_more() {
    let server = Server::start(Manner::Deaf).await;
    let (sender, mut news) = mpsc::channel(16);
    let link = ServerLink::start(server.address(), sender);
    assert!(matches!(next(&mut news).await, ServerNews::Up { .. }));
    let mut sent = 0;
    while link.send(vec![0; MAX_FRAME]) != Err(Full) {
        sent += 1;
        assert!(sent < 10_000, "memory is bounded");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn where_nothing_else_gets_through_the_proxy_does() {
    let server = Server::start(Manner::Honest).await;
    let (place, mut asked) = proxy(server.address().port).await;
    // Nobody listens on port 1; the proxy leads to the server whatever it is asked for.
    let mut address = server.address();
    address.port = 1;
    let proxies = Proxies::new(&format!("http://alice:secret@{place}"), "");
    let mut connection = Connection::open_by(&address, &proxies).await.unwrap();
    assert_eq!(connection.way(), &Way::Proxy(place));
    let request = asked.recv().await.unwrap();
    assert!(request.starts_with("CONNECT 127.0.0.1:1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nProxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n"), "{request}");
    let answered = connection.call(&Call::Goodbye, None).await.unwrap();
    assert_eq!(answered.answer, Answer::Done);
}
