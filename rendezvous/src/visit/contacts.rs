//! The calls about other accounts: looking up, asking, answering, ending, blocking, nudging.

use juice_proto::{
    frame,
    id::AccountId,
    seal::Envelope,
    server::{Answer, Pending, Push, Refusal},
};

use super::{Reply, Session, Visit};
use crate::{denied::Denied, presence::Person, store::Asked};

/// The longest encoded envelope of a request: a note of 200 characters, signed, padded and sealed, takes 3 KiB.
const MAX_ENVELOPE: usize = 8 * 1024;

fn done() -> Reply {
    Answer::Done.into()
}

impl Visit {
    pub(super) async fn look_up(&mut self, account: &AccountId, since: u32) -> Result<Reply, Denied> {
        self.session()?;
        let found = self.house.store.look_up(account, since).await?;
        let (lists, prekey) = found.ok_or(Refusal::Unknown)?;
        Ok(Answer::Account { lists, prekey: Some(prekey) }.into())
    }

    pub(super) async fn ask(&mut self, to: AccountId, envelope: Envelope) -> Result<Reply, Denied> {
        let session = self.session()?;
        if frame::encode(&envelope).len() > MAX_ENVELOPE {
            return Err(Refusal::BadRequest.into());
        }
        let house = &self.house;
        let asked = house.store.ask(session.row, &to, &envelope, &self.bounds()).await?;
        tracing::debug!(from = ?session.account, ?to, ?asked, "asked");
        match asked {
            Asked::Waits => {
                let lists = house.store.lists(session.row, 0).await?;
                let list = lists.into_iter().next_back().ok_or(Refusal::Failed)?;
                let pending = Pending { from: session.account, list, envelope };
                house.presences.push(&to, Push::Pending(pending), &house.metrics);
            }
            Asked::Ignored => {}
            Asked::Crossed { other } => self.link(&session, (to, other)).await?,
        }
        Ok(done())
    }

    pub(super) async fn accept(&mut self, from: AccountId) -> Result<Reply, Denied> {
        let session = self.session()?;
        let other = self.house.store.accept(session.row, &from, &self.bounds()).await?;
        tracing::debug!(?from, by = ?session.account, "accepted");
        self.link(&session, (from, other)).await?;
        Ok(done())
    }

    pub(super) async fn decline(&mut self, from: &AccountId) -> Result<Reply, Denied> {
        let session = self.session()?;
        self.house.store.decline(session.row, from).await?;
        Ok(done())
    }

    pub(super) async fn remove(&mut self, other: &AccountId) -> Result<Reply, Denied> {
        let session = self.session()?;
        let asked_after = self.bounds().asked_after;
        let house = &self.house;
        let ended = house.store.end(session.row, other, asked_after).await?;
        if ended.were_mutual {
            house.presences.unlink(&session.account, other);
        }
        if ended.gone_for_other {
            house.presences.push(other, Push::Gone(session.account), &house.metrics);
        }
        Ok(done())
    }

    pub(super) async fn block(&mut self, other: &AccountId) -> Result<Reply, Denied> {
        let session = self.session()?;
        let house = &self.house;
        let ended = house.store.block(session.row, other, &self.bounds()).await?;
        if ended.were_mutual {
            house.presences.unlink(&session.account, other);
            // As if I had gone offline.
            house.presences.push(other, Push::Presence(session.account, None), &house.metrics);
        }
        if ended.gone_for_other {
            house.presences.push(other, Push::Gone(session.account), &house.metrics);
        }
        Ok(done())
    }

    pub(super) async fn unblock(&mut self, other: AccountId) -> Result<Reply, Denied> {
        let session = self.session()?;
        let row = self.house.store.unblock(session.row, &other, &self.bounds()).await?;
        if let Some(row) = row {
            self.link(&session, (other, row)).await?;
        }
        Ok(done())
    }

    pub(super) async fn nudge(&mut self, buddy: &AccountId) -> Result<Reply, Denied> {
        let session = self.session()?;
        let house = &self.house;
        let (mine, mutual) = house.store.stands(session.row, buddy).await?;
        if !mine {
            return Err(Refusal::Unknown.into());
        }
        if mutual {
            house.presences.push(buddy, Push::Nudged(session.account), &house.metrics);
        }
        Ok(done())
    }

    /// Tells both of two new buddies of each other.
    async fn link(&self, session: &Session, (other, row): (AccountId, i64)) -> Result<(), Denied> {
        let house = &self.house;
        let me = Person { account: session.account, lists: house.store.lists(session.row, 0).await? };
        let them = Person { account: other, lists: house.store.lists(row, 0).await? };
        house.presences.link(me, them, &house.metrics);
        Ok(())
    }
}
