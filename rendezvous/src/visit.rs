//! One connection's conversation: what has been proven on it so far, and the answer to each call.
//!
//! Owned by the connection's task, which hands in frames and sends what comes out. Calls are answered one after the
//! other.

mod contacts;
mod mail;
mod open;
mod password;
mod welcome;

use std::{net::IpAddr, sync::Arc, sync::atomic::Ordering::Relaxed, time::Duration};

use bytes::Bytes;
use juice_proto::{
    id::{AccountId, DeviceId, Millis},
    opaque::Challenged,
    prekey::{self, Prekey},
    presence::{self, Presence},
    server::{Answer, Call, ClientFrame, Nonce, Refusal},
    sign::Signed,
};
use tokio::sync::mpsc;

use crate::{
    clock,
    denied::{self, Denied},
    presence::{Checked, Queued},
    server::House,
    store::Bounds,
};

/// Calls on a connection before it has a session; a new device needs three.
const MAX_CALLS_BEFORE: u32 = 8;

/// A session that is open.
#[derive(Clone, Copy, Debug)]
struct Session {
    account: AccountId,
    row: i64,
    device: DeviceId,
    number: u64,
}

/// What goes back to the client.
pub(crate) struct Reply {
    pub answer: Answer,
    /// Pushes that belong right behind the answer.
    pub more: Vec<Bytes>,
    /// The queue of a session that has just opened.
    pub queue: Option<mpsc::Receiver<Queued>>,
    /// The connection ends after this.
    pub close: bool,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self { answer, more: Vec::new(), queue: None, close: false }
    }
}

/// One connection.
pub(crate) struct Visit {
    house: Arc<House>,
    address: IpAddr,
    nonce: Nonce,
    calls_before: u32,
    /// The account to be, and the hash of its code.
    registering: Option<(AccountId, Option<[u8; 32]>)>,
    challenged: Option<(AccountId, Box<Challenged>)>,
    /// The account whose password was proven here.
    proven: Option<AccountId>,
    session: Option<Session>,
    outbound: mail::Outbound,
}

impl Visit {
    pub(crate) fn new(house: Arc<House>, address: IpAddr, nonce: Nonce) -> Self {
        Self {
            house,
            address,
            nonce,
            calls_before: 0,
            registering: None,
            challenged: None,
            proven: None,
            session: None,
            outbound: mail::Outbound::default(),
        }
    }

    /// Answers one frame.
    pub(crate) async fn frame(&mut self, frame: &ClientFrame) -> Reply {
        match self.answer(frame).await {
            Ok(reply) => reply,
            Err(Denied::Refused(refusal)) => self.refuse(refusal),
            Err(Denied::Failed(error)) => {
                tracing::error!(%error, "a call failed");
                self.refuse(Refusal::Failed)
            }
        }
    }

    /// The answer to bytes that are no frame.
    pub(crate) fn refuse(&self, refusal: Refusal) -> Reply {
        self.house.metrics.count_refusal(refusal);
        tracing::debug!(account = ?self.session.map(|session| session.account), ?refusal, "refused");
        Reply { close: denied::ends_connection(refusal), ..Answer::Refused(refusal).into() }
    }

    /// The connection is gone.
    pub(crate) fn end(&mut self) {
        if let Some(session) = self.session.take() {
            self.house.presences.leave(session.account, session.number, &self.house.metrics);
        }
    }

