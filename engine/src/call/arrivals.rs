//! The way in: datagrams, and streams that others open for a call, each read in a task of its own.
//!
//! A datagram names its call; one for a call that is not here, or with another device, is dropped.
//! A stream says first which call it is for. One for a call that is not here yet is kept for a moment, since the voice
//! of who answers may overtake the answer; one for a call that is over, or with another device, is closed unread.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, Weak},
    time::Duration,
};

use futures::AsyncReadExt;
use juice_proto::{
    frame,
    id::{CallId, DeviceId},
    media::{self, MediaHello},
};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinSet,
    time::timeout,
};

use super::inbox::Inbox;
use crate::{
    lock::lock,
    net::{Catch, Door, Malformed, PeerStream},
};

/// How long the first frame may take.
const HELLO: Duration = Duration::from_secs(5);
/// How long a stream waits for its call.
const EARLY: Duration = Duration::from_secs(3);

/// Which calls take packets, and from which device.
#[derive(Clone, Default)]
pub(super) struct Arrivals(Arc<Open>);

#[derive(Default)]
struct Open {
    inboxes: Mutex<HashMap<CallId, (DeviceId, Weak<Inbox>)>>,
    changed: Notify,
}

impl Arrivals {
    /// Lets packets of a call in from now on, until the inbox is dropped.
    pub fn expect(&self, call: CallId, device: DeviceId, inbox: &Arc<Inbox>) {
        let mut inboxes = self.0.inboxes();
        inboxes.retain(|_, (_, inbox)| inbox.strong_count() > 0);
        inboxes.insert(call, (device, Arc::downgrade(inbox)));
        drop(inboxes);
        self.0.changed.notify_waiters();
    }

    /// Takes datagrams, and reads what others open until the net is gone.
    pub async fn run(self, mut accepted: mpsc::Receiver<PeerStream>, door: Door) {
        let open = Arc::downgrade(&self.0);
        door.give_datagrams(open);
        let mut streams = JoinSet::new();
        while let Some(stream) = accepted.recv().await {
            while streams.try_join_next().is_some() {}
            streams.spawn(self.clone().read(stream, door.clone()));
        }
    }

    async fn read(self, mut stream: PeerStream, door: Door) {
        let device = stream.device;
        let hello = match timeout(HELLO, read_hello(&mut stream)).await {
            Ok(Some(hello)) => hello,
            Ok(None) => return door.strike(device),
            Err(_) => return,
        };
        let Ok(inbox) = timeout(EARLY, self.inbox(&hello.call, &device)).await else {
            return tracing::debug!("a stream for a call that is not here");
        };
        let mut packet = Vec::new();
        loop {
            let mut header = [0; 2];
            if stream.read_exact(&mut header).await.is_err() {
                return;
            }
            let Ok(length) = media::length(header) else { return door.strike(device) };
            packet.resize(length, 0);
            if stream.read_exact(&mut packet).await.is_err() {
                return;
            }
            let Some(inbox) = inbox.upgrade() else { return };
            inbox.take(&mut packet);
        }
    }

    /// Waits until there is such a call.
    async fn inbox(&self, call: &CallId, device: &DeviceId) -> Weak<Inbox> {
        loop {
            let mut changed = std::pin::pin!(self.0.changed.notified());
            changed.as_mut().enable();
            if let Some((_, inbox)) = self.0.inboxes().get(call).filter(|(expected, _)| expected == device) {
                return Weak::clone(inbox);
            }
            changed.await;
        }
    }
}

impl Open {
    fn inboxes(&self) -> MutexGuard<'_, HashMap<CallId, (DeviceId, Weak<Inbox>)>> {
        lock(&self.inboxes)
    }
}

#[cfg(test)]
impl Arrivals {
    /// As if the net had brought it.
    pub fn catch(&self, device: DeviceId, datagram: &[u8]) -> Result<(), Malformed> {
        self.0.catch(device, datagram)
    }
}

impl Catch for Open {
    fn catch(&self, device: DeviceId, datagram: &[u8]) -> Result<(), Malformed> {
        let Some((mark, packet)) = media::of_datagram(datagram).map_err(|_| Malformed)? else { return Ok(()) };
        let is_meant = |(call, (with, _)): &(&CallId, &(DeviceId, _))| mark.is_of(call) && *with == device;
        let inbox = self.inboxes().iter().find(is_meant).and_then(|(_, (_, inbox))| inbox.upgrade());
        if let Some(inbox) = inbox {
            inbox.take(&mut packet.to_vec());
        }
        Ok(())
    }
}

async fn read_hello(stream: &mut PeerStream) -> Option<MediaHello> {
    let mut header = [0; 4];
    stream.read_exact(&mut header).await.ok()?;
    let length = frame::length(header).ok().filter(|length| *length <= media::MAX_PACKET)?;
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await.ok()?;
    frame::decode(&bytes).ok()
}
