//! Goodbyes.

use super::{super::*, *};

impl Messenger {
    /// They are leaving: offline at once, without the wait for a broken link.
    pub(super) fn said_bye(&mut self, account: &AccountId) -> Result<(), ProtoError> {
        let Some(buddy) = self.buddies.get_mut(account) else { return Ok(()) };
        buddy.presence = None;
        self.part_ways(account);
        self.drop_half_open(account);
        self.consider_mail(account);
        Ok(())
    }

    /// Says goodbye to one and closes.
    pub(in crate::messenger) fn hang_up_on(&mut self, account: &AccountId) {
        self.hang_up_calls(account);
        if self.say(account, &LinkBody::Bye) {
            self.part_ways(account);
        }
        self.drop_half_open(account);
    }

    /// Links that are still greeting: one that came up after a goodbye would only be missed again.
    fn drop_half_open(&mut self, account: &AccountId) {
        let Some(device) = self.buddies.get(account).map(Buddy::device) else { return };
        let theirs = |link: &Link| link.account == Some(*account) || Some(link.device) == device;
        let half_open: Vec<_> =
            self.links.iter().filter(|(_, link)| !link.up && theirs(link)).map(|(id, _)| *id).collect();
        half_open.into_iter().for_each(|link| self.drop_link(link));
    }

    fn part_ways(&mut self, account: &AccountId) {
        self.calls.gone(self.now, account);
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        buddy.record.last_seen_ms = self.now.wall;
        for link in std::mem::take(&mut buddy.reach.up) {
            self.links.remove(&link);
            self.out.push_back(Output::Close(link));
        }
        if let Some(buddy) = self.buddies.get_mut(account) {
            buddy.reach.lost_at = None;
            buddy.typing = false;
            buddy.chat.link_changed();
        }
        self.keep(account);
    }

    pub(in crate::messenger) fn say_bye_to_all(&mut self) {
        self.calls.hang_up(self.now);
        self.do_calls();
        let linked: Vec<_> = self
            .buddies
            .values()
            .filter(|buddy| !buddy.reach.up.is_empty())
            .map(|buddy| buddy.record.account)
            .collect();
        linked.iter().for_each(|account| self.hang_up_on(account));
        let rest: Vec<_> = self.links.keys().copied().collect();
        rest.into_iter().for_each(|link| self.drop_link(link));
    }
}
