//! Tokens: each buddy has one of mine, with which they may post letters to me, and gave me one of theirs.
//!
//! A token is saved, then known to the server, then given away. When the buddy is none any more it stays in their row
//! until the server has forgotten it.

use rand_core::Rng;

use super::super::{
    Messenger, Saving,
    clock::Timer,
    record::{Change, TokenRecord},
    session::Pendency,
};
use crate::{
    id::{AccountId, Millis},
    letter::DeliveryToken,
    link::LinkBody,
    server::{Answer, Call, MAX_TOKENS, Refusal},
    view::Relation,
};

/// How long the server is left alone after it would not take tokens.
const TOKENS_AGAIN: Millis = 60_000;

fn may_post(relation: Relation) -> bool {
    match relation {
        Relation::Buddy | Relation::Asked => true,
        Relation::Blocked | Relation::Former => false,
    }
}

impl Messenger {
    /// A token out of nothing.
    pub(in crate::messenger) fn fresh_token(&mut self) -> TokenRecord {
        let mut bytes = [0; 32];
        self.rng.fill_bytes(&mut bytes);
        TokenRecord { token: DeliveryToken::new(bytes), made_ms: self.now.wall }
    }

    /// The token that goes with a request: the one they have, or a new one.
    pub(in crate::messenger) fn token_for(&mut self, account: &AccountId) -> Option<TokenRecord> {
        let known = self.buddies.get(account).and_then(|buddy| buddy.record.my_token);
        known.or_else(|| self.mail.served.then(|| self.fresh_token()))
    }

    /// The welcome is complete, and says how many tokens the server has; none for a server without mailboxes.
    pub(in crate::messenger) fn compare_tokens(&mut self, at_server: Option<u32>) {
        self.mail.served = at_server.is_some();
        let mine = self.buddies.values().filter(|buddy| buddy.record.my_token.is_some()).count();
        if at_server.is_some_and(|count| usize::try_from(count) != Ok(mine)) {
            self.set_tokens();
        } else {
            self.revoke_tokens();
        }
        self.give_tokens();
        self.look_for_mail();
    }

    pub(in crate::messenger) fn tokens_again(&mut self) {
        self.set_tokens();
        self.give_tokens();
    }

    /// Everyone who should have a token and has none gets one.
    pub(in crate::messenger) fn give_tokens(&mut self) {
        if !self.mail.served {
            return;
        }
        let without =
            |record: &&super::super::record::BuddyRecord| may_post(record.relation) && record.my_token.is_none();
        let accounts: Vec<_> =
            self.buddies.values().map(|buddy| &buddy.record).filter(without).map(|record| record.account).collect();
        for account in &accounts {
            let token = self.fresh_token();
            if let Some(buddy) = self.buddies.get_mut(account) {
                buddy.record.my_token = Some(token);
            }
        }
        self.keep_tokens(accounts);
    }

    /// Saves the rows of these, and lets the server know their tokens after that.
    pub(in crate::messenger) fn keep_tokens(&mut self, accounts: Vec<AccountId>) {
        let rows = accounts.iter().filter_map(|account| self.buddies.get(account));
        let changes: Vec<_> = rows.map(|buddy| Change::Buddy(buddy.record.clone())).collect();
        if !changes.is_empty() {
            self.save(Saving::Tokens(accounts), changes);
        }
    }

    pub(in crate::messenger) fn tokens_saved(&mut self, accounts: &[AccountId]) {
        let tokens = accounts.iter().filter_map(|account| self.buddies.get(account)?.record.my_token);
        let add: Vec<_> = tokens.map(|record| record.token.hash()).collect();
        if self.mail.served {
            for add in add.chunks(MAX_TOKENS) {
                let call = Call::SetTokens { add: add.to_vec(), remove: Vec::new() };
                self.call_about_tokens(&call, Vec::new());
            }
        }
        for account in accounts {
            self.introduce_myself(account);
            self.consider_mail(account);
        }
    }

