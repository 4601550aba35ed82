//! The task of a `ServerLink`: connects, has the connection served, and waits before it connects again.

use std::time::{Duration, Instant};

use juice_proto::invite::ServerAddress;
use tokio::{sync::mpsc, time::sleep};

use super::{
    ConnectError, Connection, Outgoing, ServerNews,
    serve::{Done, Order, serve},
};

/// How many frames may wait for the server.
const MAX_QUEUED: usize = 256;
/// The longest wait before an attempt.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// A connection that lasted this long was a good one: the waits begin anew.
const GOOD: Duration = Duration::from_secs(10);

/// See the module.
pub(super) struct Keeper {
    address: ServerAddress,
    news: mpsc::Sender<ServerNews>,
    outgoing: Outgoing,
    orders: mpsc::Receiver<Order>,
}

/// What follows an attempt.
enum Next {
    Again(ConnectError),
    /// After an order to retry.
    Rest,
    End,
}

impl Keeper {
    pub(super) fn new(
        address: ServerAddress,
        news: mpsc::Sender<ServerNews>,
        outgoing: Outgoing,
        orders: mpsc::Receiver<Order>,
    ) -> Self {
        Self { address, news, outgoing, orders }
    }

    /// Runs until stopped, or until nobody listens.
    pub(super) async fn run(mut self, mut adopted: Option<Connection>) {
        let mut attempt = 0u32;
        loop {
            let connected = match adopted.take() {
                Some(connection) => Ok(connection),
                None => self.connect().await,
            };
            let next = match connected {
                Ok(connection) => {
                    let begun = Instant::now();
                    let next = self.up(connection).await;
                    self.outgoing.set(None);
                    if begun.elapsed() >= GOOD {
                        attempt = 0;
                    }
                    next
                }
                Err(next) => next,
            };
            let goes_on = match next {
                Next::Again(why) => {
                    attempt = attempt.saturating_add(1);
                    let down = ServerNews::Down { attempt, why };
                    self.news.send(down).await.is_ok() && self.wait(attempt).await
                }
                Next::Rest => {
                    attempt = 0;
                    self.rest().await
                }
                Next::End => false,
            };
            if !goes_on {
                return;
            }
        }
    }

    async fn connect(&mut self) -> Result<Connection, Next> {
        let opened = {
            let opening = std::pin::pin!(Connection::open(&self.address));
            let order = async {
                loop {
                    match self.orders.recv().await {
                        // Under way already.
                        Some(Order::Retry | Order::Close { again: true }) => {}
                        other => return other,
                    }
                }
            };
            tokio::select! {
                opened = opening => Ok(opened),
                order = order => Err(order),
            }
        };
        match opened {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(why)) => Err(Next::Again(why)),
            Err(Some(Order::Close { .. })) => Err(Next::Rest),
            Err(Some(Order::Retry | Order::Stop) | None) => Err(Next::End),
        }
    }

    async fn up(&mut self, connection: Connection) -> Next {
        let up = ServerNews::Up { nonce: connection.nonce, way: connection.way.clone() };
        // The queue is there before the driver knows, so that its first frame finds it.
        let (queue, frames) = mpsc::channel(MAX_QUEUED);
        self.outgoing.set(Some(queue));
        if self.news.send(up).await.is_err() {
            return Next::End;
        }
        let outgoing = self.outgoing.clone();
        let close = move || outgoing.set(None);
        match serve(connection, frames, &self.news, &mut self.orders, close).await {
            Done::Lost(why) => Next::Again(why),
            Done::Ordered(Order::Close { again: true }) => Next::Again(ConnectError::Lost),
            Done::Ordered(Order::Close { again: false }) => Next::Rest,
            Done::Ordered(Order::Stop | Order::Retry) | Done::Deserted => Next::End,
        }
    }

    /// Waits before an attempt; false if it is not to be made.
    async fn wait(&mut self, attempt: u32) -> bool {
        let waited = sleep(random_part(longest_wait(attempt)));
        tokio::select! {
            () = waited => true,
            order = self.orders.recv() => match order {
                Some(Order::Retry | Order::Close { again: true }) => true,
                Some(Order::Close { again: false }) => self.rest().await,
                Some(Order::Stop) | None => false,
            }
        }
    }

    /// Stays down until told to retry; false if told to end.
    async fn rest(&mut self) -> bool {
        loop {
            match self.orders.recv().await {
                Some(Order::Retry | Order::Close { again: true }) => return true,
                Some(Order::Close { again: false }) => {}
                Some(Order::Stop) | None => return false,
            }
        }
    }
}

/// No wait before the first attempt, then up to 1, 2, 4 ... 60 s.
fn longest_wait(attempt: u32) -> Duration {
    match attempt.checked_sub(2) {
        None => Duration::ZERO,
        Some(doublings) => Duration::from_secs(1 << doublings.min(6)).min(MAX_WAIT),
    }
}

/// A random time between nothing and `whole`: a crowd that lost its server together does not return together.
pub(super) fn random_part(whole: Duration) -> Duration {
    let part = getrandom::u32().unwrap_or(u32::MAX / 2);
    whole.mul_f64(f64::from(part) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_minute() {
        let waits: Vec<u64> = (1..=9).map(|n| longest_wait(n).as_secs()).collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(longest_wait(u32::MAX), MAX_WAIT);
        assert!(random_part(MAX_WAIT) <= MAX_WAIT);
    }
}
