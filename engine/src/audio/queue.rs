//! A bounded queue between a thread of the corridor and a task: the oldest goes when it is full, and is counted.
//!
//! What is live is worth less the older it is, so nobody ever waits to put something in. Both ends may be on any thread;
//! the lock is held for a few instructions and never taken in a callback of a sound card.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::Notify;

use crate::lock::lock;

/// Makes a queue that holds at most `bound` things.
pub(super) fn newest<T>(bound: usize) -> (Giver<T>, Taker<T>) {
    let line = Line { waiting: VecDeque::with_capacity(bound), lost: 0, closed: false };
    let shared = Arc::new(Shared { line: Mutex::new(line), bound, came: Notify::new() });
    (Giver { shared: Arc::clone(&shared) }, Taker { shared })
}

#[derive(Debug)]
struct Shared<T> {
    line: Mutex<Line<T>>,
    bound: usize,
    came: Notify,
}

#[derive(Debug)]
struct Line<T> {
    waiting: VecDeque<T>,
    lost: u64,
    closed: bool,
}

impl<T> Shared<T> {
    fn line(&self) -> MutexGuard<'_, Line<T>> {
        lock(&self.line)
    }
}

/// The end that puts in. Dropping it ends the queue, once what waits has been taken.
#[derive(Debug)]
pub(super) struct Giver<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Giver<T> {
    /// Never waits: where the queue is full, the oldest is lost.
    pub(super) fn give(&self, thing: T) {
        let mut line = self.shared.line();
        if line.waiting.len() >= self.shared.bound {
            line.waiting.pop_front();
            line.lost += 1;
        }
        line.waiting.push_back(thing);
        drop(line);
        self.shared.came.notify_one();
    }
}

impl<T> Drop for Giver<T> {
    fn drop(&mut self) {
        self.shared.line().closed = true;
        self.shared.came.notify_one();
    }
}

/// The end that takes out.
#[derive(Debug)]
pub(super) struct Taker<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Taker<T> {
    /// The next thing, or `None` when there will be none. May be cancelled at any time: nothing is lost by it.
    pub(super) async fn take(&mut self) -> Option<T> {
        loop {
            {
                let mut line = self.shared.line();
                if let Some(thing) = line.waiting.pop_front() {
                    return Some(thing);
                }
                if line.closed {
                    return None;
                }
            }
            self.shared.came.notified().await;
        }
    }

    /// What is there already, without waiting.
    pub(super) fn try_take(&mut self) -> Option<T> {
        self.shared.line().waiting.pop_front()
    }

    /// How many were lost since the start because nobody took them in time.
    pub(super) fn lost(&self) -> u64 {
        self.shared.line().lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_loses_its_oldest_and_counts_it() {
        let (giver, mut taker) = newest(2);
        for number in 1..=5 {
            giver.give(number);
        }
        assert_eq!(taker.lost(), 3);
        assert_eq!((taker.try_take(), taker.try_take(), taker.try_take()), (Some(4), Some(5), None));
    }

    #[tokio::test]
    async fn what_waits_is_taken_before_the_end_is_told() {
        let (giver, mut taker) = newest(2);
        giver.give(1);
        drop(giver);
        assert_eq!(taker.take().await, Some(1));
        assert_eq!(taker.take().await, None);
    }
}
