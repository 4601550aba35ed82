//! A connection to the server, as small as can be: TLS, WebSocket, frames.
//!
//! It checks neither certificate nor signatures: in life each client has a machine of its own for that, and here it would
//! take from the server's.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, anyhow, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::{SinkExt, StreamExt};
use juice_proto::{
    frame,
    id::ServerKey,
    server::{Answer, CHALLENGE_HEADER, Call, ClientFrame, NONCE_HEADER, Nonce, PATH, ServerFrame},
};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Bytes, Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

use crate::people::Person;

/// Takes any certificate.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

/// The way to the server.
#[derive(Clone)]
pub struct Door {
    socket: SocketAddr,
    server: ServerKey,
    tls: TlsConnector,
}

impl Door {
    pub fn new(socket: SocketAddr, server: ServerKey) -> Self {
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the versions fit the provider")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone))
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Self { socket, server, tls: TlsConnector::from(Arc::new(config)) }
    }

    /// The daily login.
    pub async fn enter(&self, person: &Person) -> anyhow::Result<Client> {
        let stream = TcpStream::connect(self.socket).await?;
        stream.set_nodelay(true)?;
        let stream = self.tls.connect(ServerName::try_from("localhost")?, stream).await?;
        let mut request = format!("wss://localhost{PATH}").into_client_request()?;
        request.headers_mut().insert(CHALLENGE_HEADER, URL_SAFE_NO_PAD.encode([7; 32]).parse()?);
        let config = WebSocketConfig::default().read_buffer_size(1_024).write_buffer_size(0);
        let (socket, response) = client_async_with_config(request, stream, Some(config)).await?;
        let nonce = URL_SAFE_NO_PAD.decode(response.headers().get(NONCE_HEADER).context("no nonce")?)?;
        let nonce: Nonce = nonce.try_into().map_err(|_| anyhow!("no nonce"))?;
        let mut client = Client { socket, calls: 1 };
        let hello = ClientFrame::proven(1, &person.hello(), &person.device, &self.server, &nonce);
        let answer = client.exchange(&hello).await?;
        if matches!(answer, Answer::Welcome(_)) { Ok(client) } else { bail!("hello was answered by {answer:?}") }
    }
}

/// A session.
pub struct Client {
    socket: WebSocketStream<TlsStream<TcpStream>>,
    calls: u32,
}

impl Client {
    /// The next frame.
    pub async fn next(&mut self) -> anyhow::Result<Bytes> {
        loop {
            match self.socket.next().await.context("the connection ended")?? {
                Message::Binary(bytes) => return Ok(bytes),
                Message::Close(_) => bail!("the server closed"),
                Message::Ping(_) | Message::Pong(_) | Message::Text(_) | Message::Frame(_) => {}
            }
        }
    }

    /// Makes a call and waits for its answer.
    pub async fn call(&mut self, call: &Call) -> anyhow::Result<Answer> {
        self.calls += 1;
        let frame = ClientFrame::plain(self.calls, call);
        self.exchange(&frame).await
    }

    async fn exchange(&mut self, call: &ClientFrame) -> anyhow::Result<Answer> {
        self.socket.send(Message::Binary(frame::encode(call).into())).await?;
        loop {
            match frame::decode(&self.next().await?)? {
                ServerFrame::Answer(number, answer) if number == call.number => return Ok(*answer),
                ServerFrame::Answer(..) | ServerFrame::Push(_) => {}
            }
        }
    }
}