    pub(in crate::messenger) fn tokens_not_saved(&mut self, accounts: &[AccountId]) {
        for account in accounts {
            if let Some(buddy) = self.buddies.get_mut(account) {
                buddy.record.my_token = None;
            }
        }
        self.timers.reset(self.now.mono + super::super::SAVE_AGAIN, Timer::Tokens);
    }

    /// My token, on the link that speaks.
    pub(in crate::messenger) fn introduce_myself(&mut self, account: &AccountId) {
        let Some(TokenRecord { token, made_ms }) = self.buddies.get(account).and_then(|b| b.record.my_token) else {
            return;
        };
        if self.say(account, &LinkBody::Token { token, made_ms })
            && let Some(buddy) = self.buddies.get_mut(account)
        {
            buddy.post.introduce = false;
        }
    }

    /// No letters go to someone any more, nor receipts.
    pub(in crate::messenger) fn end_mail(&mut self, account: &AccountId) {
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        buddy.record.their_token = None;
        let owed: Vec<_> = std::mem::take(&mut buddy.post).owed.into_iter().collect();
        if !owed.is_empty() {
            self.note(vec![Change::Paid(owed)]);
        }
    }

    /// All tokens that there should be, to a server that has others.
    fn set_tokens(&mut self) {
        // There is room for so many at the server: what must not be there any more goes first.
        self.revoke_tokens();
        let rows = self.buddies.values().map(|buddy| &buddy.record).filter(|record| may_post(record.relation));
        let add: Vec<_> = rows.filter_map(|record| Some(record.my_token?.token.hash())).collect();
        if self.mail.served {
            for add in add.chunks(MAX_TOKENS) {
                let call = Call::SetTokens { add: add.to_vec(), remove: Vec::new() };
                self.call_about_tokens(&call, Vec::new());
            }
        }
    }

    /// Who is no buddy posts nothing more.
    pub(in crate::messenger) fn revoke_tokens(&mut self) {
        let rows = self.buddies.values().map(|buddy| &buddy.record).filter(|record| !may_post(record.relation));
        let gone: Vec<_> = rows.filter_map(|record| Some((record.account, record.my_token?.token))).collect();
        if self.mail.served {
            for gone in gone.chunks(MAX_TOKENS) {
                let remove = gone.iter().map(|(_, token)| token.hash()).collect();
                self.call_about_tokens(&Call::SetTokens { add: Vec::new(), remove }, gone.to_vec());
            }
        }
    }

    fn call_about_tokens(&mut self, call: &Call, revoked: Vec<(AccountId, DeliveryToken)>) {
        if self.session_open() {
            self.call(call, Pendency::Tokens { revoked });
        }
    }

    pub(in crate::messenger) fn tokens_set(&mut self, revoked: Vec<(AccountId, DeliveryToken)>, answer: &Answer) {
        if *answer != Answer::Done {
            let wait = if let Answer::Refused(Refusal::SlowDown(seconds)) = answer {
                u64::from(*seconds) * 1_000
            } else {
                TOKENS_AGAIN
            };
            return self.timers.reset(self.now.mono + wait.clamp(1_000, 60 * TOKENS_AGAIN), Timer::Tokens);
        }
        for (account, token) in revoked {
            let Some(buddy) = self.buddies.get_mut(&account) else { continue };
            if buddy.record.my_token.is_some_and(|mine| mine.token == token) {
                buddy.record.my_token = None;
                self.keep(&account);
            }
        }
        // Someone may have become a buddy again meanwhile.
        self.give_tokens();
    }

    /// With this they want letters posted from now on.
    pub(in crate::messenger) fn token_told(&mut self, account: &AccountId, token: DeliveryToken, made_ms: Millis) {
        // One from the future would count for ever.
        let fresh = TokenRecord { token, made_ms: made_ms.min(self.now.wall) };
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        if buddy.record.their_token.is_none_or(|known| known.token != token && known.made_ms <= fresh.made_ms) {
            buddy.record.their_token = Some(fresh);
            buddy.post.forgive();
            self.keep(account);
            self.consider_mail(account);
        }
    }
}
