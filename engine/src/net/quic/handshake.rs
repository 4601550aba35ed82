//! From a connection that begins to one that is known: who is at its other end, by the certificate that it has shown.

use std::time::Duration;

use libp2p::{PeerId, tls::certificate};
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;

use super::{Muxer, QuicError};
use crate::net::datagrams::Datagrams;

/// How long a handshake may take.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(5);

/// What every connection is made with.
#[derive(Clone)]
pub(super) struct Handshake {
    pub datagrams: Datagrams,
}

impl Handshake {
    /// Waits for it.
    ///
    /// # Errors
    /// `Slow`, `Connection`; `Nameless` for a certificate that is not libp2p's, which the handshake has refused already.
    pub async fn run(self, connecting: quinn::Connecting) -> Result<(PeerId, Muxer), QuicError> {
        let connection = timeout(HANDSHAKE, connecting).await.map_err(|_| QuicError::Slow)??;
        let peer = peer(&connection).ok_or(QuicError::Nameless)?;
        Ok((peer, Muxer::new(connection, &peer, self.datagrams)))
    }
}

fn peer(connection: &quinn::Connection) -> Option<PeerId> {
    let shown = connection.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    Some(certificate::parse(shown.first()?).ok()?.peer_id())
}
