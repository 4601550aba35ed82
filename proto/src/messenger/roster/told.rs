//! What the server says of the roster: requests, how I stand with whom, who is gone.

use super::{super::*, *};

impl Messenger {
    /// Someone asks to be my buddy.
    pub(in crate::messenger) fn request_arrived(&mut self, pending: Pending) {
        let account = pending.from;
        let relation = self.buddies.get(&account).map(|buddy| buddy.record.relation);
        if matches!(relation, Some(Relation::Blocked | Relation::Buddy)) {
            return;
        }
        // As many as an honest server holds.
        if self.requests.len() >= MAX_REQUESTS && !self.requests.contains_key(&account) {
            return;
        }
        let Ok((request, list)) = self.open_request(pending) else { return };
        self.invites.retain(|invite| invite.expires_ms > self.now.wall);
        let token = request.token.map(Token::from);
        let invited = token.and_then(|token| self.invites.iter().position(|invite| invite.token == token));
        let delivery = request.delivery.map(|token| TokenRecord { token, made_ms: request.asked_ms });
        let arrived_ms = self.now.wall;
        let record = RequestRecord { account, name: request.name, note: request.note, arrived_ms, list, delivery };
        if let Some(at) = invited {
            let invite = self.invites.swap_remove(at);
            self.note(vec![Change::ForgetInvite(invite.token)]);
            self.admit(record, true);
            self.tell(Event::Notice { notice: Notice::Accepted { buddy: account.to_string() } });
            self.tell_server(&Call::Accept { from: account });
            return;
        }
        if self.requests.get(&account).is_none_or(|known| known.note != record.note || known.list != record.list) {
            self.note(vec![Change::Request(record.clone())]);
            self.tell(Event::RequestArrived { request: request_view(&record) });
            self.requests.insert(account, record);
        }
    }

    /// The server's word on how I stand with someone.
    pub(in crate::messenger) fn contact_told(&mut self, contact: Contact) {
        let account = contact.account;
        let here = self.buddies.get(&account).map(|buddy| buddy.record.relation);
        match (here, contact.relation) {
            (Some(Relation::Blocked), ServerRelation::Buddy | ServerRelation::Asked) => {
                return self.tell_server(&Call::Block { other: account });
            }
            (Some(Relation::Former), ServerRelation::Buddy | ServerRelation::Asked) => {
                return self.tell_server(&Call::Remove { other: account });
            }
            (Some(Relation::Former), ServerRelation::Blocked) => {
                return self.tell_server(&Call::Unblock { other: account });
            }
            (None, ServerRelation::Buddy) => {
                if let Some(request) = self.requests.remove(&account) {
                    self.admit(request, false);
                } else {
                    self.enrol(stranger(account, "", Relation::Buddy));
                }
            }
            (None, ServerRelation::Asked) => self.enrol(stranger(account, "", Relation::Asked)),
            (None, ServerRelation::Blocked) => self.enrol(stranger(account, "", Relation::Blocked)),
            (Some(Relation::Asked), ServerRelation::Buddy) => {
                if let Some(buddy) = self.buddies.get_mut(&account) {
                    buddy.record.relation = Relation::Buddy;
                }
                self.tell(Event::Notice { notice: Notice::Accepted { buddy: account.to_string() } });
            }
            (Some(Relation::Buddy | Relation::Asked | Relation::Blocked), _) => {}
        }
        if contact.relation == ServerRelation::Buddy {
            self.follow_lists(&account, &contact.lists);
            self.presence_told(&account, contact.presence.as_ref(), true);
        }
        if here.is_none() || here == Some(Relation::Asked) {
            self.keep(&account);
            self.give_tokens();
        }
    }

    /// They ended it, or took their request back.
    pub(in crate::messenger) fn gone_told(&mut self, account: &AccountId) {
        self.declined(account);
        self.hang_up_on(account);
        if let Some(buddy) = self.buddies.get_mut(account) {
            if buddy.record.relation != Relation::Blocked {
                buddy.record.relation = Relation::Former;
                buddy.presence = None;
            }
            self.end_mail(account);
            self.keep(account);
            self.revoke_tokens();
        }
    }

    /// Those whom the server no longer names ended it while I was away.
    pub(in crate::messenger) fn missing_from_welcome(&mut self, named: &BTreeSet<AccountId>) {
        let missing: Vec<_> = self
            .buddies
            .values()
            .filter(|buddy| buddy.record.relation == Relation::Buddy && !named.contains(&buddy.record.account))
            .map(|buddy| buddy.record.account)
            .collect();
        missing.iter().for_each(|account| self.gone_told(account));
        // A block that the server does not know of yet.
        let blocked: Vec<_> = self
            .buddies
            .values()
            .filter(|buddy| buddy.record.relation == Relation::Blocked && !named.contains(&buddy.record.account))
            .map(|buddy| buddy.record.account)
            .collect();
        blocked.into_iter().for_each(|other| self.tell_server(&Call::Block { other }));
    }
}
