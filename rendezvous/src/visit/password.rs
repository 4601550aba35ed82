//! The calls that prove a password by OPAQUE, and those that set another.
//!
//! A name that does not exist is answered as one that does, byte for byte in length, and counted alike. A proven
//! password is leave enough to set another: whoever knows it could move the account here anyway.

use juice_proto::{
    capsule::ServerCapsule,
    frame,
    id::AccountId,
    opaque,
    server::{Answer, Refusal},
};

use super::{Reply, Visit, before, open::MAX_CAPSULE};
use crate::{clock, denied, denied::Denied, keys, store::StoreError};

impl Visit {
    pub(super) async fn login_start(&mut self, account: AccountId, request: &[u8]) -> Result<Reply, Denied> {
        if self.session.is_some_and(|mine| mine.account != account) {
            return Err(Refusal::Unknown.into());
        }
        self.challenged = None;
        self.house.throttle.password(self.address).map_err(Refusal::SlowDown)?;
        self.count_attempt(&account).await?;
        let house = &self.house;
        let record = house.store.record(&account).await?;
        let mut rng = keys::rng().map_err(StoreError::from)?;
        let (challenged, answer) = house
            .opaque
            .challenge(request, record.as_deref(), &account, &house.server_key, &mut rng)
            .map_err(denied::malformed)?;
        self.challenged = Some((account, Box::new(challenged)));
        Ok(Answer::Opaque(answer.into()).into())
    }

    async fn count_attempt(&self, account: &AccountId) -> Result<(), Denied> {
        let (now, window) = (clock::wall_ms(), self.house.config.timing.attempts);
        let most = self.house.config.limits.attempts;
        let tried = self.house.store.try_password(account, most, before(now, window), now).await?;
        tried.map_err(|oldest| {
            let left = oldest.saturating_sub(before(now, window)).div_ceil(1000);
            tracing::debug!(?account, "too many passwords tried");
            Refusal::SlowDown(u32::try_from(left).unwrap_or(u32::MAX).max(1))
        })?;
        Ok(())
    }

    pub(super) async fn login_finish(&mut self, proof: &[u8]) -> Result<Reply, Denied> {
        let (account, challenged) = self.challenged.take().ok_or(Refusal::NoSession)?;
        let house = &self.house;
        challenged.check(proof, &account, &house.server_key).map_err(|_| Refusal::WrongPassword)?;
        let known = house.store.account(&account).await?;
        let known = known.ok_or(Refusal::WrongPassword)?;
        house.store.password_proven(&account).await?;
        let capsule = house.store.capsule(known.row).await?;
        self.proven = Some(account);
        Ok(Answer::Capsule { capsule, list: known.list.clone() }.into())
    }

    pub(super) fn password_start(&mut self, request: &[u8]) -> Result<Reply, Denied> {
        let account = self.proven.ok_or(Refusal::NoSession)?;
        let answer = self.house.opaque.register(request, &account).map_err(denied::malformed)?;
        Ok(Answer::Opaque(answer.into()).into())
    }

    pub(super) async fn password_finish(&mut self, upload: &[u8], capsule: &ServerCapsule) -> Result<Reply, Denied> {
        let account = self.proven.ok_or(Refusal::NoSession)?;
        if frame::encode(capsule).len() > MAX_CAPSULE {
            return Err(Refusal::BadRequest.into());
        }
        let record = opaque::record(upload).map_err(denied::malformed)?;
        let known = self.house.store.account(&account).await?.ok_or(Refusal::Unknown)?;
        self.house.store.set_password(known.row, &record, capsule).await?;
        self.proven = None;
        tracing::debug!(?account, "password changed");
        Ok(Answer::Done.into())
    }
}
