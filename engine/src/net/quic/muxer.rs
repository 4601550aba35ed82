//! One connection, as libp2p wants it: streams both ways. What comes in datagrams is handed on beside them.
//!
//! Polled in the connection's own task of the Swarm, so a peer that floods with either is busy with itself. Datagrams are
//! told of once the Swarm has taken the connection, and no more when it has dropped it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures::{AsyncRead, AsyncWrite, FutureExt, future::BoxFuture};
use juice_proto::id::DeviceId;
use libp2p::{
    PeerId,
    core::muxing::{StreamMuxer, StreamMuxerEvent},
};
use quinn::ConnectionError;

use super::QuicError;
use crate::net::{
    datagrams::{Datagrams, Malformed},
    identity,
};

/// Datagrams that are taken before streams get their turn.
const AT_ONCE: usize = 32;

type Opened = BoxFuture<'static, Result<(quinn::SendStream, quinn::RecvStream), ConnectionError>>;

/// See the module.
pub(in crate::net) struct Muxer {
    connection: quinn::Connection,
    inbound: Option<Opened>,
    outbound: Option<Opened>,
    closed: Option<BoxFuture<'static, ConnectionError>>,
    datagrams: Datagrams,
    reading: Reading,
}

enum Reading {
    /// The Swarm has not polled it yet; whose it is, where that can be a device.
    Untold(Option<DeviceId>),
    Next(DeviceId, BoxFuture<'static, Result<Bytes, ConnectionError>>),
    /// Theirs are not read any more, but ours may go.
    Refused(DeviceId),
    Never,
}

impl Muxer {
    pub(super) fn new(connection: quinn::Connection, peer: &PeerId, datagrams: Datagrams) -> Self {
        let reading = Reading::Untold(identity::device_id(peer));
        Self { connection, inbound: None, outbound: None, closed: None, datagrams, reading }
    }

    fn next_datagram(&self) -> BoxFuture<'static, Result<Bytes, ConnectionError>> {
        let connection = self.connection.clone();
        async move { connection.read_datagram().await }.boxed()
    }

    fn poll_datagrams(&mut self, cx: &mut Context<'_>) {
        if let Reading::Untold(device) = self.reading {
            self.reading = match device {
                Some(device) => {
                    self.datagrams.opened(device, self.connection.clone());
                    Reading::Next(device, self.next_datagram())
                }
                None => Reading::Never,
            };
        }
        for _ in 0..AT_ONCE {
            let Reading::Next(device, next) = &mut self.reading else { return };
            let device = *device;
            let Poll::Ready(came) = next.poll_unpin(cx) else { return };
            self.reading = match came.map(|bytes| self.datagrams.came(device, bytes)) {
                Ok(Ok(())) => Reading::Next(device, self.next_datagram()),
                Ok(Err(Malformed)) | Err(_) => Reading::Refused(device),
            };
        }
        cx.waker().wake_by_ref();
    }
}

impl Drop for Muxer {
    fn drop(&mut self) {
        if let Reading::Next(device, _) | Reading::Refused(device) = self.reading {
            self.datagrams.closed(device, &self.connection);
        }
    }
}

impl StreamMuxer for Muxer {
    type Substream = Stream;
    type Error = QuicError;

    fn poll_inbound(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Stream, QuicError>> {
        let this = self.get_mut();
        let next = this.inbound.get_or_insert_with(|| {
            let connection = this.connection.clone();
            async move { connection.accept_bi().await }.boxed()
        });
        let opened = ready!(next.poll_unpin(cx));
        this.inbound = None;
        Poll::Ready(opened.map(Stream::new).map_err(Into::into))
    }

    fn poll_outbound(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Stream, QuicError>> {
        let this = self.get_mut();
        let next = this.outbound.get_or_insert_with(|| {
            let connection = this.connection.clone();
            async move { connection.open_bi().await }.boxed()
        });
        let opened = ready!(next.poll_unpin(cx));
        this.outbound = None;
        Poll::Ready(opened.map(Stream::new).map_err(Into::into))
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, QuicError>> {
        self.get_mut().poll_datagrams(cx);
        Poll::Pending
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), QuicError>> {
        let this = self.get_mut();
        let closed = this.closed.get_or_insert_with(|| {
            this.connection.close(0_u32.into(), &[]);
            let connection = this.connection.clone();
            async move { connection.closed().await }.boxed()
        });
        // Whatever ended it, it has ended.
        closed.poll_unpin(cx).map(|_| Ok(()))
    }
}

/// One stream.
pub(in crate::net) struct Stream {
    send: quinn::SendStream,
    recv: quinn::RecvStream,
    finished: bool,
}

impl Stream {
    fn new((send, recv): (quinn::SendStream, quinn::RecvStream)) -> Self {
        Self { send, recv, finished: false }
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        AsyncRead::poll_read(Pin::new(&mut self.recv), cx, into)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write(Pin::new(&mut self.send), cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(Pin::new(&mut self.send), cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Asked for again, it is still closed.
        if self.finished {
            return Poll::Ready(Ok(()));
        }
        let closed = ready!(AsyncWrite::poll_close(Pin::new(&mut self.send), cx));
        self.finished = closed.is_ok();
        Poll::Ready(closed)
    }
}
