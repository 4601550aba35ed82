//! The calls that open a session: registering, the daily hello, moving to another device.

use juice_proto::{
    capsule::ServerCapsule,
    device_list::{self, DeviceList},
    error::ProtoError,
    frame,
    id::{AccountId, DeviceId, Millis},
    opaque,
    prekey::Prekey,
    presence::Presence,
    server::{Answer, ClientFrame, Refusal},
    sign::Signed,
};

use super::{Reply, Session, Visit, before, check_prekey};
use crate::{clock, config, denied, denied::Denied, keys, presence::Checked, store::NewAccount};

/// The longest code that is looked at.
const MAX_CODE: usize = 64;
/// The longest encoded capsule: a 32-byte key, its nonce and seal take 80.
pub(super) const MAX_CAPSULE: usize = 128;

/// The second call of a registration.
pub(super) struct Registration<'a> {
    pub upload: &'a [u8],
    pub list: Signed<DeviceList>,
    pub capsule: ServerCapsule,
    pub prekey: Signed<Prekey>,
    pub presence: Option<Signed<Presence>>,
}

/// A session about to open.
pub(super) struct Opening {
    pub account: AccountId,
    pub row: i64,
    pub device: DeviceId,
    pub since: Millis,
    pub presence: Option<Checked>,
    pub moved: Option<Signed<DeviceList>>,
}

impl Visit {
    pub(super) async fn register_start(
        &mut self,
        account: AccountId,
        request: &[u8],
        code: Option<String>,
    ) -> Result<Reply, Denied> {
        self.before_session()?;
        let house = &self.house;
        let allowed = house.throttle.registration(self.address);
        allowed.map_err(Refusal::SlowDown)?;
        let code = match house.config.registration {
            config::Registration::Closed => return Err(Refusal::RegistrationClosed.into()),
            config::Registration::Open => None,
            config::Registration::Code => {
                let typed = code.filter(|code| code.len() <= MAX_CODE);
                let hash = keys::code_hash(&typed.ok_or(Refusal::CodeNeeded)?);
                if !house.store.code_is_good(hash).await? {
                    return Err(Refusal::CodeNeeded.into());
                }
                Some(hash)
            }
        };
        if house.store.account(&account).await?.is_some() {
            return Err(Refusal::NameTaken.into());
        }
        let answer = house.opaque.register(request, &account).map_err(denied::malformed)?;
        self.registering = Some((account, code));
        Ok(Answer::Opaque(answer.into()).into())
    }

    pub(super) async fn register_finish(
        &mut self,
        frame: &ClientFrame,
        parts: Registration<'_>,
    ) -> Result<Reply, Denied> {
        self.before_session()?;
        let (account, code) = self.registering.take().ok_or(Refusal::NoSession)?;
        let (list, pin) = device_list::check(&account, None, &parts.list).map_err(denied::wrong_list)?;
        if pin.version != 1 || list.previous.bytes() != &[0; 32] {
            return Err(Refusal::WrongList.into());
        }
        let device = list.current().ok_or(Refusal::WrongList)?;
        self.check_proof(frame, &device)?;
        check_prekey(&parts.prekey, &device)?;
        let presence = self.check_presence(&account, &device, parts.presence)?;
        if frame::encode(&parts.capsule).len() > MAX_CAPSULE {
            return Err(Refusal::BadRequest.into());
        }
        let record = opaque::record(parts.upload).map_err(denied::malformed)?;
        self.call_of(&device)?;
        let new = NewAccount {
            account,
            record: &record,
            capsule: &parts.capsule,
            prekey: &parts.prekey,
            list: &parts.list,
            code,
        };
        let row = self.house.store.register(&new, clock::wall_ms()).await?;
        tracing::debug!(?account, "registered");
        let opening = Opening { account, row, device, since: 0, presence, moved: None };
        self.open(frame, opening).await
    }

    pub(super) async fn hello(
        &mut self,
        frame: &ClientFrame,
        account: AccountId,
        since: Millis,
        presence: Option<Signed<Presence>>,
        prekey: Option<Signed<Prekey>>,
    ) -> Result<Reply, Denied> {
        self.before_session()?;
        let known = self.house.store.account(&account).await?;
        let known = known.ok_or(Refusal::UnknownDevice)?;
        let list = known.list.peek().map_err(|_| Refusal::Failed)?;
        let device = self.admitted(frame, &list, presence.as_ref())?;
        self.call_of(&device)?;
        let presence = self.check_presence(&account, &device, presence)?;
        if let Some(prekey) = prekey {
            check_prekey(&prekey, &device)?;
            self.house.store.set_prekey(known.row, &prekey).await?;
        }
        // A time from the future is of another server, or of this one before its clock was set right.
        let since = if since > clock::wall_ms() { 0 } else { since };
        let opening = Opening {
            account,
            row: known.row,
            device,
            since: before(since, self.house.config.timing.overlap),
            presence,
            moved: None,
        };
        self.open(frame, opening).await
    }

