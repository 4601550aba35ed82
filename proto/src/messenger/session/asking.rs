//! Buddy requests: sealed for the one asked, opened by them.

use super::{super::*, *};

impl Messenger {
    /// The one to be asked is found: seal the request for them.
    pub(in crate::messenger) fn ask(
        &mut self,
        account: AccountId,
        asking: Asking,
        lists: &[Signed<DeviceList>],
        prekey: Option<&Signed<Prekey>>,
    ) {
        let delivery = self.token_for(&account);
        match self.sealed_request(account, &asking, lists, prekey, delivery) {
            Ok((envelope, list, pin)) => {
                let found = Box::new(Found { list, pin });
                let pendency = Pendency::Ask { account, asking: Box::new(asking), found, delivery };
                self.call(&Call::Ask { to: account, envelope }, pendency);
            }
            Err(ProtoError::AccountKeyChanged) => {
                let error = refuse(ErrorCode::BadInvite, "the invite is of another key than the server shows");
                self.answer(asking.number, Err(error));
            }
            Err(_) => {
                let error = refuse(ErrorCode::Internal, "the server's word on them does not check");
                self.answer(asking.number, Err(error));
            }
        }
    }

    pub(in crate::messenger) fn sealed_request(
        &mut self,
        account: AccountId,
        asking: &Asking,
        lists: &[Signed<DeviceList>],
        prekey: Option<&Signed<Prekey>>,
        delivery: Option<TokenRecord>,
    ) -> Result<(Envelope, Signed<DeviceList>, Pin), ProtoError> {
        let newest = lists.last().ok_or(ProtoError::Malformed)?;
        let pinned = self.buddies.get(&account).and_then(|buddy| buddy.record.pin);
        // An invite's key, or the one that is pinned, must be the one shown.
        let (list, pin) = device_list::check(&account, None, newest)?;
        if pinned.is_some_and(|known| known.key == pin.key && known.version > pin.version) {
            return Err(ProtoError::Rollback);
        }
        if asking.key.is_some_and(|key| key != pin.key) {
            return Err(ProtoError::AccountKeyChanged);
        }
        let device = list.current().ok_or(ProtoError::UnknownDevice)?;
        let prekey = prekey.ok_or(ProtoError::UnknownKey)?;
        let (_, key) = prekey::check(prekey, &device, self.server_now())?;
        let request = Request {
            from: self.me.account,
            name: self.me.name.as_str().into(),
            to: account,
            note: asking.note.clone(),
            token: asking.token.map(Into::into),
            asked_ms: self.now.wall,
            delivery: delivery.map(|record| record.token),
        };
        let plain = frame::encode(&Signed::make(&request, &self.me.device));
        let envelope = Envelope::seal(&plain, &key, &device, &mut self.rng)?;
        Ok((envelope, newest.clone(), pin))
    }

    /// Opens a request that the server holds for me.
    pub(in crate::messenger) fn open_request(
        &self,
        pending: Pending,
    ) -> Result<(Request, Signed<DeviceList>), ProtoError> {
        // The first key of a new device is offered before it is saved, so it may be asked for before it is saved.
        let mut keys = self.day_keys.iter().chain(&self.fresh_day_key);
        let key = keys.find(|key| key.id == pending.envelope.key).ok_or(ProtoError::UnknownKey)?;
        let plain = pending.envelope.open(&key.secret, &self.me.device.device())?;
        let signed: Signed<Request> = frame::decode(&plain)?;
        let (list, _) = device_list::check(&pending.from, None, &pending.list)?;
        let device = list.current().ok_or(ProtoError::UnknownDevice)?;
        let request = request::check(&signed, &pending.from, &device, &self.me.account, &self.me.server.key)?;
        Ok((request, pending.list))
    }
}
