//! One client's WebSocket: the upgrade, and the task that reads calls and writes answers and pushes.
//!
//! The task owns socket and visit and ends with them. Buffers are small, since most sockets do nothing most of the time;
//! writing has a timeout, so that a client which does not read holds nobody up but itself.

use std::{
    net::IpAddr,
    pin::{Pin, pin},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use axum::{
    extract::{
        Extension, State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket, close_code},
    },
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use futures::SinkExt;
use juice_proto::{
    frame,
    server::{
        CHALLENGE_HEADER, ClientFrame, KEY_HEADER, NONCE_HEADER, Nonce, PROOF_HEADER, Push, Refusal, ServerFrame,
        prove_server,
    },
};
use tokio::{
    sync::mpsc,
    time::{Instant, Sleep, sleep_until, timeout},
};
use tokio_util::sync::WaitForCancellationFuture;

use crate::{
    clock, keys,
    listen::Peer,
    presence::{Queued, push_frame},
    server::House,
    visit::{Reply, Visit},
};

/// Buffers of a socket; the defaults would cost 128 KiB each.
const READ_BUFFER: usize = 1024;
const WRITE_BUFFER: usize = 512;
/// Pings that may go unanswered.
const MISSED_PINGS: u32 = 2;
/// For the last words when the server stops.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// The upgrade: proves who the server is, and hands the socket to its task.
pub(crate) async fn upgrade(
    State(house): State<Arc<House>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let address = peer.address(&headers, &house.config);
    if house.config.behind_proxy && house.throttle.connection(address).is_err() {
        house.metrics.turned_away.fetch_add(1, Relaxed);
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    }
    let challenge = headers.get(CHALLENGE_HEADER).and_then(|value| keys::nonce_from(value.to_str().ok()?));
    let Some(challenge) = challenge else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let mut nonce: Nonce = [0; 32];
    if getrandom::fill(&mut nonce).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let proof = prove_server(&house.key, &challenge, &nonce);
    let server_key = house.server_key;
    let guest = house.tracker.token();
    let mut response = upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(frame::MAX_FRAME)
        .max_frame_size(frame::MAX_FRAME)
        .on_upgrade(move |socket| {
            let client = Box::new(Client::new(socket, house, address, nonce));
            async move {
                // The connection's permit goes with it.
                let _guest = (guest, peer);
                client.serve().await;
            }
        });
    for (name, bytes) in [
        (KEY_HEADER, server_key.bytes().as_slice()),
        (NONCE_HEADER, nonce.as_slice()),
        (PROOF_HEADER, proof.as_slice()),
    ] {
        if let Ok(value) = HeaderValue::try_from(URL_SAFE_NO_PAD.encode(bytes)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The socket is over, for whatever reason.
struct Over;

struct Client {
    socket: WebSocket,
    house: Arc<House>,
    visit: Visit,
    /// What is pushed, once a session is open.
    queue: Option<mpsc::Receiver<Queued>>,
}

/// What happened next.
enum Next {
    Heard(Message),
    Queued(Queued),
    Dismissed,
    Lost(&'static str),
    Silence,
    Stopping,
}

impl Client {
    fn new(socket: WebSocket, house: Arc<House>, address: IpAddr, nonce: Nonce) -> Self {
        let visit = Visit::new(Arc::clone(&house), address, nonce);
        Self { socket, house, visit, queue: None }
    }

    /// In a box, and whatever does not happen all the time too: a task is as large as its largest moment, and keeps twice
    /// what is moved into it.
    async fn serve(mut self: Box<Self>) {
        self.house.metrics.sockets.fetch_add(1, Relaxed);
        let _ = self.converse().await;
        self.visit.end();
        self.house.metrics.sockets.fetch_sub(1, Relaxed);
    }

    async fn converse(&mut self) -> Result<(), Over> {
        let house = Arc::clone(&self.house);
        let timing = house.config.timing;
        let opened = Instant::now();
        // Both last as long as the socket: to enter and leave the lists in which all of these wait costs as much as to
        // write a frame.
        let mut stopping = pin!(house.stopping.cancelled());
        let mut silence = pin!(sleep_until(opened + timing.first_call));
        let mut missed = 0;
        loop {
            match self.next(stopping.as_mut(), silence.as_mut()).await {
                Next::Heard(message) => {
                    missed = 0;
                    let had_session = self.queue.is_some();
                    Box::pin(self.hear(message)).await?;
                    if self.queue.is_none() {
                        silence.as_mut().reset(opened + timing.session);
                    } else if !had_session {
                        silence.as_mut().reset(Instant::now() + clock::jittered(timing.ping));
                    }
                }
                Next::Queued(frame) => Box::pin(self.push(frame)).await?,
                Next::Silence if self.queue.is_none() => {
                    return Box::pin(self.close(close_code::POLICY, "ReadTimeout")).await;
                }
                Next::Silence if missed >= MISSED_PINGS => {
                    return Box::pin(self.close(close_code::POLICY, "ReadTimeout")).await;
                }
                Next::Silence => {
                    missed += 1;
                    silence.as_mut().reset(Instant::now() + clock::jittered(timing.ping));
                    Box::pin(self.send(Message::Ping(Bytes::new()))).await?;
                }
                Next::Dismissed => return Box::pin(self.close(close_code::NORMAL, "")).await,
                Next::Lost("") => return Err(Over),
                Next::Lost(why) => {
                    let reply = self.visit.refuse(Refusal::BadRequest);
                    Box::pin(self.answer(0, reply)).await?;
                    return Box::pin(self.close(close_code::PROTOCOL, why)).await;
                }
                Next::Stopping => return Box::pin(self.say_stopping()).await,
            }
        }
    }

    /// Waits for whatever comes first. Cancel-safe, as its parts are.
    async fn next(&mut self, stopping: Pin<&mut WaitForCancellationFuture<'_>>, silence: Pin<&mut Sleep>) -> Next {
        let queued = async {
            match &mut self.queue {
                Some(queue) => queue.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stopping => Next::Stopping,
            frame = queued => frame.map_or(Next::Dismissed, Next::Queued),
            message = self.socket.recv() => match message {
                Some(Ok(message)) => Next::Heard(message),
                Some(Err(error)) => Next::Lost(what_broke(&error)),
                None => Next::Lost(""),
            },
            () = silence => Next::Silence,
        }
    }

    async fn hear(&mut self, message: Message) -> Result<(), Over> {
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(Over),
            Message::Text(_) => Bytes::new(),
        };
        let (number, reply) = match frame::decode::<ClientFrame>(&bytes) {
            Ok(frame) => (frame.number, Box::pin(self.visit.frame(&frame)).await),
            Err(_) => (0, self.visit.refuse(Refusal::BadRequest)),
        };
        let close = reply.close;
        self.answer(number, reply).await?;
        if close {
            self.close(close_code::NORMAL, "").await?;
        }
        Ok(())
    }

    async fn answer(&mut self, number: u32, reply: Reply) -> Result<(), Over> {
        if let Some(queue) = reply.queue {
            self.queue = Some(queue);
        }
        let answer = ServerFrame::Answer(number, Box::new(reply.answer));
        self.send(Message::Binary(frame::encode(&answer).into())).await?;
        for frame in reply.more {
            self.house.metrics.pushes.fetch_add(1, Relaxed);
            self.send(Message::Binary(frame)).await?;
        }
        Ok(())
    }

    /// Writes what is queued, in as few packets as it fits into; letters last.
    async fn push(&mut self, first: Queued) -> Result<(), Over> {
        let mut mail = false;
        let Self { socket, queue, house, .. } = self;
        let write = async {
            let mut next = Some(first);
            while let Some(queued) = next {
                match queued {
                    Queued::Frame(frame) => socket.feed(Message::Binary(frame)).await?,
                    Queued::Mail => mail = true,
                }
                next = queue.as_mut().and_then(|queue| queue.try_recv().ok());
            }
            socket.flush().await
        };
        match timeout(house.config.timing.handshake, write).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Err(Over),
        }
        if mail {
            self.bring_letters().await?;
        }
        Ok(())
    }

    async fn bring_letters(&mut self) -> Result<(), Over> {
        let letters = self.visit.letters().await.unwrap_or_else(|denied| {
            // They stay where they are, for the next time.
            tracing::error!(?denied, "letters can't be read");
            Vec::new()
        });
        for frame in letters {
            self.house.metrics.pushes.fetch_add(1, Relaxed);
            self.send(Message::Binary(frame)).await?;
        }
        Ok(())
    }

    async fn send(&mut self, message: Message) -> Result<(), Over> {
        let limit = if self.house.stopping.is_cancelled() { LAST_WORDS } else { self.house.config.timing.handshake };
        match timeout(limit, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Over),
        }
    }

    async fn close(&mut self, code: u16, why: &'static str) -> Result<(), Over> {
        let frame = CloseFrame { code, reason: why.into() };
        self.send(Message::Close(Some(frame))).await?;
        Err(Over)
    }

    async fn say_stopping(&mut self) -> Result<(), Over> {
        if self.queue.is_some() {
            // Spread out, so that all do not come back in the same second.
            let seconds = clock::jittered(Duration::from_secs(6)).as_secs();
            let seconds = u32::try_from(seconds).unwrap_or(6);
            let frame = push_frame(Push::Stopping(seconds));
            self.send(Message::Binary(frame)).await?;
        }
        self.close(close_code::RESTART, "").await
    }
}

/// Empty for a connection that just went, else what the client did wrong.
fn what_broke(error: &axum::Error) -> &'static str {
    let text = error.to_string();
    if text.contains("too long") || text.contains("too big") {
        "FrameLen"
    } else if text.contains("without closing handshake") {
        ""
    } else if text.contains("UTF-8") || text.contains("protocol error: ") {
        "BadRequest"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_socket_is_small() {
        let size = size_of::<Client>();
        assert!(size < 2048, "{size} bytes");
    }
}
