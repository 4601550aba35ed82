//! One socket that others can dial, and the addresses at which it is one.
//!
//! Bound to all of a machine's addresses, it follows the interfaces as they come and go. Dials leave from it too, so that
//! a NAT shows others one port of this device.

use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures::{FutureExt, future::BoxFuture};
use if_watch::{IfEvent, tokio::IfWatcher};
use libp2p::core::transport::{ListenerId, TransportEvent};
use socket2::{Domain, Protocol, Socket, Type};

use super::{Dial, QuicError, address, config::Config};

/// What a listener has to say.
pub(super) enum News {
    /// For the Swarm as it is.
    Event(TransportEvent<Dial, QuicError>),
    /// Someone dials.
    Came(quinn::Connecting),
    /// It was closed, and is to be dropped.
    Closed(ListenerId),
}

/// See the module.
pub(super) struct Listener {
    pub id: ListenerId,
    at: SocketAddr,
    endpoint: quinn::Endpoint,
    /// The endpoint's own, for packets that are not QUIC.
    socket: UdpSocket,
    next: BoxFuture<'static, Option<quinn::Incoming>>,
    interfaces: Interfaces,
    closed: bool,
}

/// Where the addresses come from.
enum Interfaces {
    /// It has one, which is to be told.
    Untold,
    /// It has one, which has been told.
    Told,
    Watched(Box<IfWatcher>),
}

impl Listener {
    pub fn new(id: ListenerId, at: SocketAddr, config: &Config) -> io::Result<Self> {
        let socket = bind(at)?;
        let at = socket.local_addr()?;
        let interfaces = if at.ip().is_unspecified() {
            Interfaces::Watched(Box::new(IfWatcher::new()?))
        } else {
            Interfaces::Untold
        };
        let ours = socket.try_clone()?;
        let server = Some(config.server.clone());
        let endpoint = quinn::Endpoint::new(config.endpoint(), server, socket, Arc::new(quinn::TokioRuntime))?;
        let next = incoming(&endpoint);
        Ok(Self { id, at, endpoint, socket: ours, next, interfaces, closed: false })
    }

    /// What it is bound to.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    pub fn endpoint(&self) -> &quinn::Endpoint {
        &self.endpoint
    }

    /// A second handle of its socket.
    pub fn socket(&self) -> io::Result<UdpSocket> {
        self.socket.try_clone()
    }

    /// Whether a packet can go there from its port.
    pub fn reaches(&self, there: SocketAddr) -> bool {
        let (here, there) = (self.at.ip(), there.ip());
        let anywhere = here.is_unspecified() || here.is_loopback() == there.is_loopback();
        !self.closed && here.is_ipv4() == there.is_ipv4() && anywhere
    }

    /// Takes nobody in any more. Connections that came by it stay.
    pub fn close(&mut self) {
        self.endpoint.set_server_config(None);
        self.closed = true;
    }

    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<News> {
        if self.closed {
            return Poll::Ready(News::Closed(self.id));
        }
        if let Poll::Ready(event) = self.poll_addresses(cx) {
            return Poll::Ready(News::Event(event));
        }
        let Some(incoming) = ready!(self.next.poll_unpin(cx)) else { return Poll::Ready(News::Closed(self.id)) };
        self.next = self::incoming(&self.endpoint);
        Poll::Ready(match incoming.accept() {
            Ok(connecting) => News::Came(connecting),
            Err(error) => News::Event(self.failed(error.into())),
        })
    }

    fn poll_addresses(&mut self, cx: &mut Context<'_>) -> Poll<TransportEvent<Dial, QuicError>> {
        let listener_id = self.id;
        let watcher = match &mut self.interfaces {
            Interfaces::Told => return Poll::Pending,
            Interfaces::Untold => {
                self.interfaces = Interfaces::Told;
                return Poll::Ready(TransportEvent::NewAddress { listener_id, listen_addr: address::of(self.at) });
            }
            Interfaces::Watched(watcher) => watcher,
        };
        loop {
            let here = |ip: IpAddr| {
                let same = ip.is_ipv4() == self.at.is_ipv4();
                same.then(|| address::of(SocketAddr::new(ip, self.at.port())))
            };
            match ready!(watcher.poll_if_event(cx)) {
                Ok(IfEvent::Up(net)) => {
                    if let Some(listen_addr) = here(net.addr()) {
                        return Poll::Ready(TransportEvent::NewAddress { listener_id, listen_addr });
                    }
                }
                Ok(IfEvent::Down(net)) => {
                    if let Some(listen_addr) = here(net.addr()) {
                        return Poll::Ready(TransportEvent::AddressExpired { listener_id, listen_addr });
                    }
                }
                Err(error) => return Poll::Ready(self.failed(error.into())),
            }
        }
    }

    fn failed(&self, error: QuicError) -> TransportEvent<Dial, QuicError> {
        TransportEvent::ListenerError { listener_id: self.id, error }
    }
}

fn incoming(endpoint: &quinn::Endpoint) -> BoxFuture<'static, Option<quinn::Incoming>> {
    let endpoint = endpoint.clone();
    async move { endpoint.accept().await }.boxed()
}

fn bind(at: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(at), Type::DGRAM, Some(Protocol::UDP))?;
    if at.is_ipv6() {
        // IPv4 has a socket of its own.
        socket.set_only_v6(true)?;
    }
    socket.bind(&at.into())?;
    Ok(socket.into())
}
