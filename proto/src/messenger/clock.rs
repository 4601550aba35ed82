//! Timers: what is to be done when, on the monotonic clock.
//!
//! A timer that no longer matters is let fire; whoever it is for looks again whether there is something to do.

use std::collections::BTreeSet;

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
}

#[derive(Debug, Default)]
pub(super) struct Timers(BTreeSet<(Millis, Timer)>);

impl Timers {
    pub fn set(&mut self, at: Millis, timer: Timer) {
        self.0.insert((at, timer));
    }

    /// Sets a timer in place of all of its kind and subject.
    pub fn reset(&mut self, at: Millis, timer: Timer) {
        self.0.retain(|(_, other)| *other != timer);
        self.set(at, timer);
    }

    pub fn due(&mut self, now: Millis) -> Option<Timer> {
        let first = *self.0.first()?;
        (first.0 <= now).then(|| {
            self.0.remove(&first);
            first.1
        })
    }

    pub fn next(&self) -> Option<Millis> {
        self.0.first().map(|(at, _)| *at)
    }
}
