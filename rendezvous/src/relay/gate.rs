//! Lets only known devices connect, and not too many at once; runs no protocol of its own.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
        ToSwarm, dummy,
    },
};

/// The most connections; one costs about 50 KB.
const MAX_CONNECTIONS: usize = 4096;

/// Why a peer was turned away.
#[derive(Debug, thiserror::Error)]
enum TurnedAway {
    #[error("no device with a session")]
    Stranger,
    #[error("too many connections")]
    TooMany,
}

pub(super) struct Gate {
    admits: Box<dyn Fn(&PeerId) -> bool + Send>,
    connections: usize,
}

impl Gate {
    pub(super) fn new(admits: impl Fn(&PeerId) -> bool + Send + 'static) -> Self {
        Self { admits: Box::new(admits), connections: 0 }
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        if self.connections < MAX_CONNECTIONS { Ok(()) } else { Err(ConnectionDenied::new(TurnedAway::TooMany)) }
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if (self.admits)(&peer) {
            Ok(dummy::ConnectionHandler)
        } else {
            Err(ConnectionDenied::new(TurnedAway::Stranger))
        }
    }

    /// The relay itself only dials to try an address for AutoNAT.
    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ConnectionEstablished(_) = event {
            self.connections += 1;
        } else if let FromSwarm::ConnectionClosed(_) = event {
            self.connections = self.connections.saturating_sub(1);
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}
