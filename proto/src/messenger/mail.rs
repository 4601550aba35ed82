//! The mailbox: what is said to someone who is away goes into a letter, and what came by letter is read.
//!
//! `tokens` is who may post to me, `posting` what I leave for others, `withdrawing` what I take back, `collecting` what
//! others left for me. Calls that must not say who makes them go out one at a time and slowly enough for the server, so
//! what is said meanwhile goes into the next letter together.

mod collecting;
mod posting;
mod tokens;
mod withdrawing;

use std::collections::{BTreeSet, VecDeque};

pub(super) use self::withdrawing::Withdrawing;
use self::{
    collecting::{Arrived, Reading},
    posting::Bundle,
};
use super::{Messenger, Output, clock::Timer, record::Change};
use crate::{
    content::Seq,
    id::{AccountId, MessageId, Millis},
    letter::LetterId,
    server::{Answer, Call, Refusal},
    view::Waiting,
};

/// How long words wait for more words before they go into a letter.
const GATHER: Millis = 1_500;
/// After this long without an answer a call counts as lost.
const OVERDUE: Millis = 60_000;
/// The first wait after a call that reached nobody; doubles up to a minute.
const FIRST_PAUSE: Millis = 2_000;
const MAX_PAUSE: Millis = 60_000;
/// The longest that a server's "slow down" is heeded.
const MAX_SLOW_DOWN: Millis = 10 * 60 * 1000;
/// The server takes 30 calls a minute, 60 at once: a little less than that.
const CALL_EVERY: Millis = 2_200;
const CALLS_AT_ONCE: Millis = 40;

/// What there is to do at the server without saying who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errand {
    /// Post what waits for a buddy.
    Post(AccountId),
    /// Take a message for a buddy back.
    Withdraw(AccountId),
}

/// A call that is not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    LookUp(AccountId),
    Post(AccountId),
    /// Takes back a letter that will soon be thrown away, to post it anew.
    Renew(AccountId, LetterId),
    Withdraw(AccountId),
}

/// The mail of this run.
#[derive(Debug, Default)]
pub(super) struct Mail {
    /// The server has mailboxes.
    served: bool,
    last_call: u64,
    under_way: Option<(u64, Step)>,
    errands: VecDeque<Errand>,
    /// Nothing is called before.
    paused_until: Millis,
    /// Calls in a row that reached nobody.
    failures: u32,
    /// When all calls so far would be paid for, at one every [`CALL_EVERY`].
    paid_at: Millis,
    /// Letters that came and are not read yet, oldest first.
    arrived: VecDeque<Arrived>,
    /// The one that is being read, until all that it says is on the disk.
    reading: Option<Reading>,
    /// What it says besides messages, while it is taken in.
    noted: Option<Vec<Change>>,
    /// Those with a gap before what they say, until the gap is filled or its filling has been asked for.
    held: Vec<(AccountId, Arrived)>,
    /// Read, safe, and still at the server.
    collected: Vec<u64>,
}

/// The mail between me and one buddy.
#[derive(Debug, Default)]
pub(super) struct Post {
    /// Receipts for what came by letter.
    pub owed: BTreeSet<MessageId>,
    /// Refusals of what came by letter.
    refusals: Vec<(MessageId, String)>,
    /// Where a letter had a gap before it.
    pub want: Option<Seq>,
    /// The writing time of the last letter with a wish in it.
    wish_ms: Millis,
    /// I have seen more while they were away.
    pub read: bool,
    /// What they know that I have seen, told in this run.
    pub told_of: Option<MessageId>,
    /// They have never had my token, as far as is known here.
    pub introduce: bool,
    /// What is in the letter that is being posted, or that may have been.
    bundle: Option<Bundle>,
    failures: u32,
    not_before: Millis,
    /// Why the last letter was not taken.
    pub trouble: Option<Waiting>,
}

impl Post {
    /// A wish in a letter counts once: a server may bring the letter again.
    pub fn wish_is_new(&mut self, written_ms: Millis) -> bool {
        let new = written_ms > self.wish_ms;
        self.wish_ms = self.wish_ms.max(written_ms);
        new
    }
}

