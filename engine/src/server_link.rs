//! The WebSocket to the rendezvous server.
//!
//! A [`Connection`] is one socket whose far end has proven the server's key; calls can be made on it before there is a
//! session (to register, or to move to a new device). A [`ServerLink`] keeps such a connection up for the driver: whole
//! frames go out through its queue and come in as [`ServerNews`], and it comes back by itself when the server goes away.
//! One task runs each link. When the news channel is full the link stops reading, and the server waits.

mod connection;
mod keeper;
mod ladder;
mod mail;
mod proxy;
mod serve;
mod tls;

use std::sync::{Arc, Mutex};

use juice_proto::{invite::ServerAddress, server::Nonce};
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    task::JoinHandle,
    time::timeout,
};

pub use self::{
    connection::{Answered, Connection},
    mail::{Mail, MailNews},
    proxy::Proxies,
};
use self::{
    keeper::Keeper,
    serve::{Order, STOP_FLUSH},
};

use crate::lock::lock;

/// How many orders may wait; each is done at once but while a flush is under way.
const MAX_ORDERS: usize = 16;

/// The way by which a connection got through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the port in the address.
    Direct(u16),
    /// To port 443 instead.
    Port443,
    /// Through this HTTP proxy (host and port).
    Proxy(String),
}

/// Why there is no connection, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// No way leads there: try again later, or check the address and the network.
    #[error("the server can't be reached")]
    Unreachable,
    /// Someone else answers: the address is wrong, or someone sits in between. Trust nothing from there.
    #[error("whoever answers is not the server that the address names")]
    Impostor,
    /// Something answers, with this HTTP status: a proxy in front of the server, or the server is overloaded.
    #[error("refused with status {0}")]
    Refused(u16),
    /// The connection broke, or the server said what does not parse: connect again.
    #[error("the connection broke")]
    Lost,
}

/// What the link tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerNews {
    /// A connection is up, its far end proven. Said for an adopted connection too.
    Up {
        /// The connection's nonce.
        nonce: Nonce,
        /// How it got through.
        way: Way,
    },
    /// A frame came.
    Frame(Vec<u8>),
    /// The connection is gone, or could not be made; another attempt follows after a wait.
    Down {
        /// Which attempt comes next, from 1.
        attempt: u32,
        /// What happened.
        why: ConnectError,
    },
}

/// The queue to the server is full: it takes frames more slowly than they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue to the server is full")]
pub struct Full;

/// The queue of the connection that is up; none while there is none. The lock is held for a `try_send`.
#[derive(Clone, Debug, Default)]
struct Outgoing(Arc<Mutex<Option<mpsc::Sender<Vec<u8>>>>>);

impl Outgoing {
    fn set(&self, queue: Option<mpsc::Sender<Vec<u8>>>) {
        *lock(&self.0) = queue;
    }

    fn send(&self, bytes: Vec<u8>) -> Result<(), Full> {
        let queue = lock(&self.0);
        match queue.as_ref().map(|queue| queue.try_send(bytes)) {
            None | Some(Ok(()) | Err(TrySendError::Closed(_))) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(Full),
        }
    }
}

/// A link to a server that is kept up; it ends when dropped.
#[derive(Debug)]
pub struct ServerLink {
    outgoing: Outgoing,
    orders: mpsc::Sender<Order>,
    task: JoinHandle<()>,
}

impl ServerLink {
    /// Connects, and connects again whenever the connection is lost: at once, then after a random part of 1, 2, 4 ...
    /// 60 s. Proxies are those of the environment.
    pub fn start(address: ServerAddress, news: mpsc::Sender<ServerNews>) -> Self {
        Self::spawn(None, address, news)
    }

    /// Goes on with a connection on which a session was opened.
    pub fn adopt(connection: Connection, address: ServerAddress, news: mpsc::Sender<ServerNews>) -> Self {
        Self::spawn(Some(connection), address, news)
    }

    fn spawn(connection: Option<Connection>, address: ServerAddress, news: mpsc::Sender<ServerNews>) -> Self {
        let outgoing = Outgoing::default();
        let (orders, inbox) = mpsc::channel(MAX_ORDERS);
        let keeper = Keeper::new(address, news, outgoing.clone(), inbox);
        Self { outgoing, orders, task: tokio::spawn(keeper.run(connection)) }
    }

    /// Queues a frame. While there is no connection it is dropped, since it would mean nothing on the next one.
    ///
    /// # Errors
    /// [`Full`] when 256 frames wait already.
    pub fn send(&self, bytes: Vec<u8>) -> Result<(), Full> {
        self.outgoing.send(bytes)
    }

    /// Drops the connection after what was sent on it. Where `again` is false the link stays down, silently, until
    /// [`ServerLink::retry_now`].
    pub fn close(&self, again: bool) {
        self.order(Order::Close { again });
    }

    /// Ends the wait before the next attempt, as when the network came back.
    pub fn retry_now(&self) {
        self.order(Order::Retry);
    }

    /// Writes what was sent and ends; takes half a second at most.
    pub async fn stop(mut self) {
        self.order(Order::Stop);
        if timeout(STOP_FLUSH, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::warn!(?order, "the server link is busy, an order is dropped");
        }
    }
}

impl Drop for ServerLink {
    fn drop(&mut self) {
        self.task.abort();
    }
}
