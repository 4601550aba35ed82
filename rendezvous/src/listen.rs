//! The accept loop: TCP, TLS, HTTP, each connection in a task of its own with a time limit, so that a slow handshake
//! holds up nobody.
//!
//! A permit is taken before anything is read and kept until the connection is gone; without one left, new connections
//! are closed at once.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request, http::HeaderMap};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use crate::{config::Config, server::House};

/// The longest request head.
const MAX_HEAD: usize = 16 * 1024;
/// When the system has no more handles, trying again at once would only burn the core.
const OUT_OF_HANDLES: Duration = Duration::from_millis(100);

/// Who is at the other end of the TCP connection, and the permit it holds.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    socket: SocketAddr,
    _permit: Arc<OwnedSemaphorePermit>,
}

impl Peer {
    /// The client's address: the one that a trusted proxy names, if there is a proxy.
    pub(crate) fn address(&self, headers: &HeaderMap, config: &Config) -> IpAddr {
        let forwarded = || {
            // The last one is the proxy's own word; those before it are the client's.
            let all = headers.get_all("x-forwarded-for").iter().next_back()?;
            let last = all.to_str().ok()?.rsplit(',').next()?.trim();
            last.parse().ok()
        };
        config.behind_proxy.then(forwarded).flatten().unwrap_or(self.socket.ip())
    }
}

/// Accepts until the server stops.
pub(crate) async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, router: Router, house: Arc<House>) {
    let places = Arc::new(Semaphore::new(house.config.limits.sockets));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = house.stopping.cancelled() => return,
        };
        let (stream, socket) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "can't accept");
                tokio::time::sleep(OUT_OF_HANDLES).await;
                continue;
            }
        };
        let welcome = house.config.behind_proxy || house.throttle.connection(socket.ip()).is_ok();
        let permit = Arc::clone(&places).try_acquire_owned();
        let (true, Ok(permit)) = (welcome, permit) else {
            house.metrics.turned_away.fetch_add(1, Relaxed);
            continue;
        };
        let peer = Peer { socket, _permit: Arc::new(permit) };
        let (tls, router, house) = (tls.clone(), router.clone(), Arc::clone(&house));
        let tracker = house.tracker.clone();
        tracker.spawn(async move {
            tokio::select! {
                () = Box::pin(connect(stream, peer, tls, router, &house)) => {}
                () = house.stopping.cancelled() => {}
            }
        });
    }
}

async fn connect(stream: TcpStream, peer: Peer, tls: Option<TlsAcceptor>, router: Router, house: &House) {
    let _ = stream.set_nodelay(true);
    let limit = house.config.timing.handshake;
    match tls {
        None => serve(stream, peer, router, limit).await,
        Some(tls) => match timeout(limit, tls.accept(stream)).await {
            Ok(Ok(stream)) => serve(stream, peer, router, limit).await,
            Ok(Err(error)) => tracing::debug!(%error, "no TLS"),
            Err(_) => tracing::debug!("TLS took too long"),
        },
    }
}

/// One request, which may become a WebSocket and then lives in that task.
async fn serve<S>(stream: S, peer: Peer, router: Router, limit: Duration)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request<Body> = request.map(Body::new);
        request.extensions_mut().insert(peer.clone());
        let mut router = router.clone();
        async move {
            // A router is always ready.
            let response = router.call(request).await;
            Ok::<_, Infallible>(response.unwrap_or_else(|never| match never {}))
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limit)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended");
    }
}