impl Mail {
    /// When the next call may be made.
    fn ready_at(&self) -> Millis {
        self.paused_until.max(self.paid_at.saturating_sub(CALL_EVERY * CALLS_AT_ONCE))
    }

    fn send_on(&mut self, errand: Errand) {
        if !self.errands.contains(&errand) {
            self.errands.push_back(errand);
        }
    }

    /// Where changes go while a letter is taken in.
    pub fn noted_by_letter(&mut self) -> Option<&mut Vec<Change>> {
        self.noted.as_mut()
    }

    /// The session at the server is over: what it pushed it will push again.
    pub fn forget_session(&mut self) {
        self.served = false;
        self.arrived.clear();
        self.held.clear();
        self.collected.clear();
    }
}

impl Messenger {
    /// Makes the next call, where it may be made.
    pub(super) fn run_mail(&mut self) {
        while self.mail.under_way.is_none() && !self.mail.errands.is_empty() && !self.leaving {
            let ready = self.mail.ready_at();
            if ready > self.now.mono {
                return self.timers.reset(ready, Timer::Mail);
            }
            match self.mail.errands.pop_front() {
                Some(Errand::Post(account)) => self.begin_posting(&account),
                Some(Errand::Withdraw(account)) => self.begin_withdrawing(&account),
                None => {}
            }
        }
    }

    fn call_unnamed(&mut self, call: Call, step: Step) {
        let now = self.now.mono;
        let mail = &mut self.mail;
        mail.last_call += 1;
        mail.paid_at = mail.paid_at.max(now) + CALL_EVERY;
        mail.under_way = Some((mail.last_call, step));
        self.out.push_back(Output::Mail(mail.last_call, call));
        self.timers.reset(now + OVERDUE, Timer::MailOverdue);
    }

    /// Nobody will answer any more.
    pub(super) fn mail_overdue(&mut self) {
        if let Some((number, _)) = self.mail.under_way {
            self.mailed(number, None);
        }
    }

    pub(super) fn mailed(&mut self, number: u64, answer: Option<Answer>) {
        let Some((_, step)) = self.mail.under_way.take_if(|(waited_for, _)| *waited_for == number) else { return };
        match answer {
            None => {
                let pause = (FIRST_PAUSE << self.mail.failures.min(5)).min(MAX_PAUSE);
                self.mail.failures += 1;
                self.mail.paused_until = self.now.mono + pause + self.jitter(pause);
                if let Step::Post(account) = step {
                    self.doubt_letter(&account);
                }
                self.try_again(step);
            }
            Some(Answer::Refused(Refusal::SlowDown(seconds))) => {
                let pause = (u64::from(seconds.max(1)) * 1_000).min(MAX_SLOW_DOWN);
                self.mail.paused_until = self.now.mono + pause;
                self.try_again(step);
            }
            Some(answer) => {
                self.mail.failures = 0;
                match step {
                    Step::LookUp(account) => self.looked_up(&account, answer),
                    Step::Post(account) => self.posted(&account, &answer),
                    Step::Renew(account, letter) => self.renewed(&account, letter),
                    Step::Withdraw(account) => self.withdrawn(&account, Some(&answer)),
                }
            }
        }
        self.run_mail();
    }

    fn try_again(&mut self, step: Step) {
        match step {
            Step::LookUp(account) | Step::Post(account) | Step::Renew(account, _) => {
                self.mail.send_on(Errand::Post(account));
            }
            // A person waits for the answer.
            Step::Withdraw(account) => self.withdrawn(&account, None),
        }
    }

    /// When something will be tried for a buddy, on the wall clock.
    pub(super) fn next_try(&self, account: &AccountId) -> Option<Millis> {
        let timers = [Timer::Dial(*account), Timer::Post(*account)];
        let next = timers.into_iter().filter_map(|timer| self.timers.at(timer)).min()?;
        Some(self.now.wall + next.saturating_sub(self.now.mono))
    }
}
