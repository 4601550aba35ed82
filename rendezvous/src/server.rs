//! A whole server: what its connections share, how it starts, how it stops.
//!
//! Every task is counted by one tracker and ends with one token; [`Server::stop`] waits for them, two seconds at most.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use juice_proto::{id::ServerKey, invite::ServerAddress, opaque::OpaqueServer, server::Relay, sign::SecretKey};
use tokio::{net::TcpListener, time::timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::{
    clock,
    config::{Config, Place},
    keys,
    limits::Throttle,
    listen,
    metrics::Metrics,
    pages,
    presence::Presences,
    relay,
    store::{Store, StoreError},
    tls::{self, TlsError},
    visit::before,
};

/// How long a stop may take.
const STOP: Duration = Duration::from_secs(2);
/// How often the store is asked for accounts that the keeper removed.
const LOOK_FOR_REMOVED: Duration = Duration::from_secs(1);
/// How often what is old is forgotten.
const TIDY: Duration = Duration::from_secs(10 * 60);

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder or what is in it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The port is taken, or not allowed.
    #[error("can't listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// The relay's ports, or its transports.
    #[error("relay: {0}")]
    Relay(String),
}

/// What all connections share. Nothing in it is changed but through its own rooms.
pub(crate) struct House {
    pub config: Config,
    pub key: SecretKey,
    pub server_key: ServerKey,
    pub opaque: OpaqueServer,
    pub store: Store,
    pub presences: Arc<Presences>,
    pub throttle: Throttle,
    pub metrics: Metrics,
    pub relay: Option<Relay>,
    pub stopping: CancellationToken,
    pub tracker: TaskTracker,
}

/// A running server. Dropped, it stops in the background; [`Server::stop`] waits for that.
pub struct Server {
    house: Arc<House>,
    address: ServerAddress,
    socket: SocketAddr,
    _stop: DropGuard,
}

impl Server {
    /// Starts; returns when it listens.
    ///
    /// # Errors
    /// `Store`, `Tls`, `Listen`, `Relay`.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let store = Store::open(&config.data).await?;
        let key = keys::server_key(&config.data).map_err(StoreError::from)?;
        let opaque = keys::opaque(&config.data).map_err(StoreError::from)?;
        let listening = |error| StartError::Listen(config.listen, error);
        let listener = TcpListener::bind(config.listen).await.map_err(listening)?;
        let socket = listener.local_addr().map_err(listening)?;
        let address = address(&config, socket, key.server_key());
        let tls = if config.behind_proxy {
            None
        } else {
            let tls = tls::config(&key, &address.host)?;
            Some(TlsAcceptor::from(Arc::new(tls)))
        };
        let presences = Arc::new(Presences::new(config.timing.grace));
        let relay = match config.relay {
            Some(ports) => {
                let place = (socket.ip(), address.host.as_str());
                Some(relay::Listening::start(&key, ports, place, &presences).await?)
            }
            None => None,
        };
        let house = Arc::new(House {
            server_key: key.server_key(),
            presences,
            throttle: Throttle::new(&config.limits),
            metrics: Metrics::new(),
            relay: relay.as_ref().map(relay::Listening::ports),
            stopping: CancellationToken::new(),
            tracker: TaskTracker::new(),
            config,
            key,
            opaque,
            store,
        });
        let tracker = &house.tracker;
        tracker.spawn(listen::accept(listener, tls, pages::router(&house), Arc::clone(&house)));
        if let Some(relay) = relay {
            tracker.spawn(relay.serve(Arc::clone(&house)));
        }
        tracker.spawn(keep_time(Arc::clone(&house)));
        tracker.spawn(keep_house(Arc::clone(&house)));
        tracker.close();
        let stop = house.stopping.clone().drop_guard();
        Ok(Self { house, address, socket, _stop: stop })
    }

    /// The address to hand out.
    pub fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// Where it really listens.
    pub fn socket(&self) -> SocketAddr {
        self.socket
    }

    /// The relay's ports, if there is a relay.
    pub fn relay(&self) -> Option<Relay> {
        self.house.relay
    }

    /// How many sessions are open.
    pub fn online(&self) -> usize {
        self.house.presences.online()
    }

    /// Calls so far by kind, as `hello`; kinds never called are left out.
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.house.metrics.calls()
    }

    /// Tells every client, closes every socket, and ends; within two seconds.
    pub async fn stop(self) {
        self.house.stopping.cancel();
        if timeout(STOP, self.house.tracker.wait()).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
        let _ = timeout(STOP, self.house.store.close()).await;
    }
}

/// The address under which a server that listens on `socket` is found.
pub(crate) fn address(config: &Config, socket: SocketAddr, key: ServerKey) -> ServerAddress {
    let (host, port) = match &config.public {
        Some(Place { host, port }) => {
            let behind = if config.behind_proxy { 443 } else { socket.port() };
            (host.clone(), port.unwrap_or(behind))
        }
        None => (host_of(socket.ip()), socket.port()),
    };
    ServerAddress { host, port, key }
}

/// Everywhere is found here.
fn host_of(listen: IpAddr) -> String {
    match listen {
        unspecified if unspecified.is_unspecified() => Ipv4Addr::LOCALHOST.to_string(),
        IpAddr::V4(short) => short.to_string(),
        IpAddr::V6(long) => format!("[{long}]"),
    }
}

async fn keep_time(house: Arc<House>) {
    house.presences.keep_time(&house.metrics, &house.stopping).await;
}

/// Ends the sessions of accounts that the keeper removed, and forgets what is old.
async fn keep_house(house: Arc<House>) {
    let mut tidied: Option<std::time::Instant> = None;
    loop {
        if let Err(error) = keep_house_once(&house, &mut tidied).await {
            tracing::warn!(%error, "can't tidy");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_FOR_REMOVED) => {}
            () = house.stopping.cancelled() => return,
        }
    }
}

async fn keep_house_once(house: &House, tidied: &mut Option<std::time::Instant>) -> Result<(), StoreError> {
    for account in house.store.take_removed().await? {
        tracing::info!(?account, "the account was removed");
        house.presences.remove(&account, &house.metrics);
    }
    if tidied.is_none_or(|last| last.elapsed() >= TIDY) {
        let (now, timing) = (clock::wall_ms(), house.config.timing);
        let posted_after = before(now, timing.letters);
        house.store.tidy(before(now, timing.pending), before(now, timing.attempts), posted_after).await?;
        house.throttle.sweep();
        *tidied = Some(std::time::Instant::now());
    }
    Ok(())
}
