//! The users: their keys, and how they get into the server's folder.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use juice_proto::{
    device_list::DeviceList,
    id::{AccountId, Millis, ServerKey, hash},
    prekey::{KEPT, Prekey},
    presence::{Capabilities, LEASE, Presence},
    seal::{KemSecret, Suite},
    server::Call,
    sign::{SecretKey, Signed},
};
use juice_rendezvous::{
    Config,
    admin::server_address,
    seed::{self, Seedling},
};

use crate::FEW;

/// How long ago all of them made their accounts and became buddies: no daily login brings their lists again.
const AGE: Millis = 30 * 24 * 60 * 60 * 1_000;

/// A user; clones are the same one.
#[derive(Clone)]
pub struct Person {
    pub id: AccountId,
    pub device: Arc<SecretKey>,
}

pub fn wall_ms() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right");
    Millis::try_from(since.as_millis()).expect("the clock is right")
}

/// So many users in the folder of a server that has not run yet, each with so many buddies; the key by which they know it.
pub async fn plant(data: &Path, count: usize, buddies: usize) -> (ServerKey, Vec<Person>) {
    let server = server_address(&Config::on_loopback(data.to_owned())).expect("the folder is writable").key;
    let made_ms = wall_ms() - AGE;
    let all = (0..count).map(|place| grow(&server, place, buddies_of(place, count, buddies).collect(), made_ms));
    let (people, seedlings): (Vec<_>, Vec<_>) = all.unzip();
    seed::plant(data, &seedlings, made_ms).await.expect("the database is writable");
    (server, people)
}

fn grow(server: &ServerKey, place: usize, buddies: Vec<usize>, made_ms: Millis) -> (Person, Seedling) {
    let name = format!("user{place}");
    let secret = |what: &str| hash(what, &[name.as_bytes()]);
    let (account_key, device) = (SecretKey::from_seed(&secret("account")), SecretKey::from_seed(&secret("device")));
    let id = AccountId::derive(server, &name);
    let list = DeviceList::first(id, account_key.account_key(), device.device(), made_ms);
    let prekey = Prekey {
        device: device.device(),
        suite: Suite::X25519,
        key: KemSecret::from_seed(Suite::X25519, secret("prekey")).public().to_bytes().into(),
        made_ms,
        kept_until_ms: wall_ms() + KEPT,
    };
    let seedling =
        Seedling { account: id, list: list.sign(&account_key).0, prekey: Signed::make(&prekey, &device), buddies };
    (Person { id, device: Arc::new(device) }, seedling)
}

/// Who are the `buddies` of `place`, in a ring of `count`: so far away that the first [`FEW`] are strangers to each other.
fn buddies_of(place: usize, count: usize, buddies: usize) -> impl Iterator<Item = usize> {
    let apart = (0..buddies / 2).map(|step| FEW + step * 40);
    apart.flat_map(move |apart| [(place + apart) % count, (place + count - apart) % count])
}

impl Person {
    /// "I am here", at as many addresses as a computer at home has.
    pub fn presence(&self) -> Signed<Presence> {
        static STEP: AtomicU64 = AtomicU64::new(0);
        let now = wall_ms();
        let presence = Presence {
            device: self.device.device(),
            capabilities: Capabilities { microphone: true, camera: true },
            addresses: vec![
                "/ip4/192.168.178.21/udp/40123/quic-v1".into(),
                "/ip4/192.168.178.21/tcp/40124".into(),
                "/ip6/2001:db8:4f2a:1c00:8d1e:52ff:fe11:2233/udp/40123/quic-v1".into(),
                "/ip4/203.0.113.77/udp/40123/quic-v1".into(),
            ],
            sequence: now + STEP.fetch_add(1, Relaxed),
            expires_ms: now + LEASE,
            behind_nat: false,
        };
        Signed::make(&presence, &self.device)
    }

    /// The daily login of one who was here a moment ago.
    pub fn hello(&self) -> Call {
        Call::Hello { account: self.id, since_ms: wall_ms(), presence: Some(self.presence()), prekey: None }
    }
}
