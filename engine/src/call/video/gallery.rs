//! The way in: streams that others open for a picture each, read whole and given to the call that they are for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use futures::{AsyncReadExt, AsyncWriteExt};
use juice_proto::{
    id::{CallId, DeviceId},
    media::{self, MAX_VIDEO_PACKET},
};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use super::VideoIn;
use crate::{
    lock::lock,
    net::{Door, PeerStream},
};

/// How long a stream may stand by until its picture begins.
const STANDING_BY: Duration = Duration::from_secs(120);
/// How long a picture may take from its first byte to its last.
const WHOLE: Duration = Duration::from_secs(5);
/// The beginning of a call's id goes before the packet.
const MOST: usize = MAX_VIDEO_PACKET + 8;

type Calls = HashMap<CallId, (DeviceId, Weak<VideoIn>)>;

/// Which calls take pictures, and from which device.
#[derive(Clone, Default)]
pub(in crate::call) struct Gallery(Arc<Mutex<Calls>>);

impl Gallery {
    /// Lets pictures of a call in from now on, until this is dropped.
    pub fn expect(&self, call: CallId, device: DeviceId, pictures: &Arc<VideoIn>) {
        let mut calls = lock(&self.0);
        calls.retain(|_, (_, pictures)| pictures.strong_count() > 0);
        calls.insert(call, (device, Arc::downgrade(pictures)));
    }

    /// Reads what others open until the net is gone.
    pub async fn run(self, mut accepted: mpsc::Receiver<PeerStream>, door: Door) {
        let mut streams = JoinSet::new();
        while let Some(stream) = accepted.recv().await {
            while streams.try_join_next().is_some() {}
            streams.spawn(self.clone().read(stream, door.clone()));
        }
    }

    async fn read(self, mut stream: PeerStream, door: Door) {
        let mut bytes = vec![0; 1];
        // Streams are opened ahead, so that no picture waits for one.
        if !matches!(timeout(STANDING_BY, stream.read_exact(&mut bytes)).await, Ok(Ok(()))) {
            return;
        }
        let device = stream.device;
        let rest = timeout(WHOLE, (&mut stream).take(MOST as u64).read_to_end(&mut bytes)).await;
        if !matches!(rest, Ok(Ok(_))) {
            return;
        }
        let Ok((mark, packet)) = media::of_video_stream(&mut bytes) else { return door.strike(device) };
        let is_meant = |(call, (with, _)): &(&CallId, &(DeviceId, _))| mark.is_of(call) && *with == device;
        let pictures = lock(&self.0).iter().find(is_meant).and_then(|(_, (_, pictures))| pictures.upgrade());
        if let Some(pictures) = pictures {
            pictures.take(packet);
        }
        // By this the sender knows that it has come.
        let _ = timeout(WHOLE, stream.close()).await;
    }
}
