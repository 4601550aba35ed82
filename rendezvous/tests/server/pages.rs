//! What a browser or a measuring program gets.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::world::World;

async fn get(socket: SocketAddr, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(socket).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn health_and_metrics_say_how_the_server_is() {
    let world = World::new().await;
    let (_alice, _client) = world.register("alice").await;
    let mut stream = crate::client::tls(world.server().socket(), world.key()).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut page = String::new();
    let _ = stream.read_to_string(&mut page).await;
    for line in [
        "juice_online_users 1",
        "juice_accounts 1",
        "juice_sockets 1",
        "juice_logins_total 1",
        "juice_calls_total{kind=\"register_finish\"} 1",
        "juice_refusals_total{reason=\"slow_down\"} 0",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}

#[tokio::test]
async fn eve_cannot_read_the_metrics_from_elsewhere_without_the_token() {
    let world = World::with(|config| {
        config.behind_proxy = true;
        config.metrics_token = Some("secret".into());
    })
    .await;
    let socket = world.server().socket();
    let ok = |page: &str| page.starts_with("HTTP/1.1 200");
    assert!(ok(&get(socket, "/health", "").await));
    assert!(ok(&get(socket, "/metrics", "").await), "this machine");
    let far = "X-Forwarded-For: 127.0.0.1, 203.0.113.9\r\n";
    assert!(!ok(&get(socket, "/metrics", far).await));
    let wrong = format!("{far}Authorization: Bearer guess\r\n");
    assert!(!ok(&get(socket, "/metrics", &wrong).await));
    let right = format!("{far}Authorization: Bearer secret\r\n");
    assert!(ok(&get(socket, "/metrics", &right).await));
    assert!(!get(socket, "/juice/1", "").await.contains("101 Switching"));
}

#[tokio::test]
async fn the_invite_page_runs_its_own_script_and_nothing_else() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use sha2::{Digest, Sha256};
    let world = World::with(|config| config.behind_proxy = true).await;
    let response = get(world.server().socket(), "/invite", "").await;
    let (head, page) = response.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("default-src 'none'"), "{head}");
    for tag in ["script", "style"] {
        let (_, rest) = page.split_once(&format!("<{tag}>")).unwrap();
        let (text, _) = rest.split_once(&format!("</{tag}>")).unwrap();
        let hash = STANDARD.encode(Sha256::digest(text));
        let source = format!("{tag}-src 'sha256-{hash}'");
        assert!(head.contains(&source), "{source}\n{head}");
    }
    assert!(!page.contains("src="), "no outside resources");
    assert!(!page.contains("http"), "no outside resources");
    assert!(page.contains("lang=\"de\""));
}
