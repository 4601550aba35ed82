//! Letters: posting them without a session, and bringing them to whom they are for.
//!
//! At most [`LETTERS_AHEAD`] letters are on their way to a client; what it has collected makes room for the next.
//! A letter posted while its recipient is here only tells that client's task to look into the mailbox, so there is one
//! way in which letters go out, and they go in order.

use std::collections::BTreeSet;

use bytes::Bytes;
use juice_proto::{
    frame,
    letter::{DeliveryToken, LetterId, MAX_SEALED, TokenHash},
    seal::Envelope,
    server::{Answer, LETTERS_AHEAD, MAX_TOKENS, Push, Refusal},
};

use super::{Reply, Visit};
use crate::{clock, denied::Denied, presence::push_frame, store::Room};

/// The letters of a session that are on their way.
#[derive(Debug, Default)]
pub(super) struct Outbound {
    /// The newest that was pushed.
    last: i64,
    uncollected: BTreeSet<i64>,
}

impl Visit {
    pub(super) async fn set_tokens(&mut self, add: &[TokenHash], remove: &[TokenHash]) -> Result<Reply, Denied> {
        let session = self.session()?;
        if add.len() > MAX_TOKENS || remove.len() > MAX_TOKENS {
            return Err(Refusal::BadRequest.into());
        }
        let house = &self.house;
        house.store.set_tokens(session.row, add, remove, house.config.limits.buddies).await?;
        Ok(Answer::Done.into())
    }

    pub(super) async fn collected(&mut self, numbers: &[u64]) -> Result<Reply, Denied> {
        let session = self.session()?;
        if numbers.len() > LETTERS_AHEAD {
            return Err(Refusal::BadRequest.into());
        }
        // A number that is not on its way is nobody's.
        let numbers = numbers.iter().filter_map(|number| i64::try_from(*number).ok());
        let rows: Vec<i64> = numbers.filter(|row| self.outbound.uncollected.contains(row)).collect();
        self.house.store.collected(session.row, &rows).await?;
        for row in &rows {
            self.outbound.uncollected.remove(row);
        }
        Ok(Reply { more: self.letters().await?, ..Answer::Done.into() })
    }

    /// The letters that may go out now, as frames.
    pub(crate) async fn letters(&mut self) -> Result<Vec<Bytes>, Denied> {
        let Ok(session) = self.session() else { return Ok(Vec::new()) };
        let room = LETTERS_AHEAD.saturating_sub(self.outbound.uncollected.len());
        if room == 0 {
            return Ok(Vec::new());
        }
        let mut frames = Vec::new();
        let waiting = self.house.store.letters(session.row, self.outbound.last, room).await?;
        if waiting.is_empty() {
            return Ok(frames);
        }
        let rows: Vec<_> = waiting.iter().map(|letter| letter.row).collect();
        self.house.store.shown(&rows).await?;
        for letter in waiting {
            self.outbound.last = letter.row;
            self.outbound.uncollected.insert(letter.row);
            let number = u64::try_from(letter.row).unwrap_or_default();
            frames.push(push_frame(Push::Letter { number, posted_ms: letter.posted_ms, envelope: letter.envelope }));
        }
        Ok(frames)
    }

    pub(super) async fn look_up_to_post(&mut self, token: &DeliveryToken, since: u32) -> Result<Reply, Denied> {
        let (_, account) = self.house.store.token_of(token).await?.ok_or(Refusal::Unknown)?;
        let found = self.house.store.look_up(&account, since).await?;
        let (lists, prekey) = found.ok_or(Refusal::Unknown)?;
        Ok(Answer::Account { lists, prekey: Some(prekey) }.into())
    }

    pub(super) async fn post(
        &mut self,
        token: &DeliveryToken,
        letter: &LetterId,
        envelope: &Envelope,
    ) -> Result<Reply, Denied> {
        if frame::encode(envelope).len() > MAX_SEALED {
            return Err(Refusal::BadRequest.into());
        }
        let house = &self.house;
        let limits = &house.config.limits;
        let room = Room { letters: limits.letters, bytes: limits.mailbox };
        let account = house.store.post(token, letter, envelope, room, clock::wall_ms()).await?;
        house.presences.ring(&account);
        Ok(Answer::Done.into())
    }

    pub(super) async fn withdraw(&mut self, token: &DeliveryToken, letter: &LetterId) -> Result<Reply, Denied> {
        self.house.store.withdraw(token, letter).await?;
        Ok(Answer::Done.into())
    }
}
