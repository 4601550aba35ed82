//! Holes in NATs: packets that say nothing, sent from the port we listen on to where the other side is about to dial from.
//!
//! Of two devices that dial each other by DCUtR, one is to be the listener of the connection. Its dial is this: it makes
//! its own NAT expect packets from there, and takes the connection that comes from that address as the one it dialled.

use std::{
    collections::HashMap,
    io,
    net::{SocketAddr, UdpSocket},
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use super::{QuicError, handshake::HANDSHAKE};

/// Bytes of a packet that says nothing: as in libp2p's DCUtR.
const SIZE: usize = 64;
/// The shortest and the longest pause between two, in ms; drawn, so that two sides don't keep step.
const PAUSE: (u64, u64) = (10, 200);

/// Who waits for a connection, by where it comes from.
#[derive(Default)]
pub(super) struct Punches(HashMap<SocketAddr, oneshot::Sender<quinn::Connecting>>);

impl Punches {
    /// Waits for one from there; none while another waits for the same.
    pub fn expect(&mut self, from: SocketAddr) -> Option<oneshot::Receiver<quinn::Connecting>> {
        self.0.retain(|_, waiting| !waiting.is_closed());
        if self.0.contains_key(&from) {
            return None;
        }
        let (came, comes) = oneshot::channel();
        self.0.insert(from, came);
        Some(comes)
    }

    /// Gives it to who waits for it, or back.
    pub fn came(&mut self, from: SocketAddr, connecting: quinn::Connecting) -> Option<quinn::Connecting> {
        match self.0.remove(&from) {
            Some(waiting) => waiting.send(connecting).err(),
            None => Some(connecting),
        }
    }
}

/// Sends such packets until the connection comes.
///
/// # Errors
/// `Slow` when none has come, `Io` when nothing can be sent there.
pub(super) async fn through(
    socket: UdpSocket,
    at: SocketAddr,
    comes: oneshot::Receiver<quinn::Connecting>,
) -> Result<quinn::Connecting, QuicError> {
    let came = timeout(HANDSHAKE, async {
        tokio::select! {
            came = comes => came.map_err(|_| QuicError::Slow),
            error = punch(&socket, at) => Err(error.into()),
        }
    });
    came.await.map_err(|_| QuicError::Slow)?
}

async fn punch(socket: &UdpSocket, at: SocketAddr) -> io::Error {
    loop {
        let mut bytes = [0; SIZE + 1];
        if getrandom::fill(&mut bytes).is_err() {
            return io::Error::other("no randomness");
        }
        let [drawn, packet @ ..] = &mut bytes;
        // A first bit of none: not even a random packet looks like QUIC.
        if let Some(first) = packet.first_mut() {
            *first &= 0x3f;
        }
        match socket.send_to(packet, at) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return error,
            _ => {}
        }
        let (shortest, longest) = PAUSE;
        sleep(Duration::from_millis(shortest + u64::from(*drawn) * (longest - shortest) / 255)).await;
    }
}
