//! Withdrawing: a message that lies in the buddy's mailbox can be taken back until they fetch it.
//!
//! That its letter is no more is saved before the server is asked, so that a crash in between costs nothing but a letter
//! posted twice. The message's void takes its place, and the others of its letter are posted again.

use super::{
    super::{Messenger, Outcome, Saving, record::Change, refuse},
    Errand, Step,
    posting::Bundle,
};
use crate::{
    id::{AccountId, MessageId, Millis},
    letter::LetterId,
    server::{Answer, Call, Refusal},
    view::{CommandError, ErrorCode},
};

/// A message that a person wants back.
#[derive(Debug)]
pub(in crate::messenger) struct Withdrawing {
    number: u64,
    pub id: MessageId,
    /// Where it was, with whatever else, and since when.
    letter: Option<(LetterId, Millis, Vec<MessageId>)>,
    /// It is out of the mailbox, and waits for its void to be made.
    pub taken: bool,
}

fn too_late() -> CommandError {
    refuse(ErrorCode::TooLate, "it has left this computer")
}

impl Messenger {
    /// The letter that a message of the outbox is in, or may be in.
    pub(in crate::messenger) fn letter_of(&self, account: &AccountId, id: &MessageId) -> Option<LetterId> {
        let buddy = self.buddies.get(account)?;
        let posted = buddy.chat.outbox.iter().find(|outgoing| outgoing.id == *id)?.posted;
        let bundled = || buddy.post.bundle.as_ref().filter(|bundle| bundle.contents.contains(id));
        posted.map(|(letter, _)| letter).or_else(|| bundled().map(|bundle| bundle.letter))
    }

    /// A person wants a message back that is in a letter.
    pub(in crate::messenger) fn withdraw(&mut self, number: u64, account: &AccountId, id: MessageId) -> Outcome {
        let buddy = self.buddies.get_mut(account).ok_or_else(too_late)?;
        if buddy.chat.is_withdrawing() || buddy.record.their_token.is_none() {
            return Err(too_late());
        }
        buddy.chat.withdrawing = Some(Withdrawing { number, id, letter: None, taken: false });
        self.mail.send_on(Errand::Withdraw(*account));
        self.run_mail();
        Ok(None)
    }

    pub(super) fn begin_withdrawing(&mut self, account: &AccountId) {
        let wall = self.now.wall;
        let Some(id) = self.buddies.get(account).and_then(|buddy| buddy.chat.withdrawing.as_ref()).map(|w| w.id) else {
            return;
        };
        let letter = self.letter_of(account, &id);
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let outbox = &mut buddy.chat.outbox;
        if outbox.iter().all(|outgoing| outgoing.id != id || outgoing.left) {
            return self.end_withdrawing(account, Err(too_late()));
        }
        // The letter was never taken.
        let Some(letter) = letter else { return self.taken_out(account) };
        let with_it = |posted: Option<(LetterId, Millis)>| posted.is_some_and(|(other, _)| other == letter);
        let since = outbox.iter().find_map(|outgoing| outgoing.posted.filter(|(other, _)| *other == letter));
        let ids: Vec<_> =
            outbox.iter().filter(|outgoing| with_it(outgoing.posted)).map(|outgoing| outgoing.id).collect();
        if let Some(withdrawing) = &mut buddy.chat.withdrawing {
            withdrawing.letter = Some((letter, since.map_or(wall, |(_, at)| at), ids.clone()));
        }
        self.save(Saving::Withdrawing(*account), vec![Change::NotPosted(ids)]);
    }

