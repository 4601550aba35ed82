//! Collecting: letters out of my mailbox are read one after the other, and forgotten by the server when all that they
//! said is on the disk.
//!
//! What can't be read is collected all the same: its writer still has it, and will say it again.

use super::super::{Messenger, clock::Timer, record::Change, session::Pendency};
use crate::{
    device_list::{self, DeviceList},
    error::ProtoError,
    frame,
    id::{AccountId, MessageId, Millis},
    letter::{self, Letter},
    link::{LinkBody, MAX_RECEIPT},
    seal::Envelope,
    server::{Answer, Call, LETTERS_AHEAD, Refusal},
    sign::Signed,
};

/// The most letters that wait to be read; an honest server pushes no more.
const MAX_WAITING: usize = 2 * LETTERS_AHEAD;
/// The wait before a letter that could not be read now is read again, and how often that is done.
const READ_AGAIN: Millis = 5_000;
const MAX_READS: u32 = 5;
/// The most refusals of contents that wait for a letter.
const MAX_REFUSALS: usize = 16;
/// How long a call that the server would not take waits.
const COLLECT_AGAIN: Millis = 5_000;

/// A letter that came.
#[derive(Clone, Debug)]
pub(super) struct Arrived {
    number: u64,
    envelope: Envelope,
    reads: u32,
}

/// What became of reading a letter.
enum Read {
    /// There is nothing more to do with it.
    Done,
    /// What it says is on its way to the disk.
    Saving(AccountId),
    /// Not now.
    Later,
}

impl Messenger {
    pub(in crate::messenger) fn letter_arrived(&mut self, number: u64, envelope: Envelope) {
        let mail = &mut self.mail;
        let here = mail.arrived.iter().chain(mail.reading.iter().map(|(_, letter)| letter));
        let known = here.map(|letter| letter.number).chain(mail.collected.iter().copied()).any(|other| other == number);
        if !known && mail.arrived.len() < MAX_WAITING {
            mail.arrived.push_back(Arrived { number, envelope, reads: 0 });
            self.read_mail();
        }
    }

    /// Reads what came, oldest first, until one has to wait.
    pub(in crate::messenger) fn read_mail(&mut self) {
        if !self.welcome_complete() {
            return;
        }
        while self.mail.reading.is_none() {
            let Some(mut letter) = self.mail.arrived.pop_front() else { return self.collect() };
            match self.read_letter(&letter.envelope) {
                Ok(Read::Saving(account)) => self.mail.reading = Some((account, letter)),
                Ok(Read::Later) if letter.reads < MAX_READS => {
                    letter.reads += 1;
                    self.mail.arrived.push_front(letter);
                    return self.timers.reset(self.now.mono + READ_AGAIN, Timer::ReadMail);
                }
                Ok(Read::Done | Read::Later) | Err(_) => self.mail.collected.push(letter.number),
            }
        }
    }

    fn read_letter(&mut self, envelope: &Envelope) -> Result<Read, ProtoError> {
        let letter = self.open_letter(envelope)?;
        let account = letter.from;
        let buddy = self.buddies.get(&account).filter(|buddy| buddy.friendly()).ok_or(ProtoError::UnknownDevice)?;
        if buddy.record.suite.is_some_and(|seen| envelope.suite < seen) {
            return Err(ProtoError::SuiteDowngrade);
        }
        match device_list::check(&account, buddy.record.pin.as_ref(), &letter.list) {
            // An older list than I know tells nothing; but its writer may still be the device that I know.
            Ok(_) | Err(ProtoError::Rollback) => {}
            Err(ProtoError::ChainGap) => {
                // Somebody knows the lists between; they may be here when it is read again.
                self.follow_lists(&account, std::slice::from_ref(&letter.list));
                return Ok(Read::Later);
            }
            Err(error @ ProtoError::ForkedDeviceList) => {
                self.follow_lists(&account, std::slice::from_ref(&letter.list));
                return Err(error);
            }
            Err(error) => return Err(error),
        }
        self.follow_lists(&account, std::slice::from_ref(&letter.list));
        let buddy = self.buddies.get(&account).ok_or(ProtoError::UnknownDevice)?;
        buddy.list.as_ref().map_or(Err(ProtoError::UnknownDevice), |list: &DeviceList| list.admit(&letter.device))?;
        let contents = letter.said().filter(|body| matches!(body, LinkBody::Content(_))).count();
        if !buddy.chat.has_room_for(contents) {
            return Ok(Read::Later);
        }
        self.name_learnt(&account, &letter.name);
        for body in letter.said() {
            // One that makes no sense spoils nothing but itself.
            let _ = self.read_body(&account, &letter, body);
        }
        let saving = self.buddies.get(&account).is_some_and(|buddy| buddy.chat.saves_letter());
        Ok(if saving { Read::Saving(account) } else { Read::Done })
    }

