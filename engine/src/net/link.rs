//! One link: a stream cut into frames, read into the news channel and written from the link's queue.
//!
//! Runs as one task of the Swarm task's `JoinSet`, reading and writing at once and independently. It alone tells of its
//! link, so `LinkUp`, frames and `LinkDown` come in order. Reading waits for room in the news channel, so a link that
//! is not listened to pushes back on its sender by flow control.

use std::{io, pin::pin};

use futures::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt,
    io::{BufReader, BufWriter},
};
use juice_proto::{
    frame,
    id::{DeviceId, LinkId},
};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Limits, NetNews};

/// Room to read ahead, so that many small frames cost one read.
const READ_AHEAD: usize = 16 * 1024;
/// How many bytes of queued frames are put together for one write.
const WRITE_TOGETHER: usize = 16 * 1024;

/// How a link ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// One side closed it between two frames.
    Closed,
    /// The stream or its connection broke.
    Broken,
    /// A length out of range.
    FrameLen,
    /// A frame, or the first one, did not come in time.
    ReadTimeout,
}

/// A link about to run.
pub(super) struct Link {
    pub(super) id: LinkId,
    pub(super) device: DeviceId,
    pub(super) relayed: bool,
    pub(super) queue: mpsc::Receiver<Vec<u8>>,
    pub(super) closing: CancellationToken,
    pub(super) news: mpsc::Sender<NetNews>,
    pub(super) limits: Limits,
}

impl Link {
    /// Tells that the link is up, runs it, and tells that it is down.
    pub(super) async fn run<S>(self, stream: S) -> (LinkId, End)
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let Self { id, device, relayed, queue, closing, news, limits } = self;
        let up = NetNews::LinkUp { link: id, device, relayed };
        // Without anyone to tell there is no one to run for.
        if news.send(up).await.is_err() {
            return (id, End::Closed);
        }
        let end = {
            let (read, write) = stream.split();
            let mut reading = pin!(read_frames(read, id, &news, &closing, limits));
            let writing = pin!(write_frames(write, queue));
            tokio::select! {
                end = &mut reading => end,
                // All is written, or the other side takes no more. In both cases the end of what it sends is worth
                // waiting for: it says that ours has arrived, and it may still have sent a goodbye.
                () = writing => timeout(limits.linger, reading).await.unwrap_or(End::Closed),
                () = overdue(&closing, limits) => End::Closed,
            }
        };
        tracing::debug!(link = id.0, ?end, "link ended");
        let _ = news.send(NetNews::LinkDown(id)).await;
        (id, end)
    }
}

/// Ends when a link that is to close has had its time.
async fn overdue(closing: &CancellationToken, limits: Limits) {
    closing.cancelled().await;
    sleep(limits.linger).await;
}

async fn read_frames<R: AsyncRead + Unpin>(
    stream: R,
    link: LinkId,
    news: &mpsc::Sender<NetNews>,
    closing: &CancellationToken,
    limits: Limits,
) -> End {
    let mut stream = BufReader::with_capacity(READ_AHEAD, stream);
    let mut first = true;
    loop {
        let frame = match next_frame(&mut stream, first, limits).await {
            Ok(frame) => frame,
            Err(end) => return end,
        };
        first = false;
        if closing.is_cancelled() {
            continue;
        }
        tokio::select! {
            biased;
            sent = news.send(NetNews::LinkFrame(link, frame)) => if sent.is_err() {
                return End::Closed;
            },
            () = closing.cancelled() => {}
        }
    }
}

/// The next frame. Only the first one has to begin in time; after that a link may be silent.
async fn next_frame<R: AsyncRead + Unpin>(
    stream: &mut BufReader<R>,
    first: bool,
    limits: Limits,
) -> Result<Vec<u8>, End> {
    if !first && begin(stream).await? == 0 {
        return Err(End::Closed);
    }
    let whole = async {
        if first && begin(stream).await? == 0 {
            return Err(End::Closed);
        }
        let mut header = [0; 4];
        stream.read_exact(&mut header).await.map_err(broken)?;
        let length = frame::length(header).map_err(|_| End::FrameLen)?;
        let mut frame = vec![0; length];
        stream.read_exact(&mut frame).await.map_err(broken)?;
        Ok(frame)
    };
    timeout(limits.frame, whole).await.unwrap_or(Err(End::ReadTimeout))
}

/// Waits for a byte; 0 at the end of the stream.
async fn begin<R: AsyncRead + Unpin>(stream: &mut BufReader<R>) -> Result<usize, End> {
    Ok(stream.fill_buf().await.map_err(broken)?.len())
}

fn broken(_: io::Error) -> End {
    End::Broken
}

/// Writes until the queue is closed and empty, then closes the stream's writing half; or until writing fails.
async fn write_frames<W: AsyncWrite + Unpin>(stream: W, mut queue: mpsc::Receiver<Vec<u8>>) {
    let mut stream = BufWriter::with_capacity(WRITE_TOGETHER, stream);
    while let Some(frame) = queue.recv().await {
        let mut next = Some(frame);
        while let Some(frame) = next {
            if write_frame(&mut stream, &frame).await.is_err() {
                return;
            }
            next = queue.try_recv().ok();
        }
        if stream.flush().await.is_err() {
            return;
        }
    }
    let _ = stream.close().await;
}

async fn write_frame<W: AsyncWrite + Unpin>(stream: &mut W, frame: &[u8]) -> io::Result<()> {
    let header = frame::header(frame.len()).map_err(io::Error::other)?;
    stream.write_all(&header).await?;
    stream.write_all(frame).await
}
