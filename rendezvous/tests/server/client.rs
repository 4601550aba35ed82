//! A client of one connection: calls, answers, pushes, and nothing that it remembers.

use std::{collections::VecDeque, net::SocketAddr, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::{SinkExt, StreamExt};
use juice_proto::{
    frame,
    id::ServerKey,
    server::{
        Answer, CHALLENGE_HEADER, Call, ClientFrame, KEY_HEADER, NONCE_HEADER, Nonce, PATH, PROOF_HEADER, Push,
        Refusal, ServerFrame, Welcome, check_server,
    },
    sign::SecretKey,
};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest},
};

/// Longer than anything here takes, shorter than a person waits.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Takes the one certificate that holds the server's key.
#[derive(Debug)]
struct Pinned(ServerKey);

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let held = certificate.windows(32).any(|part| part == self.0.bytes().as_slice());
        if held {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::General("another certificate".into()))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

/// TLS to the server whose key this is.
pub async fn tls(socket: SocketAddr, server: ServerKey) -> std::io::Result<TlsStream<TcpStream>> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned(server)))
        .with_no_client_auth();
    let stream = TcpStream::connect(socket).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// One connection.
pub struct Client {
    pub server: ServerKey,
    pub nonce: Nonce,
    pub socket: WebSocketStream<TlsStream<TcpStream>>,
    calls: u32,
    pushes: VecDeque<Push>,
    /// The bytes of the last frame that came.
    pub last_frame: usize,
}

impl Client {
    /// Connects, and checks that the server is who it should be.
    pub async fn connect(socket: SocketAddr, server: ServerKey) -> Self {
        let stream = tls(socket, server).await.unwrap();
        let mut request = format!("wss://localhost{PATH}").into_client_request().unwrap();
        let challenge = [7; 32];
        let header = URL_SAFE_NO_PAD.encode(challenge).parse().unwrap();
        request.headers_mut().insert(CHALLENGE_HEADER, header);
        let (socket, response) = client_async(request, stream).await.unwrap();
        let header = |name: &str| URL_SAFE_NO_PAD.decode(response.headers()[name].as_bytes()).unwrap();
        let nonce: Nonce = header(NONCE_HEADER).try_into().unwrap();
        assert_eq!(header(KEY_HEADER), server.bytes());
        let proof = header(PROOF_HEADER).try_into().unwrap();
        check_server(&server, &challenge, &nonce, &proof).unwrap();
        Self { server, nonce, socket, calls: 0, pushes: VecDeque::new(), last_frame: 0 }
    }

    /// Sends a frame as it is.
    pub async fn send(&mut self, frame: &ClientFrame) {
        let bytes = frame::encode(frame);
        self.socket.send(Message::Binary(bytes.into())).await.unwrap();
    }

    async fn receive(&mut self) -> Option<ServerFrame> {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("the server says something in time")?;
            match message {
                Ok(Message::Binary(bytes)) => {
                    self.last_frame = bytes.len();
                    return Some(frame::decode(&bytes).unwrap());
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    async fn answer(&mut self, frame: ClientFrame) -> Answer {
        self.send(&frame).await;
        self.answer_to(frame.number).await
    }

    /// Waits for the answer to a call, and keeps the pushes that come before it.
    pub async fn answer_to(&mut self, number: u32) -> Answer {
        loop {
            match self.receive().await.expect("an answer, not the end") {
                ServerFrame::Answer(of, answer) => {
                    assert_eq!(of, number, "the answer repeats the call's number");
                    return *answer;
                }
                ServerFrame::Push(push) => self.pushes.push_back(*push),
            }
        }
    }

    fn number(&mut self) -> u32 {
        self.calls += 1;
        self.calls
    }

    /// A call that needs no proof.
    pub async fn call(&mut self, call: &Call) -> Answer {
        let number = self.number();
        self.answer(ClientFrame::plain(number, call)).await
    }

    /// A call that must be done.
    pub async fn done(&mut self, call: &Call) {
        assert_eq!(self.call(call).await, Answer::Done, "{call:?}");
    }

    /// A call that must be refused.
    pub async fn refused(&mut self, call: &Call) -> Refusal {
        match self.call(call).await {
            Answer::Refused(refusal) => refusal,
            other => panic!("{call:?} was answered by {other:?}"),
        }
    }

    /// A call signed by `key`.
    pub async fn prove(&mut self, call: &Call, key: &SecretKey) -> Result<Welcome, Refusal> {
        let number = self.number();
        let frame = ClientFrame::proven(number, call, key, &self.server, &self.nonce);
        let bytes = frame.call.clone();
        match self.answer(frame).await {
            Answer::Welcome(signed) => Ok(signed.open(&self.server, &self.nonce, &bytes).unwrap()),
            Answer::Refused(refusal) => Err(refusal),
            other => panic!("answered by {other:?}"),
        }
    }

    /// The next push.
    pub async fn push(&mut self) -> Push {
        if let Some(push) = self.pushes.pop_front() {
            return push;
        }
        match self.receive().await.expect("a push, not the end") {
            ServerFrame::Push(push) => *push,
            ServerFrame::Answer(..) => panic!("an answer to nothing"),
        }
    }

    /// All that was pushed up to now: whatever comes before the answer to a call made now.
    pub async fn pushed(&mut self) -> Vec<Push> {
        let nobody = juice_proto::id::AccountId::new([0xee; 32]);
        let refusal = self.refused(&Call::Decline { from: nobody }).await;
        assert_eq!(refusal, Refusal::Unknown);
        self.pushes.drain(..).collect()
    }

    /// The refusal that comes by itself, and then the end.
    pub async fn turned_away(&mut self) -> Option<Refusal> {
        let refusal = match self.receive().await {
            Some(ServerFrame::Answer(_, answer)) => match *answer {
                Answer::Refused(refusal) => Some(refusal),
                other => panic!("{other:?}"),
            },
            Some(ServerFrame::Push(push)) => panic!("{push:?}"),
            None => return None,
        };
        self.ended().await;
        refusal
    }

    /// Waits for the end of the connection.
    pub async fn ended(&mut self) {
        assert_eq!(self.receive().await, None, "the connection ends");
    }
}
