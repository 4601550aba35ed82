//! One WebSocket whose far end has proven the server's key, and calls on it one at a time.
//!
//! Made by the ladder; owned by whoever registers or moves an account, then handed to a `ServerLink`, which also takes
//! over what the server pushed meanwhile.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::{SinkExt, StreamExt};
use juice_proto::{
    error::ProtoError,
    frame::{self, MAX_FRAME},
    id::ServerKey,
    invite::ServerAddress,
    server::{
        Answer, CHALLENGE_HEADER, Call, ClientFrame, KEY_HEADER, NONCE_HEADER, Nonce, PATH, PROOF_HEADER, ServerFrame,
        Welcome, check_server,
    },
    sign::SecretKey,
};
use rustls::pki_types::ServerName;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        self, Message,
        client::IntoClientRequest,
        http::{HeaderValue, Response},
        protocol::WebSocketConfig,
    },
};

use super::{ConnectError, Proxies, Way, ladder, tls};

/// The library's buffers are eager, and a client has one server.
const BUFFER: usize = 4 * 1024;
/// How long the server may take for one call.
const ANSWER: Duration = Duration::from_secs(20);
/// How much the server may push while a call waits for its answer: a whole buddy list.
const MAX_EARLY: usize = 256;

pub(super) type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// See the module.
#[derive(Debug)]
pub struct Connection {
    pub(super) socket: Socket,
    pub(super) early: VecDeque<Vec<u8>>,
    pub(super) nonce: Nonce,
    pub(super) way: Way,
    server: ServerKey,
    last: u32,
}

/// An answer, with the bytes of the call that it answers: a welcome is signed over both.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    call: Vec<u8>,
}

impl Connection {
    /// Connects by whichever way gets through, in about 15 s; proxies are those of the environment.
    ///
    /// # Errors
    /// `Unreachable`, `Impostor`, `Refused`: what the given port said, if it said anything.
    pub async fn open(address: &ServerAddress) -> Result<Self, ConnectError> {
        ladder::climb(address, &Proxies::of_environment()).await
    }