    async fn answer(&mut self, frame: &ClientFrame) -> Result<Reply, Denied> {
        let call = frame.open().map_err(denied::malformed)?;
        self.house.metrics.count_call(&call);
        match &self.session {
            Some(_) if matches!(call, Call::Goodbye) => {}
            Some(session) => {
                let allowed = self.house.throttle.call(&session.device);
                allowed.map_err(Refusal::SlowDown)?;
            }
            // Who posts has no session, and so no name: the address alone is counted.
            None if is_mail(&call) => {
                self.house.throttle.mail(self.address).map_err(Refusal::SlowDown)?;
            }
            None => {
                self.calls_before += 1;
                if self.calls_before > MAX_CALLS_BEFORE {
                    return Ok(Reply { close: true, ..self.refuse(Refusal::SlowDown(60)) });
                }
            }
        }
        match call {
            Call::RegisterStart { account, request, code } => self.register_start(account, &request, code).await,
            Call::RegisterFinish { upload, list, capsule, prekey, presence } => {
                let parts = open::Registration { upload: &upload, list, capsule, prekey, presence };
                self.register_finish(frame, parts).await
            }
            Call::Hello { account, since_ms, presence, prekey } => {
                self.hello(frame, account, since_ms, presence, prekey).await
            }
            Call::LoginStart { account, request } => self.login_start(account, &request).await,
            Call::LoginFinish { proof } => self.login_finish(&proof).await,
            Call::MoveHere { list, prekey, presence } => self.move_here(frame, list, prekey, presence).await,
            Call::PasswordStart { request } => self.password_start(&request),
            Call::PasswordFinish { upload, capsule } => self.password_finish(&upload, &capsule).await,
            Call::SetPresence { presence } => self.set_presence(presence),
            Call::SetPrekey { prekey } => self.set_prekey(&prekey).await,
            Call::LookUp { account, since_version } => self.look_up(&account, since_version).await,
            Call::Ask { to, envelope } => self.ask(to, envelope).await,
            Call::Accept { from } => self.accept(from).await,
            Call::Decline { from } => self.decline(&from).await,
            Call::Remove { other } => self.remove(&other).await,
            Call::Block { other } => self.block(&other).await,
            Call::Unblock { other } => self.unblock(other).await,
            Call::Nudge { buddy } => self.nudge(&buddy).await,
            Call::Goodbye => self.goodbye(),
            Call::SetTokens { add, remove } => self.set_tokens(&add, &remove).await,
            Call::Collected { letters } => self.collected(&letters).await,
            Call::LookUpToPost { token, since_version } => self.look_up_to_post(&token, since_version).await,
            Call::Post { token, letter, envelope } => self.post(&token, &letter, &envelope).await,
            Call::Withdraw { token, letter } => self.withdraw(&token, &letter).await,
        }
    }

    /// The open session.
    fn session(&self) -> Result<Session, Denied> {
        Ok(self.session.ok_or(Refusal::NoSession)?)
    }

    /// A call that has no place in a session.
    fn before_session(&self) -> Result<(), Denied> {
        match self.session {
            Some(_) => Err(Refusal::BadRequest.into()),
            None => Ok(()),
        }
    }

    fn check_presence(
        &self,
        account: &AccountId,
        device: &DeviceId,
        presence: Option<Signed<Presence>>,
    ) -> Result<Option<Checked>, Denied> {
        let Some(signed) = presence else {
            return Ok(None);
        };
        let last = self.house.presences.last_sequence(account, device);
        let opened = presence::check(&signed, device, last, clock::now()).map_err(denied::stale)?;
        Ok(Some(Checked { signed, sequence: opened.sequence, expires_ms: opened.expires_ms }))
    }

    fn set_presence(&mut self, presence: Option<Signed<Presence>>) -> Result<Reply, Denied> {
        let session = self.session()?;
        let presence = self.check_presence(&session.account, &session.device, presence)?;
        self.house.presences.set(session.account, session.number, presence, &self.house.metrics);
        Ok(Answer::Done.into())
    }

    async fn set_prekey(&mut self, prekey: &Signed<Prekey>) -> Result<Reply, Denied> {
        let session = self.session()?;
        check_prekey(prekey, &session.device)?;
        self.house.store.set_prekey(session.row, prekey).await?;
        Ok(Answer::Done.into())
    }

    fn goodbye(&mut self) -> Result<Reply, Denied> {
        let session = self.session()?;
        self.session = None;
        self.house.presences.goodbye(session.account, session.number, &self.house.metrics);
        tracing::debug!(account = ?session.account, "said goodbye");
        Ok(Reply { close: true, ..Answer::Done.into() })
    }

    /// Requests from before are forgotten.
    fn asked_after(&self, now: Millis) -> Millis {
        before(now, self.house.config.timing.pending)
    }

    fn bounds(&self) -> Bounds {
        let now = clock::wall_ms();
        Bounds {
            buddies: self.house.config.limits.buddies,
            pending: self.house.config.limits.pending,
            asked_after: self.asked_after(now),
            now,
        }
    }

    fn count_login(&self) {
        self.house.metrics.logins.fetch_add(1, Relaxed);
    }
}

fn is_mail(call: &Call) -> bool {
    matches!(call, Call::LookUpToPost { .. } | Call::Post { .. } | Call::Withdraw { .. })
}

fn check_prekey(prekey: &Signed<Prekey>, device: &DeviceId) -> Result<(), Denied> {
    prekey::check(prekey, device, clock::now()).map_err(denied::stale)?;
    Ok(())
}

/// The time `back` before `now`.
pub(crate) fn before(now: Millis, back: Duration) -> Millis {
    now.saturating_sub(Millis::try_from(back.as_millis()).unwrap_or(Millis::MAX))
}
