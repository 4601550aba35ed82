//! The behaviour that opens and accepts streams of one protocol: the Swarm has one for links, one for files and one
//! for calls.
//!
//! Owned by the Swarm; the Swarm's task asks for streams by ticket and takes [`StreamNews`]. It is `libp2p-stream` with
//! three differences: a stream is opened on a connection that the caller names, an accepted one says which connection
//! it came on (so relayed links are known as such), and none is lost because nobody was waiting for it.

use std::{
    collections::VecDeque,
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol,
    core::{Endpoint, transport::PortUse, upgrade::ReadyUpgrade},
    swarm::{
        ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour,
        NotifyHandler, SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
        handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound},
    },
};

/// The caller's number for a stream that it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Ticket(pub u64);

/// A stream came, was opened, or was not.
#[derive(Debug)]
pub(super) enum StreamNews {
    Accepted { peer: PeerId, connection: ConnectionId, stream: Stream },
    Opened(Ticket, Stream),
    Failed(Ticket),
}

/// See the module.
pub(super) struct Streams {
    protocol: StreamProtocol,
    // Bounded by the connections' own event buffers and by the tickets under way.
    queue: VecDeque<ToSwarm<StreamNews, Ticket>>,
}

impl Streams {
    /// For this protocol.
    pub(super) fn of(protocol: &'static str) -> Self {
        Self { protocol: StreamProtocol::new(protocol), queue: VecDeque::new() }
    }

    fn handler(&self) -> Handler {
        Handler { protocol: self.protocol.clone(), asked: VecDeque::new(), news: VecDeque::new() }
    }

    /// Opens a stream on this connection; answered by one `Opened` or `Failed`, unless the connection closes first.
    pub(super) fn open(&mut self, peer: PeerId, connection: ConnectionId, ticket: Ticket) {
        self.queue.push_back(ToSwarm::NotifyHandler {
            peer_id: peer,
            handler: NotifyHandler::One(connection),
            event: ticket,
        });
    }
}

impl NetworkBehaviour for Streams {
    type ConnectionHandler = Handler;
    type ToSwarm = StreamNews;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler())
    }

    fn on_swarm_event(&mut self, _: FromSwarm) {}

    fn on_connection_handler_event(&mut self, peer: PeerId, connection: ConnectionId, event: THandlerOutEvent<Self>) {
        let news = match event {
            HandlerNews::Accepted(stream) => StreamNews::Accepted { peer, connection, stream },
            HandlerNews::Opened(ticket, stream) => StreamNews::Opened(ticket, stream),
            HandlerNews::Failed(ticket) => StreamNews::Failed(ticket),
        };
        self.queue.push_back(ToSwarm::GenerateEvent(news));
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        // Filled only by calls after which the Swarm is polled again.
        self.queue.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

/// What one connection has to say.
#[derive(Debug)]
pub(super) enum HandlerNews {
    Accepted(Stream),
    Opened(Ticket, Stream),
    Failed(Ticket),
}

/// One connection's part.
pub(super) struct Handler {
    protocol: StreamProtocol,
    asked: VecDeque<Ticket>,
    news: VecDeque<HandlerNews>,
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Ticket;
    type ToBehaviour = HandlerNews;
    type InboundProtocol = ReadyUpgrade<StreamProtocol>;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Ticket;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(self.protocol.clone()), ())
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Ticket, HandlerNews>> {
        if let Some(news) = self.news.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(news));
        }
        match self.asked.pop_front() {
            Some(ticket) => Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest {
                protocol: SubstreamProtocol::new(ReadyUpgrade::new(self.protocol.clone()), ticket),
            }),
            None => Poll::Pending,
        }
    }

    fn on_behaviour_event(&mut self, ticket: Ticket) {
        self.asked.push_back(ticket);
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "libp2p's enum is open")]
    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<Self::InboundProtocol, Self::OutboundProtocol, (), Ticket>,
    ) {
        let news = match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol: stream, .. }) => {
                HandlerNews::Accepted(stream)
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol: stream, info }) => {
                HandlerNews::Opened(info, stream)
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, .. }) => HandlerNews::Failed(info),
            _ => return,
        };
        self.news.push_back(news);
    }
}
