//! What the server is shown of me, and of others by it: presence, keys of the day, goodbye.

use super::{super::*, *};

impl Messenger {
    /// Our clock, corrected by the server's: a wrong clock here must not make everyone look stale.
    pub(in crate::messenger) fn server_now(&self) -> Now {
        let offset = self.session.as_ref().map_or(0, |session| session.offset_ms);
        Now { wall: self.now.wall.saturating_add_signed(offset), ..self.now }
    }

    pub(in crate::messenger) fn my_presence(&mut self) -> Option<Signed<Presence>> {
        if !self.sociable() {
            return None;
        }
        let now = self.server_now();
        self.presence_sequence = now.wall.max(self.presence_sequence + 1);
        let presence = Presence {
            device: self.me.device.device(),
            capabilities: self.capabilities,
            addresses: self.addresses.clone(),
            sequence: self.presence_sequence,
            expires_ms: now.wall + presence::LEASE,
            behind_nat: self.behind_nat,
        };
        Some(Signed::make(&presence, &self.me.device))
    }

    pub(in crate::messenger) fn publish_presence(&mut self) {
        if self.session_open() {
            let presence = self.my_presence();
            let pendency = if presence.is_some() { Pendency::Presence } else { Pendency::Quietly };
            self.call(&Call::SetPresence { presence }, pendency);
            self.timers.reset(self.now.mono + presence::LEASE / 2, Timer::RenewPresence);
        }
    }

    pub(in crate::messenger) fn addresses_changed(&mut self, addresses: Vec<String>, behind_nat: bool) {
        let mut addresses = addresses;
        addresses.truncate(presence::MAX_ADDRESSES);
        addresses.retain(|address| address.len() <= presence::MAX_ADDRESS);
        if self.addresses != addresses || self.behind_nat != behind_nat {
            self.addresses = addresses;
            self.behind_nat = behind_nat;
            if self.availability != Availability::Invisible {
                self.publish_presence();
            }
        }
    }

    pub(in crate::messenger) fn capabilities_changed(&mut self, capabilities: Capabilities) {
        if self.capabilities != capabilities {
            self.capabilities = capabilities;
            self.publish_presence();
            self.tell_status_to_all();
        }
    }

    /// Makes today's key where there is none, destroys those that nobody can have used for long, and looks again later.
    pub(in crate::messenger) fn keep_day_key(&mut self) {
        let wall = self.now.wall;
        let newest = self.day_keys.iter().map(|key| key.made_ms).max().unwrap_or(0);
        // A key from the future (the clock was wrong) is no key of today either.
        if newest + prekey::OFFERED <= wall || newest > wall + prekey::OFFERED {
            let secret = KemSecret::random(self.suite, &mut self.rng);
            let key = DayKeyRecord { id: secret.public().id(), secret, made_ms: wall };
            let made_before_ms = wall.saturating_sub(prekey::KEPT);
            self.day_keys.retain(|key| key.made_ms >= made_before_ms);
            self.fresh_day_key = Some(key.clone());
            let changes = vec![Change::DayKey(key), Change::DropDayKeys { made_before_ms }];
            self.save(Saving::DayKey, changes);
        }
        let look_again: Millis = 60 * 60 * 1000;
        self.timers.reset(self.now.mono + look_again, Timer::DayKey);
    }

    /// The secret of the new key of the day is safe: offer it.
    pub(in crate::messenger) fn day_key_saved(&mut self) {
        self.day_keys.extend(self.fresh_day_key.take());
        if std::mem::take(&mut self.day_key_is_offered) {
            return;
        }
        if let Some(prekey) = self.prekey().filter(|_| self.session_open()) {
            self.tell_server(&Call::SetPrekey { prekey });
        }
    }

    /// The disk would not take it: make another one later.
    pub(in crate::messenger) fn day_key_not_saved(&mut self) {
        self.fresh_day_key = None;
        self.day_key_is_offered = false;
        self.timers.reset(self.now.mono + SAVE_AGAIN, Timer::DayKey);
    }

    /// The key of the day that is saved, signed.
    pub(in crate::messenger) fn prekey(&self) -> Option<Signed<Prekey>> {
        Some(self.signed_prekey(self.day_keys.iter().max_by_key(|key| key.made_ms)?))
    }

    /// The first key of the day, for the call that makes this device known; its save is the first thing that follows.
    pub fn first_prekey(&mut self) -> Option<Signed<Prekey>> {
        let prekey = self.signed_prekey(self.fresh_day_key.as_ref()?);
        self.day_key_is_offered = true;
        Some(prekey)
    }

    fn signed_prekey(&self, key: &DayKeyRecord) -> Signed<Prekey> {
        let prekey = Prekey {
            device: self.me.device.device(),
            suite: key.secret.suite(),
            key: key.secret.public().to_bytes().into(),
            made_ms: key.made_ms,
            kept_until_ms: key.made_ms.saturating_add(prekey::KEPT),
        };
        Signed::make(&prekey, &self.me.device)
    }

    /// What the server says of where a buddy is. `dial` where it is I who should.
    pub(in crate::messenger) fn presence_told(
        &mut self,
        account: &AccountId,
        presence: Option<&Signed<Presence>>,
        dial: bool,
    ) {
        let now = self.server_now();
        let Some(buddy) = self.buddies.get_mut(account) else { return };
        let Some(presence) = presence else {
            buddy.presence = None;
            if buddy.reach.up.is_empty() {
                buddy.reach.lost_at = None;
            }
            self.dirty.insert(*account);
            self.consider_mail(account);
            return;
        };
        let Some(device) = buddy.device() else { return };
        let last = buddy.presence.as_ref().filter(|last| last.device == device).map(|last| last.sequence);
        // The same one again at a new welcome is no news, and no attack.
        let Ok(presence) = presence::check(presence, &device, last.map(|last| last.saturating_sub(1)), now) else {
            return;
        };
        let fresh = buddy.presence.replace(presence).is_none();
        buddy.reach.doubted = false;
        buddy.reach.attempts = 0;
        self.dirty.insert(*account);
        if dial {
            self.dial(account);
        } else if fresh {
            // They dial me; I do it if they can't.
            let delay = 3_000 + self.jitter(1_000);
            self.timers.reset(self.now.mono + delay, Timer::Dial(*account));
        }
    }

    pub(in crate::messenger) fn sign_out(&mut self) {
        self.say_bye_to_all();
        self.leaving = true;
        if !self.session_open() || !self.call(&Call::Goodbye, Pendency::Goodbye) {
            self.signed_out();
        }
    }

    /// Says once that the goodbyes are said.
    pub(in crate::messenger) fn signed_out(&mut self) {
        if !std::mem::replace(&mut self.gone, true) {
            self.out.push_back(Output::SignedOut);
        }
    }

    /// The capabilities and addresses that a presence made now would show.
    pub fn presence(&mut self) -> Option<Signed<Presence>> {
        self.my_presence()
    }
}