    fn open_letter(&self, envelope: &Envelope) -> Result<Letter, ProtoError> {
        let mut keys = self.day_keys.iter().chain(&self.fresh_day_key);
        let key = keys.find(|key| key.id == envelope.key).ok_or(ProtoError::UnknownKey)?;
        let us = self.me.device.device();
        let signed: Signed<Letter> = frame::decode(&envelope.open(&key.secret, &us)?)?;
        letter::check(&signed, &us)
    }

    fn read_body(&mut self, account: &AccountId, letter: &Letter, body: LinkBody) -> Result<(), ProtoError> {
        match body {
            LinkBody::Content(content) => self.content_arrived(account, &letter.device, content, true),
            LinkBody::Delivered(ids) => self.delivered(account, &ids),
            LinkBody::Read(message, _) => self.read_there(account, &message),
            LinkBody::Refused(message, code) => self.refused_there(account, &message, code),
            LinkBody::Want(seq) => self.wanted_by_letter(account, seq, letter.sent_ms),
            LinkBody::Token { token, made_ms } => {
                self.token_told(account, token, made_ms);
                Ok(())
            }
            // How someone was when they wrote says nothing of how they are.
            LinkBody::Status { .. } | LinkBody::Typing(_) | LinkBody::Bye => Ok(()),
        }
    }

    /// What came from a buddy has been saved, or has not: so has what the letter says that is being read.
    pub(in crate::messenger) fn letter_saved(&mut self, account: &AccountId, saved: bool) {
        if saved && self.buddies.get(account).is_some_and(|buddy| buddy.chat.saves_letter()) {
            return;
        }
        let Some((_, letter)) = self.mail.reading.take_if(|(from, _)| from == account) else { return };
        if saved {
            self.mail.collected.push(letter.number);
            self.read_mail();
        } else {
            self.mail.arrived.push_front(letter);
            self.timers.reset(self.now.mono + READ_AGAIN, Timer::ReadMail);
        }
    }

    /// Lets the server forget what is safe.
    pub(in crate::messenger) fn collect(&mut self) {
        if self.mail.collected.is_empty() || !self.session_open() || self.timers.at(Timer::Collect).is_some() {
            return;
        }
        let letters = std::mem::take(&mut self.mail.collected);
        self.call(&Call::Collected { letters: letters.clone() }, Pendency::Collected { letters });
    }

    pub(in crate::messenger) fn letters_collected(&mut self, letters: Vec<u64>, answer: &Answer) {
        if *answer == Answer::Done {
            return;
        }
        let wait = if let Answer::Refused(Refusal::SlowDown(seconds)) = answer {
            (u64::from(*seconds) * 1_000).clamp(1_000, super::MAX_SLOW_DOWN)
        } else {
            COLLECT_AGAIN
        };
        self.mail.collected.extend(letters);
        self.timers.reset(self.now.mono + wait, Timer::Collect);
    }

    /// Receipts for what came by letter: on a link where there is one.
    pub(in crate::messenger) fn pay_receipts(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        if buddy.reach.up.is_empty() {
            return self.consider_mail(account);
        }
        let owed: Vec<_> = std::mem::take(&mut buddy.post.owed).into_iter().collect();
        if owed.is_empty() {
            return;
        }
        for ids in owed.chunks(MAX_RECEIPT) {
            self.say(account, &LinkBody::Delivered(ids.to_vec()));
        }
        self.note(vec![Change::Paid(owed)]);
    }

    /// What came by letter is refused, by letter where there is no link.
    pub(in crate::messenger) fn refuse_by_letter(&mut self, account: &AccountId, id: MessageId, code: String) {
        if let Some(buddy) = self.buddies.get_mut(account).filter(|buddy| buddy.post.refusals.len() < MAX_REFUSALS) {
            buddy.post.refusals.push((id, code));
        }
    }
}
