//! A connection at work: frames in, frames out, and pings, until it is lost or the driver has enough of it.

use std::{
    pin::pin,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::Duration,
};

use futures::{Sink, SinkExt, Stream, StreamExt};
use tokio::{
    sync::{Notify, mpsc},
    time::{sleep, timeout},
};
use tokio_tungstenite::tungstenite::{self, Message};

use super::{ConnectError, Connection, ServerNews, connection::next_frame, keeper::random_part};

/// Between two pings: this, and up to a sixth more or less, so that clients don't fall into step.
const PING: Duration = Duration::from_secs(25);
const PING_JITTER: Duration = Duration::from_secs(10);
/// How many pings in a row may find the server silent.
const MAX_MISSED: u32 = 2;
/// How long a connection that is to close may take to write what was sent.
pub(super) const STOP_FLUSH: Duration = Duration::from_millis(500);

/// What the driver asks of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Close { again: bool },
    Retry,
    Stop,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Lost(ConnectError),
    Ordered(Order),
    /// Nobody listens any more.
    Deserted,
}

/// Serves until the connection is lost or an order (other than to retry) comes. `close` is called when one has come:
/// it closes the queue, so that what is in it is written and no more.
pub(super) async fn serve(
    connection: Connection,
    mut queue: mpsc::Receiver<Vec<u8>>,
    news: &mpsc::Sender<ServerNews>,
    orders: &mut mpsc::Receiver<Order>,
    close: impl FnOnce(),
) -> Done {
    let Connection { socket, early, .. } = connection;
    for frame in early {
        if news.send(ServerNews::Frame(frame)).await.is_err() {
            return Done::Deserted;
        }
    }
    let (sink, stream) = socket.split();
    let (silent, ping) = (AtomicU32::new(0), Notify::new());
    let closing = AtomicBool::new(false);
    let mut reading = pin!(read(stream, news, &silent, &closing));
    let mut writing = pin!(write(sink, &mut queue, &ping));
    let order = tokio::select! {
        done = &mut reading => return done,
        error = &mut writing => return Done::Lost(error),
        () = watch(&silent, &ping) => return Done::Lost(ConnectError::Lost),
        order = next_order(orders) => order,
    };
    close();
    closing.store(true, Ordering::Relaxed);
    // A socket that is closed with bytes unread takes back what it has just written, so the server's goodbye is
    // waited for.
    let _ = timeout(STOP_FLUSH, async { tokio::join!(writing, reading) }).await;
    order.map_or(Done::Deserted, Done::Ordered)
}

async fn next_order(orders: &mut mpsc::Receiver<Order>) -> Option<Order> {
    loop {
        match orders.recv().await {
            Some(Order::Retry) => {}
            order => return order,
        }
    }
}

async fn read<S>(mut stream: S, news: &mpsc::Sender<ServerNews>, silent: &AtomicU32, closing: &AtomicBool) -> Done
where
    S: Stream<Item = tungstenite::Result<Message>> + Unpin,
{
    let mut stream = (&mut stream).inspect(|_| silent.store(0, Ordering::Relaxed));
    loop {
        match next_frame(&mut stream).await {
            Ok(_) if closing.load(Ordering::Relaxed) => {}
            Ok(frame) => {
                if news.send(ServerNews::Frame(frame)).await.is_err() {
                    return Done::Deserted;
                }
            }
            Err(error) => return Done::Lost(error),
        }
    }
}

async fn write<S>(mut sink: S, queue: &mut mpsc::Receiver<Vec<u8>>, ping: &Notify) -> ConnectError
where
    S: Sink<Message> + Unpin,
{
    loop {
        let mut next = tokio::select! {
            frame = queue.recv() => match frame {
                Some(frame) => Some(Message::binary(frame)),
                None => {
                    let _ = sink.close().await;
                    return ConnectError::Lost;
                }
            },
            () = ping.notified() => Some(Message::Ping(Default::default())),
        };
        while let Some(message) = next {
            if sink.feed(message).await.is_err() {
                return ConnectError::Lost;
            }
            next = queue.try_recv().ok().map(Message::binary);
        }
        if sink.flush().await.is_err() {
            return ConnectError::Lost;
        }
    }
}

/// Has the server pinged; ends when it was silent for too long.
async fn watch(silent: &AtomicU32, ping: &Notify) {
    loop {
        sleep(PING + random_part(PING_JITTER)).await;
        if silent.fetch_add(1, Ordering::Relaxed) >= MAX_MISSED {
            return;
        }
        ping.notify_one();
    }
}