    pub(super) async fn move_here(
        &mut self,
        frame: &ClientFrame,
        list: Signed<DeviceList>,
        prekey: Signed<Prekey>,
        presence: Option<Signed<Presence>>,
    ) -> Result<Reply, Denied> {
        self.before_session()?;
        let account = self.proven.ok_or(Refusal::NoSession)?;
        let known = self.house.store.account(&account).await?;
        let known = known.ok_or(Refusal::Unknown)?;
        let (_, pin) = device_list::check(&account, None, &known.list).map_err(|_| Refusal::Failed)?;
        let (opened, next) = device_list::check(&account, Some(&pin), &list).map_err(denied::wrong_list)?;
        if next.version == pin.version {
            return Err(Refusal::WrongList.into());
        }
        let device = opened.current().ok_or(Refusal::WrongList)?;
        self.check_proof(frame, &device)?;
        check_prekey(&prekey, &device)?;
        let presence = self.check_presence(&account, &device, presence)?;
        self.call_of(&device)?;
        let now = clock::wall_ms();
        self.house.store.move_to(known.row, pin.version, &list, &prekey, now).await?;
        self.proven = None;
        tracing::debug!(?account, ?device, "moved");
        let opening = Opening { account, row: known.row, device, since: 0, presence, moved: Some(list) };
        self.open(frame, opening).await
    }

    fn check_proof(&self, frame: &ClientFrame, device: &DeviceId) -> Result<(), Denied> {
        frame.check(device, &self.house.server_key, &self.nonce).map_err(denied::malformed)?;
        Ok(())
    }

    /// Counts a call that opens a session: a device that comes back again and again has no more of them.
    fn call_of(&self, device: &DeviceId) -> Result<(), Denied> {
        Ok(self.house.throttle.call(device).map_err(Refusal::SlowDown)?)
    }

    /// The device that made this call, if it speaks for the account.
    fn admitted(
        &self,
        frame: &ClientFrame,
        list: &DeviceList,
        presence: Option<&Signed<Presence>>,
    ) -> Result<DeviceId, Denied> {
        let made_by = |device: &DeviceId| frame.check(device, &self.house.server_key, &self.nonce).is_ok();
        let current = list.current().ok_or(Refusal::RevokedDevice)?;
        if made_by(&current) {
            return Ok(current);
        }
        let others = list.devices.iter().map(|device| device.id);
        if let Some(device) = others.filter(|id| *id != current).find(made_by) {
            // Of several devices only the newest has a session, one device an account.
            return match list.admit(&device) {
                Err(ProtoError::RevokedDevice) | Ok(()) => Err(Refusal::RevokedDevice.into()),
                Err(_) => Err(Refusal::UnknownDevice.into()),
            };
        }
        let claimed = presence.and_then(|presence| Some(presence.peek().ok()?.device));
        match claimed {
            Some(device) if list.admit(&device) == Err(ProtoError::UnknownDevice) => Err(Refusal::UnknownDevice.into()),
            None if frame.proof.is_some() => Err(Refusal::UnknownDevice.into()),
            Some(_) | None => Err(Refusal::BadSignature.into()),
        }
    }

    /// Opens the session: seats the account, tells its buddies, and welcomes it.
    async fn open(&mut self, frame: &ClientFrame, opening: Opening) -> Result<Reply, Denied> {
        let house = &self.house;
        let taken = house.presences.enter(opening.account, opening.device, &house.metrics);
        let session =
            Session { account: opening.account, row: opening.row, device: opening.device, number: taken.session };
        match self.welcome(&frame.call, session, opening).await {
            Ok((mut reply, letters)) => {
                reply.queue = Some(taken.queue);
                self.session = Some(session);
                if letters {
                    // Where they can't be read now they are for the next time.
                    reply.more.append(&mut self.letters().await.unwrap_or_default());
                }
                self.registering = None;
                self.count_login();
                tracing::debug!(account = ?session.account, "session open");
                Ok(reply)
            }
            Err(denied) => {
                self.house.presences.leave(session.account, session.number, &self.house.metrics);
                Err(denied)
            }
        }
    }
}
