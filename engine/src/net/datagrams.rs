//! Datagrams beside the streams: which connection to a device can carry them, and who takes those that come.
//!
//! Shared by the transport, which tells of connections, and whoever holds a [`Door`](super::Door). What comes is handed
//! on in the task of its connection, without a queue, so one who floods is in nobody's way. Nothing here waits.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
};

use bytes::Bytes;
use juice_proto::id::DeviceId;
use tokio::sync::mpsc;

use super::task::Order;
use crate::lock::lock;

/// What came is not what may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a datagram that is none of ours")]
pub struct Malformed;

/// Who takes datagrams.
pub trait Catch: Send + Sync {
    /// Takes one of this device; in the task of its connection, so it must not wait.
    ///
    /// # Errors
    /// [`Malformed`] counts against the device, and no more is read on that connection.
    fn catch(&self, device: DeviceId, datagram: &[u8]) -> Result<(), Malformed>;
}

/// See the module. Clones are the same.
#[derive(Clone)]
pub(super) struct Datagrams(Arc<Shared>);

struct Shared {
    /// The direct connections of each device, oldest first.
    ways: Mutex<HashMap<DeviceId, Vec<quinn::Connection>>>,
    catcher: Mutex<Option<Weak<dyn Catch>>>,
    orders: mpsc::Sender<Order>,
}

impl Datagrams {
    /// Strikes go to the Swarm's task.
    pub(super) fn new(orders: mpsc::Sender<Order>) -> Self {
        Self(Arc::new(Shared { ways: Mutex::default(), catcher: Mutex::default(), orders }))
    }

    /// A connection is there.
    pub(super) fn opened(&self, device: DeviceId, connection: quinn::Connection) {
        lock(&self.0.ways).entry(device).or_default().push(connection);
    }

    /// It is gone.
    pub(super) fn closed(&self, device: DeviceId, connection: &quinn::Connection) {
        let mut ways = lock(&self.0.ways);
        if let Some(theirs) = ways.get_mut(&device) {
            theirs.retain(|other| other.stable_id() != connection.stable_id());
            if theirs.is_empty() {
                ways.remove(&device);
            }
        }
    }

    /// One came.
    pub(super) fn came(&self, device: DeviceId, datagram: Bytes) -> Result<(), Malformed> {
        let catcher = lock(&self.0.catcher).as_ref().and_then(Weak::upgrade);
        // While nobody takes them they are lost.
        let taken = catcher.map_or(Ok(()), |catcher| catcher.catch(device, &datagram));
        if taken.is_err() && self.0.orders.try_send(Order::Strike(device)).is_err() {
            tracing::warn!("the net has too much to do, a strike is dropped");
        }
        taken
    }

    /// Those that come from now on go there.
    pub(super) fn give_to(&self, catcher: Weak<dyn Catch>) {
        *lock(&self.0.catcher) = Some(catcher);
    }

    /// Sends one on the newest connection that can carry it, now or never; false where there is none.
    pub(super) fn send(&self, device: &DeviceId, datagram: Vec<u8>) -> bool {
        let datagram = Bytes::from(datagram);
        let ways = lock(&self.0.ways);
        let mut newest = ways.get(device).into_iter().flatten().rev();
        newest.any(|connection| connection.send_datagram(datagram.clone()).is_ok())
    }
}

impl std::fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Datagrams(..)")
    }
}