    /// The same with these proxies.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub async fn open_by(address: &ServerAddress, proxies: &Proxies) -> Result<Self, ConnectError> {
        ladder::climb(address, proxies).await
    }

    /// The nonce that calls on this connection are signed over.
    pub fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// How it got through.
    pub fn way(&self) -> &Way {
        &self.way
    }

    /// The number of the last call made on it, 0 for none.
    pub fn last_number(&self) -> u32 {
        self.last
    }

    /// Makes a call and waits for its answer; `proven_by` signs it, as calls that open a session must be.
    ///
    /// # Errors
    /// `Lost` when the connection breaks, the answer takes over 20 s, or the server speaks nonsense.
    pub async fn call(&mut self, call: &Call, proven_by: Option<&SecretKey>) -> Result<Answered, ConnectError> {
        self.last = self.last.wrapping_add(1);
        let number = self.last;
        let frame = match proven_by {
            Some(key) => ClientFrame::proven(number, call, key, &self.server, &self.nonce),
            None => ClientFrame::plain(number, call),
        };
        let bytes = frame::encode(&frame);
        let answer = timeout(ANSWER, async {
            let sent = self.socket.send(Message::binary(bytes)).await;
            sent.map_err(|error| lost(&error))?;
            self.answer_to(number).await
        });
        let answer = answer.await.unwrap_or(Err(ConnectError::Lost))?;
        Ok(Answered { answer, call: frame.call.into() })
    }

    /// The welcome in an answer, if the server signed it for this connection and that call.
    ///
    /// # Errors
    /// `Malformed` for any other answer; `BadSignature`.
    pub fn welcome(&self, answered: &Answered) -> Result<Welcome, ProtoError> {
        match &answered.answer {
            Answer::Welcome(signed) => signed.open(&self.server, &self.nonce, &answered.call),
            Answer::Done | Answer::Opaque(_) | Answer::Capsule { .. } | Answer::Account { .. } | Answer::Refused(_) => {
                Err(ProtoError::Malformed)
            }
        }
    }

    async fn answer_to(&mut self, number: u32) -> Result<Answer, ConnectError> {
        loop {
            let bytes = next_frame(&mut self.socket).await?;
            let frame = frame::decode(&bytes).map_err(|error| lost(&error))?;
            match frame {
                ServerFrame::Answer(to, answer) if to == number => return Ok(*answer),
                ServerFrame::Answer(..) => {}
                ServerFrame::Push(_) if self.early.len() < MAX_EARLY => self.early.push_back(bytes),
                ServerFrame::Push(_) => return Err(ConnectError::Lost),
            }
        }
    }

    /// Secures a TCP stream that leads to the server, asks for the WebSocket, and has the server prove itself.
    pub(super) async fn over(stream: TcpStream, address: &ServerAddress, way: Way) -> Result<Self, ConnectError> {
        let config = tls::config(address.key).map_err(|error| unreachable(&error))?;
        let host = address.host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(|error| unreachable(&error))?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| {
            let cause = error.get_ref().and_then(|e| e.downcast_ref());
            match cause {
                Some(rustls::Error::InvalidCertificate(_)) => ConnectError::Impostor,
                _ => unreachable(&error),
            }
        })?;
        let mut challenge = Nonce::default();
        getrandom::fill(&mut challenge).map_err(|error| unreachable(&error))?;
        let url = format!("wss://{}:{}{PATH}", address.host, address.port);
        let mut request = url.into_client_request().map_err(|error| unreachable(&error))?;
        let header = HeaderValue::try_from(URL_SAFE_NO_PAD.encode(challenge));
        let header = header.map_err(|error| unreachable(&error))?;
        request.headers_mut().insert(CHALLENGE_HEADER, header);
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER)
            .max_write_buffer_size(2 * MAX_FRAME)
            .max_message_size(Some(MAX_FRAME))
            .max_frame_size(Some(MAX_FRAME));
        let upgraded = client_async_with_config(request, stream, Some(config)).await;
        let (socket, response) = upgraded.map_err(refused)?;
        let nonce = proven(&response, &address.key, &challenge).ok_or(ConnectError::Impostor)?;
        Ok(Self { socket, early: VecDeque::new(), nonce, way, server: address.key, last: 0 })
    }
}

/// The next frame, pings answered on the way.
pub(super) async fn next_frame<S>(socket: &mut S) -> Result<Vec<u8>, ConnectError>
where
    S: futures::Stream<Item = tungstenite::Result<Message>> + Unpin,
{
    loop {
        match socket.next().await {
            Some(Ok(Message::Binary(bytes))) if bytes.is_empty() => return Err(ConnectError::Lost),
            Some(Ok(Message::Binary(bytes))) => return Ok(bytes.into()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Text(_) | Message::Close(_) | Message::Frame(_))) | None => {
                return Err(ConnectError::Lost);
            }
            Some(Err(error)) => return Err(lost(&error)),
        }
    }
}

/// The nonce in the server's answer to the upgrade, if the server that the address names has signed it.
fn proven(response: &Response<Option<Vec<u8>>>, server: &ServerKey, challenge: &Nonce) -> Option<Nonce> {
    let key: [u8; 32] = header(response, KEY_HEADER)?;
    let nonce = header(response, NONCE_HEADER)?;
    let proof = header(response, PROOF_HEADER)?;
    let proven = key == *server.bytes() && check_server(server, challenge, &nonce, &proof).is_ok();
    proven.then_some(nonce)
}

fn header<const N: usize>(response: &Response<Option<Vec<u8>>>, name: &str) -> Option<[u8; N]> {
    let value = response.headers().get(name)?;
    URL_SAFE_NO_PAD.decode(value).ok()?.try_into().ok()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's enum is open")]
fn refused(error: tungstenite::Error) -> ConnectError {
    match error {
        tungstenite::Error::Http(response) => ConnectError::Refused(response.status().as_u16()),
        other => unreachable(&other),
    }
}

fn unreachable(error: &dyn std::fmt::Display) -> ConnectError {
    tracing::debug!(%error, "no connection to the server");
    ConnectError::Unreachable
}

fn lost(error: &dyn std::fmt::Display) -> ConnectError {
    tracing::debug!(%error, "connection to the server lost");
    ConnectError::Lost
}
