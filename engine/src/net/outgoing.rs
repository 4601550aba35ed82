//! The queues of frames to write, by link: the one thing that the driver and the Swarm's task share.
//!
//! The driver sends and closes; the Swarm's task adds links and takes them away. The lock is held for a look-up and a
//! `try_send`, never across an await.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use juice_proto::id::LinkId;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio_util::sync::CancellationToken;

use super::Full;
use crate::lock::lock;

/// How many frames may wait on one link.
const MAX_QUEUED: usize = 256;

/// The near end of a link.
#[derive(Debug)]
struct Lane {
    queue: mpsc::Sender<Vec<u8>>,
    closing: CancellationToken,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Outgoing(Arc<Mutex<HashMap<LinkId, Lane>>>);

impl Outgoing {
    /// Adds a link: its queue, and the sign that it is to close.
    pub(super) fn add(&self, link: LinkId) -> (mpsc::Receiver<Vec<u8>>, CancellationToken) {
        let (queue, frames) = mpsc::channel(MAX_QUEUED);
        let closing = CancellationToken::new();
        let lane = Lane { queue, closing: closing.clone() };
        self.lanes().insert(link, lane);
        (frames, closing)
    }

    /// Queues a frame; one for a link that is gone is dropped.
    pub(super) fn send(&self, link: LinkId, frame: Vec<u8>) -> Result<(), Full> {
        match self.lanes().get(&link).map(|lane| lane.queue.try_send(frame)) {
            None | Some(Ok(()) | Err(TrySendError::Closed(_))) => Ok(()),
            Some(Err(TrySendError::Full(_))) => Err(Full),
        }
    }

    /// Takes a link away: its task writes what is queued and ends.
    pub(super) fn close(&self, link: LinkId) {
        if let Some(lane) = self.lanes().remove(&link) {
            lane.closing.cancel();
        }
    }

    /// Takes all links away.
    pub(super) fn close_all(&self) {
        for (_, lane) in self.lanes().drain() {
            lane.closing.cancel();
        }
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<LinkId, Lane>> {
        lock(&self.0)
    }
}
