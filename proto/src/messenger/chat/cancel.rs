//! Messages taken back before anyone had them.

use super::{super::*, mine::message_by_hex, *};

impl Messenger {
    pub(in crate::messenger) fn cancel(&mut self, number: u64, buddy: &str, message: &str) -> Outcome {
        let account = self.buddy_by_hex(buddy)?.record.account;
        let too_late = || refuse(ErrorCode::TooLate, "it has left this computer");
        let id = message_by_hex(message)?;
        let Some(buddy) = self.buddies.get(&account) else { return Err(too_late()) };
        let chat = &buddy.chat;
        let outgoing = chat.outbox.iter().find(|outgoing| outgoing.id == id).ok_or_else(too_late)?;
        if outgoing.left || chat.held().is_some() || chat.leaving.contains(&id) {
            return Err(too_late());
        }
        if self.letter_of(&account, &id).is_some() {
            return self.withdraw(number, &account, id);
        }
        if !chat.staged.is_empty() || !self.take_back(number, &account, &id) {
            return Err(too_late());
        }
        Ok(None)
    }

    /// Puts a void into a message's place; false where it is not there any more.
    pub(in crate::messenger) fn take_back(&mut self, number: u64, account: &AccountId, id: &MessageId) -> bool {
        let device = self.me.device.clone();
        let Some(buddy) = self.buddies.get_mut(account) else { return false };
        let Some(outgoing) = buddy.chat.outbox.iter().find(|outgoing| outgoing.id == *id) else { return false };
        let Ok(content) = outgoing.signed.peek().map(|content| content.void()) else { return false };
        let signed = Signed::make(&content, &device);
        let new = record_of(*account, true, &content, &Body::Void, signed);
        buddy.chat.voiding = Some((number, *id, new.clone()));
        self.save(Saving::Void(*account), vec![Change::Void { old: *id, new }]);
        true
    }

    pub(in crate::messenger) fn void_saved(&mut self, account: &AccountId, saved: bool) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let Some((number, old, new)) = buddy.chat.voiding.take() else { return };
        if saved {
            if let Some(outgoing) = buddy.chat.outbox.iter_mut().find(|outgoing| outgoing.id == old) {
                *outgoing = Outgoing::of(&new);
            }
            if buddy.chat.mine.1 == Some(old) {
                buddy.chat.mine.1 = Some(new.id);
            }
            let (messages, delivery) = (vec![old.to_string()], Delivery::Cancelled);
            self.tell(Event::DeliveryChanged { buddy: account.to_string(), messages, delivery });
            self.answer(number, Ok(Reply::Done));
        } else {
            self.answer(number, Err(refuse(ErrorCode::NotSaved, "the disk would not take it")));
        }
        self.save_mine(account);
        self.pump(account);
        self.consider_mail(account);
    }
}
