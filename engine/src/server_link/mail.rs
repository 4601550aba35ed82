//! The postman: calls that need no session, on a connection of their own that says nothing of who makes them.
//!
//! The server learns for whom a letter is, not from whom: so letters don't go by the connection on which a session is
//! open. One task; it connects when there is something to do, makes the calls in order, and hangs up when there was
//! nothing for a while. What could not be done is answered with nothing, and whoever asked decides when to ask again.

use std::time::Duration;

use juice_proto::{
    invite::ServerAddress,
    server::{Answer, Call},
};
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    task::JoinHandle,
    time::timeout,
};

use super::{Connection, Full};

/// How many calls may wait.
const MAX_CALLS: usize = 64;
/// How long a connection is kept without a call.
const IDLE: Duration = Duration::from_secs(10);

/// What a call came to: its number, and the answer; none where the server could not be reached or broke off.
pub type MailNews = (u64, Option<Answer>);

/// The way to the postman, who goes home when this is dropped.
#[derive(Debug)]
pub struct Mail {
    calls: mpsc::Sender<(u64, Call)>,
    task: JoinHandle<()>,
}

impl Mail {
    /// Starts the task; it connects to nobody before the first call. Answers go to `news`, one for each call, in order.
    pub fn start(address: ServerAddress, news: mpsc::Sender<MailNews>) -> Self {
        let (calls, queue) = mpsc::channel(MAX_CALLS);
        Self { calls, task: tokio::spawn(run(address, queue, news)) }
    }

    /// Makes a call, after those before it. Never waits.
    ///
    /// # Errors
    /// [`Full`] when 64 calls wait already; then there is no answer.
    pub fn call(&self, number: u64, call: Call) -> Result<(), Full> {
        match self.calls.try_send((number, call)) {
            // A postman who is gone is one whose profile is being closed.
            Ok(()) | Err(TrySendError::Closed(_)) => Ok(()),
            Err(TrySendError::Full(_)) => Err(Full),
        }
    }
}

impl Drop for Mail {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(address: ServerAddress, mut queue: mpsc::Receiver<(u64, Call)>, news: mpsc::Sender<MailNews>) {
    let mut connection = None;
    loop {
        let next = match &connection {
            Some(_) => timeout(IDLE, queue.recv()).await,
            None => Ok(queue.recv().await),
        };
        let (number, call) = match next {
            Ok(Some(next)) => next,
            Ok(None) => return,
            Err(_) => {
                connection = None;
                continue;
            }
        };
        let answer = make(&mut connection, &address, &call).await;
        if news.send((number, answer)).await.is_err() {
            return;
        }
    }
}

/// Makes a call on the connection that there is, or on a new one where there is none or it turns out to be dead.
async fn make(connection: &mut Option<Connection>, address: &ServerAddress, call: &Call) -> Option<Answer> {
    let kept = connection.is_some();
    for _ in 0..=u8::from(kept) {
        if connection.is_none() {
            *connection = Connection::open(address).await.map_err(|error| tracing::debug!(%error, "no post")).ok();
        }
        match connection.as_mut()?.call(call, None).await {
            Ok(answered) => return Some(answered.answer),
            Err(error) => {
                tracing::debug!(%error, "a call by post failed");
                *connection = None;
            }
        }
    }
    None
}
