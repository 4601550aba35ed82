//! QUIC between devices: a libp2p transport over quinn, with datagrams beside the streams.
//!
//! On the wire it is what `libp2p-quic` speaks (`/udp/…/quic-v1`, libp2p's TLS certificates), so either meets the other. It is
//! our own for what that one keeps to itself: datagrams, for voice, and the choice of congestion control. Owned by the
//! Swarm, which polls it in the Swarm's task; connections are polled in tasks of their own, and what comes in datagrams
//! is handed on from there (`net/datagrams.rs`).

mod address;
mod config;
mod congestion;
mod handshake;
mod listener;
mod muxer;
mod punch;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use futures::{FutureExt, future::BoxFuture};
use libp2p::{
    PeerId,
    core::{
        Endpoint as Role, Transport,
        transport::{DialOpts, ListenerId, PortUse, TransportError, TransportEvent},
    },
    identity::Keypair,
    multiaddr::Multiaddr,
};

pub(super) use self::muxer::Muxer;
use self::{config::Config, handshake::Handshake, listener::Listener, punch::Punches};
use super::datagrams::Datagrams;

/// libp2p's certificates say nothing of names; rustls wants one all the same, and this is what others send.
const NAME: &str = "l";

/// Why there is no connection, or no more of one.
#[derive(Debug, thiserror::Error)]
pub(super) enum QuicError {
    /// The handshake took too long.
    #[error("no handshake in time")]
    Slow,
    /// The other side has shown no libp2p certificate.
    #[error("the other side does not say who it is")]
    Nameless,
    /// Two dials at once want the other side to come in from the same address.
    #[error("a hole is being punched there already")]
    PunchedAlready,
    /// It could not begin.
    #[error(transparent)]
    Connect(#[from] quinn::ConnectError),
    /// It ended.
    #[error(transparent)]
    Connection(#[from] quinn::ConnectionError),
    /// The socket, or the list of interfaces.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<QuicError> for TransportError<QuicError> {
    fn from(error: QuicError) -> Self {
        Self::Other(error)
    }
}

/// See the module.
pub(super) struct Quic {
    config: Config,
    handshake: Handshake,
    listeners: Vec<Listener>,
    /// What dials where nothing listens that could: for IPv4 and for IPv6.
    diallers: HashMap<bool, quinn::Endpoint>,
    punches: Punches,
    waker: Option<Waker>,
}

impl Quic {
    /// For a device. What comes in datagrams goes to `datagrams`, and what is to go finds its connection there.
    ///
    /// # Errors
    /// The text of why there is no certificate of this key.
    pub(super) fn new(key: &Keypair, datagrams: Datagrams) -> Result<Self, String> {
        Ok(Self {
            config: Config::new(key)?,
            handshake: Handshake { datagrams },
            listeners: Vec::new(),
            diallers: HashMap::new(),
            punches: Punches::default(),
            waker: None,
        })
    }

    fn listener_for(&self, at: SocketAddr) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.reaches(at))
    }

    /// Whose port a dial leaves from.
    fn endpoint_for(&mut self, at: SocketAddr, port: PortUse) -> io::Result<quinn::Endpoint> {
        if port == PortUse::New {
            return self.dialler(at);
        }
        if let Some(listener) = self.listener_for(at) {
            return Ok(listener.endpoint().clone());
        }
        if let Some(dialler) = self.diallers.get(&at.is_ipv6()) {
            return Ok(dialler.clone());
        }
        let dialler = self.dialler(at)?;
        self.diallers.insert(at.is_ipv6(), dialler.clone());
        Ok(dialler)
    }

    /// One that listens to nobody.
    fn dialler(&self, at: SocketAddr) -> io::Result<quinn::Endpoint> {
        let any = if at.is_ipv6() { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
        quinn::Endpoint::new(self.config.endpoint(), None, socket, Arc::new(quinn::TokioRuntime))
    }

    /// Waits for the other side at a port of ours, after making the NATs between believe that it was asked to come.
    fn punch(&mut self, at: SocketAddr) -> Result<Option<Dial>, QuicError> {
        let Some(listener) = self.listener_for(at) else { return Ok(None) };
        let socket = listener.socket()?;
        let comes = self.punches.expect(at).ok_or(QuicError::PunchedAlready)?;
        let handshake = self.handshake.clone();
        Ok(Some(async move { handshake.run(punch::through(socket, at, comes).await?).await }.boxed()))
    }
}

type Dial = BoxFuture<'static, Result<(PeerId, Muxer), QuicError>>;

impl Transport for Quic {
    type Output = (PeerId, Muxer);
    type Error = QuicError;
    type ListenerUpgrade = Dial;
    type Dial = Dial;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<QuicError>> {
        let (at, _) = address::parse(&address).ok_or(TransportError::MultiaddrNotSupported(address))?;
        let listener = Listener::new(id, at, &self.config).map_err(QuicError::Io)?;
        self.listeners.push(listener);
        // From here on dials leave from the port that others know; what was dialled before goes on.
        self.diallers.remove(&at.is_ipv6());
        self.waker.take().into_iter().for_each(Waker::wake);
        Ok(())
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        let listener = self.listeners.iter_mut().find(|listener| listener.id == id);
        listener.is_some_and(|listener| {
            listener.close();
            self.waker.take().into_iter().for_each(Waker::wake);
            true
        })
    }

    fn dial(&mut self, address: Multiaddr, opts: DialOpts) -> Result<Dial, TransportError<QuicError>> {
        let parsed = address::parse(&address).filter(|(at, _)| at.port() != 0 && !at.ip().is_unspecified());
        let (at, _) = parsed.ok_or(TransportError::MultiaddrNotSupported(address))?;
        if opts.role == Role::Listener
            && let Some(dial) = self.punch(at)?
        {
            return Ok(dial);
        }
        let endpoint = self.endpoint_for(at, opts.port_use).map_err(QuicError::Io)?;
        let (config, handshake) = (self.config.client.clone(), self.handshake.clone());
        let dial = async move { handshake.run(endpoint.connect_with(config, at, NAME)?).await };
        Ok(dial.boxed())
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<TransportEvent<Dial, QuicError>> {
        let this = &mut *self;
        let mut at = 0;
        while let Some(listener) = this.listeners.get_mut(at) {
            match listener.poll(cx) {
                Poll::Ready(listener::News::Event(event)) => return Poll::Ready(event),
                Poll::Ready(listener::News::Came(connecting)) => {
                    let from = connecting.remote_address();
                    // Whoever punched a hole for it takes it as the connection that it dialled.
                    if let Some(connecting) = this.punches.came(from, connecting) {
                        let (listener_id, local_addr) = (listener.id, address::of(listener.at()));
                        let upgrade = this.handshake.clone().run(connecting).boxed();
                        let send_back_addr = address::of(from);
                        return Poll::Ready(TransportEvent::Incoming {
                            listener_id,
                            upgrade,
                            local_addr,
                            send_back_addr,
                        });
                    }
                }
                Poll::Ready(listener::News::Closed(id)) => {
                    this.listeners.remove(at);
                    return Poll::Ready(TransportEvent::ListenerClosed { listener_id: id, reason: Ok(()) });
                }
                Poll::Pending => at += 1,
            }
        }
        this.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
