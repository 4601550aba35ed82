//! A bounded queue between two threads, or a thread and a task: the oldest goes when it is full, and is counted.
//!
//! What is live is worth less the older it is, so nobody ever waits to put something in. With a bound of one it is the
//! single slot that a camera, an encoder and a painter have between them: the newest picture wins. The lock is held for a
//! few instructions, and never taken in a callback of a sound card.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::lock::lock;

/// Makes a queue that holds at most `bound` things.
pub(crate) fn newest<T>(bound: usize) -> (Giver<T>, Taker<T>) {
    let line = Line { waiting: VecDeque::with_capacity(bound), lost: 0, closed: false };
    let shared = Shared { line: Mutex::new(line), bound, came: Notify::new(), stirred: Condvar::new() };
    let shared = Arc::new(shared);
    (Giver { shared: Arc::clone(&shared) }, Taker { shared })
}

#[derive(Debug)]
struct Shared<T> {
    line: Mutex<Line<T>>,
    bound: usize,
    came: Notify,
    stirred: Condvar,
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

    fn tell(&self) {
        self.came.notify_one();
        self.stirred.notify_one();
    }
}

/// The end that puts in. Dropping it ends the queue, once what waits has been taken.
#[derive(Debug)]
pub(crate) struct Giver<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Giver<T> {
    /// Never waits: where the queue is full, the oldest is lost.
    pub(crate) fn give(&self, thing: T) {
        let mut line = self.shared.line();
        if line.waiting.len() >= self.shared.bound {
            line.waiting.pop_front();
            line.lost += 1;
        }
        line.waiting.push_back(thing);
        drop(line);
        self.shared.tell();
    }

    /// Looks at what waits, and may put in or take out; the bound is the caller's affair. What is taken out is lost.
    pub(crate) fn arrange<R>(&self, arrange: impl FnOnce(&mut VecDeque<T>) -> R) -> R {
        let mut line = self.shared.line();
        let result = arrange(&mut line.waiting);
        let is_any = !line.waiting.is_empty();
        drop(line);
        if is_any {
            self.shared.tell();
        }
        result
    }

    /// Whether nobody takes any more.
    pub(crate) fn is_deserted(&self) -> bool {
        Arc::strong_count(&self.shared) < 2
    }
}

impl<T> Drop for Giver<T> {
    fn drop(&mut self) {
        self.shared.line().closed = true;
        self.shared.tell();
    }
}

/// What came of waiting.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wait<T> {
    Came(T),
    Nothing,
    /// There will be no more.
    End,
}

/// The end that takes out.
#[derive(Debug)]
pub(crate) struct Taker<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Taker<T> {
    /// The next thing, or `None` when there will be none. May be cancelled at any time: nothing is lost by it.
    pub(crate) async fn take(&mut self) -> Option<T> {
        loop {
            match self.look() {
                Wait::Came(thing) => return Some(thing),
                Wait::End => return None,
                Wait::Nothing => self.shared.came.notified().await,
            }
        }
    }

    /// What is there already, without waiting.
    pub(crate) fn try_take(&mut self) -> Option<T> {
        self.shared.line().waiting.pop_front()
    }

    /// Blocks for at most so long.
    pub(crate) fn wait(&mut self, patience: Duration) -> Wait<T> {
        let deadline = Instant::now() + patience;
        let mut line = self.shared.line();
        loop {
            if let Some(thing) = line.waiting.pop_front() {
                return Wait::Came(thing);
            }
            if line.closed {
                return Wait::End;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Wait::Nothing;
            }
            (line, _) = self.shared.stirred.wait_timeout(line, left).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn look(&self) -> Wait<T> {
        let mut line = self.shared.line();
        match line.waiting.pop_front() {
            Some(thing) => Wait::Came(thing),
            None if line.closed => Wait::End,
            None => Wait::Nothing,
        }
    }

    /// How many were lost since the start because nobody took them in time.
    pub(crate) fn lost(&self) -> u64 {
        self.shared.line().lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_keeps_the_newest_and_counts_what_it_lost() {
        let (giver, mut taker) = newest(1);
        for number in 1..=3 {
            giver.give(number);
        }
        assert_eq!((taker.try_take(), taker.try_take(), taker.lost()), (Some(3), None, 2));
    }

    #[test]
    fn a_full_queue_loses_its_oldest_and_counts_it() {
        let (giver, mut taker) = newest(2);
        for number in 1..=5 {
            giver.give(number);
        }
        assert_eq!(taker.lost(), 3);
        assert_eq!((taker.try_take(), taker.try_take(), taker.try_take()), (Some(4), Some(5), None));
    }

    #[test]
    fn a_thread_that_waits_hears_of_what_comes_of_the_end_and_of_nothing() {
        let (giver, mut taker) = newest(1);
        assert_eq!(taker.wait(Duration::from_millis(1)), Wait::Nothing);
        let thread = std::thread::spawn(move || (taker.wait(Duration::from_secs(60)), taker));
        giver.give(7);
        let (came, mut taker) = thread.join().unwrap();
        assert_eq!(came, Wait::Came(7));
        drop(giver);
        assert_eq!(taker.wait(Duration::from_secs(60)), Wait::End);
    }

    #[tokio::test]
    async fn a_task_takes_what_waits_before_the_end_is_told() {
        let (giver, mut taker) = newest(2);
        giver.give(1);
        drop(giver);
        assert_eq!((taker.take().await, taker.take().await), (Some(1), None));
    }

    #[test]
    fn the_giver_knows_when_nobody_takes_any_more() {
        let (giver, taker) = newest::<u8>(1);
        assert!(!giver.is_deserted());
        drop(taker);
        assert!(giver.is_deserted());
    }
}
