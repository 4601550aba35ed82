//! A server that is as honest as it is told to be, and a proxy.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::{SinkExt, StreamExt};
use juice_proto::{
    frame::{self, MAX_FRAME},
    id::AccountId,
    invite::ServerAddress,
    server::{
        Answer, CHALLENGE_HEADER, Call, ClientFrame, KEY_HEADER, NONCE_HEADER, Nonce, PATH, PROOF_HEADER, Push,
        ServerFrame, SignedWelcome, Welcome, prove_server,
    },
    sign::SecretKey,
};
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
    },
};

/// What stands before an Ed25519 seed in PKCS#8 (RFC 8410, section 7).
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Honest,
    OtherCertificate,
    WrongProof,
    StaleProof,
    OtherKey,
    NoProof,
    Busy,
    PushesFirst,
    Oversized,
    Deaf,
}

pub struct Server {
    port: u16,
    heard: mpsc::Receiver<u32>,
    clients: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn start(manner: Manner) -> Self {
        Self::start_at(0, manner).await
    }

    pub async fn start_at(port: u16, manner: Manner) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seed = if manner == Manner::OtherCertificate { 2 } else { 1 };
        let acceptor = TlsAcceptor::from(Arc::new(tls(&SecretKey::from_seed(&[seed; 32]))));
        let (tell, heard) = mpsc::channel(1_000);
        let (count, clients) = watch::channel(0);
        let count = Arc::new(count);
        let task = tokio::spawn(async move {
            let mut serving = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, tell, count) = (acceptor.clone(), tell.clone(), Arc::clone(&count));
                serving.spawn(async move {
                    count.send_modify(|count| *count += 1);
                    let _ = serve(stream, acceptor, manner, tell).await;
                    count.send_modify(|count| *count -= 1);
                });
            }
        });
        Self { port, heard, clients, task }
    }

    pub fn address(&self) -> ServerAddress {
        ServerAddress { host: "127.0.0.1".into(), port: self.port, key: super::key().server_key() }
    }

    /// The number of the next call that came.
    pub async fn heard(&mut self) -> u32 {
        self.heard.recv().await.unwrap()
    }

    pub async fn clients_gone(&self) {
        let mut clients = self.clients.clone();
        clients.wait_for(|count| *count == 0).await.unwrap();
    }

    /// Ends, with every connection.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

fn tls(key: &SecretKey) -> ServerConfig {
    let mut pkcs8 = PKCS8.to_vec();
    pkcs8.extend_from_slice(key.seed().as_ref());
    let secret = PrivateKeyDer::try_from(pkcs8).unwrap();
    let pair = KeyPair::from_der_and_sign_algo(&secret, &PKCS_ED25519).unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.self_signed(&pair).unwrap();
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], secret)
        .unwrap()
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn serve(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    manner: Manner,
    tell: mpsc::Sender<u32>,
) -> Result<(), Failure> {
    let stream = acceptor.accept(stream).await?;
    let key = super::key();
    let mut nonce = Nonce::default();
    getrandom::fill(&mut nonce)?;
    #[allow(clippy::result_large_err)]
    let upgrade = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        assert_eq!(request.uri().path(), PATH);
        if manner == Manner::Busy {
            let mut busy = ErrorResponse::new(None);
            *busy.status_mut() = tokio_tungstenite::tungstenite::http::StatusCode::SERVICE_UNAVAILABLE;
            return Err(busy);
        }
        let challenge = URL_SAFE_NO_PAD.decode(&request.headers()[CHALLENGE_HEADER]);
        let mut challenge: Nonce = challenge.unwrap().try_into().unwrap();
        if manner == Manner::StaleProof {
            challenge = [0; 32];
        }
        let eve = SecretKey::from_seed(&[66; 32]);
        let prover = if matches!(manner, Manner::WrongProof | Manner::OtherKey) { &eve } else { &key };
        let shown = if manner == Manner::OtherKey { &eve } else { &key };
        let headers = response.headers_mut();
        let mut insert = |name, bytes: &[u8]| {
            headers.insert(name, URL_SAFE_NO_PAD.encode(bytes).try_into().unwrap());
        };
        insert(KEY_HEADER, shown.server_key().bytes());
        insert(NONCE_HEADER, &nonce);
        if manner != Manner::NoProof {
            insert(PROOF_HEADER, &prove_server(prover, &challenge, &nonce));
        }
        Ok(response)
    };
    let mut socket = accept_hdr_async(stream, upgrade).await?;
    if manner == Manner::Deaf {
        std::future::pending::<()>().await;
    }
    while let Some(message) = socket.next().await {
        let Message::Binary(bytes) = message? else {
            continue;
        };
        let frame: ClientFrame = frame::decode(&bytes)?;
        let _ = tell.try_send(frame.number);
        if manner == Manner::PushesFirst {
            socket.send(Message::binary(a_push())).await?;
        }
        if manner == Manner::Oversized {
            let message = Message::binary(vec![0; MAX_FRAME + 1]);
            socket.send(message).await?;
        }
        let answer = match frame.open()? {
            Call::Hello { .. } => {
                let device = SecretKey::from_seed(&[5; 32]).device();
                frame.check(&device, &key.server_key(), &nonce)?;
                let welcome = Welcome { server_ms: 77, ..Welcome::default() };
                Answer::Welcome(SignedWelcome::make(&welcome, &key, &nonce, &frame.call))
            }
            _ => Answer::Done,
        };
        let answer = ServerFrame::Answer(frame.number, Box::new(answer));
        socket.send(Message::binary(frame::encode(&answer))).await?;
    }
    Ok(())
}

pub fn a_push() -> Vec<u8> {
    let push = Push::Gone(AccountId::new([8; 32]));
    frame::encode(&ServerFrame::Push(Box::new(push)))
}

pub fn answer_done(number: u32) -> Vec<u8> {
    frame::encode(&ServerFrame::Answer(number, Box::new(Answer::Done)))
}

/// A proxy that leads everyone to this port, and what it was asked.
pub async fn proxy(to: u16) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let (tell, asked) = mpsc::channel(10);
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        tell.send(String::from_utf8(head).unwrap()).await.unwrap();
        client.write_all(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n").await.unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
        let _ = copy_bidirectional(&mut client, &mut server).await;
    });
    (place, asked)
}
