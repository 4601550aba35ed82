//! How someone is: their mood, their status line, and whether they are typing.

use super::{super::*, *};

impl Messenger {
    pub(super) fn status_body(&self, have: Option<u64>) -> LinkBody {
        LinkBody::Status {
            name: self.me.name.as_str().into(),
            mood: match self.availability {
                Availability::Here | Availability::Invisible => Mood::Here,
                Availability::Away => Mood::Away,
                Availability::Busy => Mood::Busy,
            },
            text: self.status_text.clone(),
            capabilities: self.capabilities,
            have,
        }
    }

    pub(super) fn status_told(
        &mut self,
        account: &AccountId,
        name: &str,
        mood: Mood,
        text: &str,
        capabilities: Capabilities,
    ) {
        self.name_learnt(account, name);
        if let Some(buddy) = self.buddies.get_mut(account) {
            buddy.mood = mood;
            buddy.status_text = text.chars().filter(|c| !c.is_control()).take(MAX_STATUS).collect();
            buddy.capabilities = capabilities;
            self.dirty.insert(*account);
        }
    }

    pub(in crate::messenger) fn tell_status_to_all(&mut self) {
        let status = self.status_body(None);
        let speaking: Vec<_> = self.buddies.values().filter_map(|buddy| buddy.reach.up.last().copied()).collect();
        speaking.into_iter().for_each(|link| self.seal(link, &status));
    }

    pub(in crate::messenger) fn typing_told(&mut self, account: &AccountId, active: bool) -> Result<(), ProtoError> {
        const ENDS: Millis = 8_000;
        // Who keeps their own typing to themselves is not shown the others'.
        if let Some(buddy) = self.buddies.get_mut(account).filter(|_| self.privacy.typing) {
            buddy.typing = active && buddy.record.relation == Relation::Buddy;
            self.dirty.insert(*account);
            self.timers.reset(self.now.mono + ENDS, Timer::TypingEnds(*account));
        }
        Ok(())
    }

    pub(in crate::messenger) fn typing_ends(&mut self, account: &AccountId) {
        if let Some(buddy) = self.buddies.get_mut(account).filter(|buddy| buddy.typing) {
            buddy.typing = false;
            self.dirty.insert(*account);
        }
    }
}
