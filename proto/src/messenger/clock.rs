//! Timers: what is to be done when, on the monotonic clock.
//!
//! There is one of each kind and subject. A timer that no longer matters is let fire; whoever it is for looks again
//! whether there is something to do.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{AccountId, LinkId, Millis};

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// Dial a buddy.
    Dial(AccountId),
    /// A broken link was not mended in time.
    Lost(AccountId),
    /// No receipt came.
    Resend(AccountId),
    /// A typing buddy said nothing more.
    TypingEnds(AccountId),
    /// A link's greeting is overdue.
    Greeting(LinkId),
    /// Close all links to a buddy but the newest.
    Surplus(AccountId),
    /// Publish presence again before it expires.
    RenewPresence,
    /// Look after the key of the day.
    DayKey,
    /// Try a failed save again.
    SaveAgain,
    /// Put what waits for a buddy into their mailbox.
    Post(AccountId),
    /// Make the next of the calls that wait for their turn.
    Mail,
    /// A call without a sender was never answered.
    MailOverdue,
    /// Read the letters that wait.
    ReadMail,
    /// Tell the server which of my letters are safe.
    Collect,
    /// Look after the tokens.
    Tokens,
    /// Give up calls that nothing comes of.
    Calls,
}

#[derive(Debug, Default)]
pub(super) struct Timers {
    order: BTreeSet<(Millis, Timer)>,
    at: BTreeMap<Timer, Millis>,
}

impl Timers {
    /// Sets a timer, where it is not set for an earlier time.
    pub fn set(&mut self, at: Millis, timer: Timer) {
        if self.at(timer).is_none_or(|set| at < set) {
            self.reset(at, timer);
        }
    }

    /// Sets a timer, whenever it was set for.
    pub fn reset(&mut self, at: Millis, timer: Timer) {
        if let Some(before) = self.at.insert(timer, at) {
            self.order.remove(&(before, timer));
        }
        self.order.insert((at, timer));
    }

    /// When a timer will fire.
    pub fn at(&self, timer: Timer) -> Option<Millis> {
        self.at.get(&timer).copied()
    }

    pub fn due(&mut self, now: Millis) -> Option<Timer> {
        let first = *self.order.first()?;
        (first.0 <= now).then(|| {
            self.order.remove(&first);
            self.at.remove(&first.1);
            first.1
        })
    }

    pub fn next(&self) -> Option<Millis> {
        self.order.first().map(|(at, _)| *at)
    }
}
