//! Collecting: letters out of my mailbox are read one after the other, and forgotten by the server when all that they
//! said is on the disk.
//!
//! What can't be read is collected all the same: its writer still has it, and will say it again.

use super::super::{Messenger, Saving, clock::Timer, record::Change, session::Pendency};
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
/// The most letters that are held back for a gap: fewer than the server pushes ahead, so that nobody can stop the others.
const MAX_HELD: usize = LETTERS_AHEAD / 2;
/// How long a call that the server would not take waits.
const COLLECT_AGAIN: Millis = 5_000;

/// A letter that came.
#[derive(Clone, Debug)]
pub(super) struct Arrived {
    number: u64,
    envelope: Envelope,
    reads: u32,
}

/// A letter that is being read.
#[derive(Debug)]
pub(super) struct Reading {
    from: AccountId,
    letter: Arrived,
    /// Some of what it says besides messages is not on the disk yet.
    noting: bool,
    /// What the disk would not take.
    unsaved: Vec<Change>,
}

/// What became of reading a letter.
enum Read {
    /// It is being taken in, with this besides messages.
    Taken(AccountId, Vec<Change>),
    /// Not now.
    Later,
}

impl Messenger {
    pub(in crate::messenger) fn letter_arrived(&mut self, number: u64, envelope: Envelope) {
        let mail = &mut self.mail;
        let here = mail.arrived.iter().chain(mail.reading.iter().map(|reading| &reading.letter));
        let here = here.chain(mail.held.iter().map(|(_, letter)| letter));
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
                Ok(Read::Taken(from, changes)) => self.take_letter(from, letter, changes),
                Ok(Read::Later) if letter.reads < MAX_READS => {
                    letter.reads += 1;
                    self.mail.arrived.push_front(letter);
                    return self.timers.reset(self.now.mono + READ_AGAIN, Timer::ReadMail);
                }
                Ok(Read::Later) | Err(_) => self.mail.collected.push(letter.number),
            }
        }
        self.save_letter_again();
    }

    fn take_letter(&mut self, from: AccountId, letter: Arrived, changes: Vec<Change>) {
        let (noting, number) = (!changes.is_empty(), letter.number);
        self.mail.reading = Some(Reading { from, letter, noting, unsaved: Vec::new() });
        if noting {
            self.save(Saving::Letter(number, changes.clone()), changes);
        }
        self.end_reading();
    }

    fn save_letter_again(&mut self) {
        let Some(reading) = &mut self.mail.reading else { return };
        let (number, unsaved) = (reading.letter.number, std::mem::take(&mut reading.unsaved));
        if !unsaved.is_empty() {
            let changes = self.as_they_are(unsaved);
            self.save(Saving::Letter(number, changes.clone()), changes);
        }
    }

    /// What a letter says besides messages is on the disk; or it is not, and is tried again.
    pub(in crate::messenger) fn letter_noted(&mut self, number: u64, unsaved: Option<Vec<Change>>) {
        match (self.mail.reading.as_mut().filter(|reading| reading.letter.number == number), unsaved) {
            (Some(reading), Some(unsaved)) => {
                reading.unsaved = unsaved;
                self.timers.reset(self.now.mono + READ_AGAIN, Timer::ReadMail);
            }
            (Some(reading), None) => {
                reading.noting = false;
                self.end_reading();
                self.read_mail();
            }
            // It is not being read any more.
            (None, Some(unsaved)) => self.save_later(unsaved),
            (None, None) => {}
        }
    }

    /// The letter that is being read is done with when all of it is on the disk.
    fn end_reading(&mut self) {
        let still = |reading: &Reading| {
            let saving = self.buddies.get(&reading.from).is_some_and(|buddy| buddy.chat.saves_letter());
            reading.noting || saving
        };
        if self.mail.reading.as_ref().is_some_and(|reading| !still(reading))
            && let Some(reading) = self.mail.reading.take()
        {
            let buddy = self.buddies.get(&reading.from);
            let gap = buddy.is_some_and(|buddy| buddy.post.want.is_some() && buddy.reach.up.is_empty());
            if gap && self.mail.held.len() < MAX_HELD {
                self.mail.held.push((reading.from, reading.letter));
            } else {
                self.mail.collected.push(reading.letter.number);
            }
        }
    }

    /// What fills a gap has been asked for where that will not be forgotten: what came too early is not needed.
    pub(in crate::messenger) fn let_go_of_held(&mut self, account: &AccountId) {
        let gone = self.mail.held.extract_if(.., |(from, _)| from == account);
        self.mail.collected.extend(gone.map(|(_, letter)| letter.number));
        self.collect();
    }

    /// A gap is filled: what came too early is read again.
    pub(in crate::messenger) fn read_held(&mut self, account: &AccountId) {
        let held: Vec<_> = self.mail.held.extract_if(.., |(from, _)| from == account).collect();
        for (_, letter) in held.into_iter().rev() {
            self.mail.arrived.push_front(letter);
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
        self.mail.noted = Some(Vec::new());
        self.name_learnt(&account, &letter.name);
        for body in letter.said() {
            // One that makes no sense spoils nothing but itself.
            let _ = self.read_body(&account, &letter, body);
        }
        Ok(Read::Taken(account, self.mail.noted.take().unwrap_or_default()))
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
            LinkBody::Status { .. } | LinkBody::Typing(_) | LinkBody::Call(..) | LinkBody::Bye => Ok(()),
        }
    }

    /// What came from a buddy has been saved, or has not: perhaps so has what the letter says that is being read.
    pub(in crate::messenger) fn letter_saved(&mut self, account: &AccountId, saved: bool) {
        if saved {
            self.end_reading();
            self.read_mail();
        } else if let Some(mut reading) = self.mail.reading.take_if(|reading| reading.from == *account) {
            self.save_later(std::mem::take(&mut reading.unsaved));
            self.mail.arrived.push_front(reading.letter);
            self.timers.reset(self.now.mono + READ_AGAIN, Timer::ReadMail);
        }
    }

    /// Lets the server forget what is safe.
    pub(in crate::messenger) fn collect(&mut self) {
        if self.mail.collected.is_empty() || !self.session_open() || self.timers.at(Timer::Collect).is_some() {
            return;
        }
        let collected = std::mem::take(&mut self.mail.collected);
        for letters in collected.chunks(LETTERS_AHEAD) {
            let letters = letters.to_vec();
            self.call(&Call::Collected { letters: letters.clone() }, Pendency::Collected { letters });
        }
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
