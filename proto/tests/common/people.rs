//! The people of the tests: their keys, all from their names, so that every run is the same.

use juice_proto::{
    device_list::DeviceList,
    id::{AccountId, Millis, hash},
    invite::ServerAddress,
    letter::DeliveryToken,
    messenger::{
        Identity,
        record::{BuddyRecord, TokenRecord},
    },
    name::UserName,
    sign::SecretKey,
    view::{BuddyPlace, Relation},
};

/// The wall clock when a test begins.
pub const START: Millis = 1_700_000_000_000;

/// Someone, with the keys that only they have.
#[derive(Clone, Debug)]
pub struct Persona {
    pub identity: Identity,
    /// The account key, secret half.
    pub key: SecretKey,
}

/// The server's key.
pub fn server_key() -> SecretKey {
    SecretKey::from_seed(&[1; 32])
}

/// The token that someone gave to someone else.
pub fn token(of: &Persona, to: &Persona) -> TokenRecord {
    let parts = [of.identity.account.bytes().as_slice(), to.identity.account.bytes()];
    TokenRecord { token: DeliveryToken::new(hash("test/token", &parts)), made_ms: START - 1 }
}

/// A key from a label.
pub fn key_of(label: &str) -> SecretKey {
    SecretKey::from_seed(&hash("test/key", &[label.as_bytes()]))
}

/// The person of this name at the server.
pub fn persona(name: &str) -> Persona {
    let (key, device) = (key_of(&format!("{name}'s account")), key_of(&format!("{name}'s device")));
    let server = ServerAddress { host: "test".into(), port: 1, key: server_key().server_key() };
    let user = UserName::parse(name).expect("a name");
    let account = AccountId::derive(&server.key, user.as_str());
    let (list, pin) = DeviceList::first(account, key.account_key(), device.device(), 1).sign(&key);
    let identity = Identity { account, name: user, server, device, account_key: key.account_key(), list, pin };
    Persona { identity, key }
}

impl Persona {
    /// The same person on another device, the one before revoked.
    pub fn moved(&self, label: &str) -> Self {
        let device = key_of(label);
        let list = self.identity.list.peek().expect("a list");
        let next = list.moved_to(&self.identity.pin, device.device(), START).expect("room");
        let (list, pin) = next.sign(&self.key);
        Self { identity: Identity { device, list, pin, ..self.identity.clone() }, key: self.key.clone() }
    }

    /// The same name and device under another account key, as if somebody had put theirs in its place.
    pub fn with_another_key(&self, label: &str) -> Self {
        let key = key_of(label);
        let identity = &self.identity;
        let list = DeviceList::first(identity.account, key.account_key(), identity.device.device(), 2);
        let (list, pin) = list.sign(&key);
        Self { identity: Identity { account_key: key.account_key(), list, pin, ..identity.clone() }, key }
    }

    /// How their buddies have them on disk.
    pub fn record(&self) -> BuddyRecord {
        BuddyRecord {
            account: self.identity.account,
            name: self.identity.name.as_str().into(),
            alias: String::new(),
            place: BuddyPlace::default(),
            notes: String::new(),
            relation: Relation::Buddy,
            pin: Some(self.identity.pin),
            list: Some(self.identity.list.clone()),
            suite: None,
            verified: false,
            key_alarm: false,
            last_seen_ms: 0,
            my_token: None,
            their_token: None,
        }
    }

    /// How someone has them who has been their buddy for long: each gave the other a token.
    pub fn record_at(&self, owner: &Self) -> BuddyRecord {
        BuddyRecord {
            my_token: Some(token(owner, self)),
            their_token: Some(token(self, owner)),
            last_seen_ms: START - 1,
            ..self.record()
        }
    }

    /// As the window names them.
    pub fn hex(&self) -> String {
        self.identity.account.to_string()
    }
}