    pub(in crate::messenger) fn withdrawing_saved(&mut self, account: &AccountId, saved: bool) {
        if !saved {
            let error = refuse(ErrorCode::NotSaved, "the disk would not take it");
            return self.end_withdrawing(account, Err(error));
        }
        let Some(buddy) = self.buddies.get(account) else { return };
        let letter = buddy.chat.withdrawing.as_ref().and_then(|withdrawing| withdrawing.letter.as_ref());
        let (Some((letter, ..)), Some(token)) = (letter, buddy.record.their_token) else {
            return self.end_withdrawing(account, Err(too_late()));
        };
        let call = Call::Withdraw { token: token.token, letter: *letter };
        if self.mail.under_way.is_some() {
            // Another call went first; the errand comes round again.
            self.mail.send_on(Errand::Withdraw(*account));
            return self.run_mail();
        }
        self.letter_lost(account, letter.to_owned());
        self.call_unnamed(call, Step::Withdraw(*account));
    }

    pub(super) fn withdrawn(&mut self, account: &AccountId, answer: Option<&Answer>) {
        match answer {
            Some(Answer::Done) => {
                self.never_had(account);
                self.drop_bundle(account);
                self.taken_out(account);
            }
            Some(Answer::Refused(Refusal::Unknown)) => {
                self.fetched_by_them(account);
                self.end_withdrawing(account, Err(too_late()));
            }
            Some(_) | None => {
                self.perhaps_still_there(account);
                let error = refuse(ErrorCode::ServerUnreachable, "no connection to the server");
                self.end_withdrawing(account, Err(error));
            }
        }
    }

    /// It is out of the mailbox, or never was in it.
    fn taken_out(&mut self, account: &AccountId) {
        if let Some(withdrawing) = self.buddies.get_mut(account).and_then(|buddy| buddy.chat.withdrawing.as_mut()) {
            withdrawing.taken = true;
        }
        self.void_withdrawn(account);
    }

    /// They never had the letter, nor what was with it.
    fn never_had(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let Some((_, _, ids)) = buddy.chat.withdrawing.as_ref().and_then(|w| w.letter.as_ref()) else { return };
        for outgoing in buddy.chat.outbox.iter_mut().filter(|outgoing| ids.contains(&outgoing.id) && !outgoing.left) {
            outgoing.gone = false;
        }
    }

    /// They have the letter, and what was with it.
    fn fetched_by_them(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let Some((letter, at, ids)) = buddy.chat.withdrawing.as_mut().and_then(|w| w.letter.take()) else { return };
        for outgoing in buddy.chat.outbox.iter_mut().filter(|outgoing| ids.contains(&outgoing.id)) {
            outgoing.posted = Some((letter, at));
            outgoing.left = true;
        }
        if !ids.is_empty() {
            self.note(vec![Change::Posted(ids, LetterId::for_good(), at)]);
        }
    }

    /// Nobody knows: the letter is posted again as it was and under its name, which does nothing if it is there.
    fn perhaps_still_there(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let Some((letter, _, ids)) = buddy.chat.withdrawing.as_mut().and_then(|w| w.letter.take()) else { return };
        if buddy.post.bundle.as_ref().is_none_or(|bundle| bundle.letter != letter) {
            buddy.post.bundle = Some(Bundle::again(letter, &ids, &buddy.chat.outbox));
        }
        self.doubt_letter(account);
    }

    fn end_withdrawing(&mut self, account: &AccountId, outcome: Result<crate::view::Reply, CommandError>) {
        let withdrawing = self.buddies.get_mut(account).and_then(|buddy| buddy.chat.withdrawing.take());
        if let Some(withdrawing) = withdrawing {
            self.answer(withdrawing.number, outcome);
        }
        self.pump(account);
        self.consider_mail(account);
    }

    /// Makes the void, as soon as no other save of mine is under way.
    pub(in crate::messenger) fn void_withdrawn(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        if !buddy.chat.is_still() {
            return;
        }
        let Some(Withdrawing { number, id, .. }) = buddy.chat.withdrawing.take_if(|withdrawing| withdrawing.taken)
        else {
            return;
        };
        if !self.take_back(number, account, &id) {
            self.answer(number, Err(too_late()));
        }
    }
}
