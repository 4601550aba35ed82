//! A server with its folder, and people with their keys.

use std::{
    path::PathBuf,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use juice_proto::{
    capsule::ServerCapsule,
    device_list::{DeviceList, Pin},
    id::{AccountId, Millis, ServerKey, hash},
    opaque::{OpaqueServer, Registering},
    prekey::{KEPT, Prekey},
    presence::{Capabilities, LEASE, Presence},
    seal::{Envelope, KemSecret, Suite},
    server::{Answer, Call, Contact, Push, Relation, Welcome},
    sign::{SecretKey, Signed},
};
use juice_rendezvous::{Config, Server, config::Rate};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use zeroize::Zeroizing;

use crate::client::Client;

pub fn wall_ms() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis() as Millis
}

/// A folder that goes when dropped.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("juice-rendezvous-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server.
pub struct World {
    pub folder: Folder,
    pub config: Config,
    server: Option<Server>,
}

impl World {
    /// With limits that no test meets by accident, and no relay.
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = Folder::new();
        let mut config = Config::on_loopback(folder.0.clone());
        config.relay = None;
        config.limits.calls = Rate { burst: 1_000_000, per_minute: 1_000_000 };
        change(&mut config);
        let server = Box::pin(Server::start(config.clone())).await.unwrap();
        Self { folder, config, server: Some(server) }
    }

    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// Stops the server.
    pub async fn stop(&mut self) {
        self.server.take().unwrap().stop().await;
    }

    /// Stops the server and starts it again on the same data and port.
    pub async fn restart(&mut self) {
        let listen = self.server().socket();
        self.stop().await;
        let config = Config { listen, ..self.config.clone() };
        self.server = Some(Box::pin(Server::start(config)).await.unwrap());
    }

    pub fn key(&self) -> ServerKey {
        self.server().address().key
    }

    pub async fn connect(&self) -> Client {
        Box::pin(Client::connect(self.server().socket(), self.key())).await
    }

    /// A person who is not registered.
    pub fn person(&self, name: &str) -> Person {
        Person::new(name, &self.key())
    }

    /// A person who is, with the session open.
    pub async fn register(&self, name: &str) -> (Person, Client) {
        let person = self.person(name);
        let mut client = self.connect().await;
        Box::pin(person.register(&mut client)).await.unwrap();
        (person, client)
    }

    /// The daily login.
    pub async fn log_in(&self, person: &Person) -> (Client, Welcome) {
        let mut client = self.connect().await;
        let welcome = client.prove(&person.hello(0), &person.device).await.unwrap();
        (client, welcome)
    }

    /// Two who are buddies, both online, with nothing left unread.
    pub async fn buddies(&self) -> ((Person, Client), (Person, Client)) {
        let (alice, mut at_alice) = Box::pin(self.register("alice")).await;
        let (bob, mut at_bob) = Box::pin(self.register("bob")).await;
        at_alice.done(&alice.ask(&bob)).await;
        at_bob.done(&Call::Accept { from: alice.id }).await;
        at_alice.pushed().await;
        at_bob.pushed().await;
        ((alice, at_alice), (bob, at_bob))
    }
}

/// A person with their keys.
pub struct Person {
    pub id: AccountId,
    pub aik: SecretKey,
    pub device: SecretKey,
    pub list: DeviceList,
    pub signed: Signed<DeviceList>,
    pub pin: Pin,
}

/// One real registration message and its upload, which the server can't tell from another account's: Argon2id is slow.
fn opaque_messages() -> &'static (Vec<u8>, Vec<u8>) {
    static MESSAGES: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    MESSAGES.get_or_init(|| {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let (account, server) = (AccountId::new([1; 32]), ServerKey::new([2; 32]));
        let (client, request) = Registering::start("password", &mut rng).unwrap();
        let opaque = OpaqueServer::random(&mut rng);
        let answer = opaque.register(&request, &account).unwrap();
        let (upload, _) = client.finish(&answer, &account, &server, &mut rng).unwrap();
        (request, upload)
    })
}

fn capsule(key: &SecretKey) -> ServerCapsule {
    let mut rng = ChaCha20Rng::from_seed([3; 32]);
    ServerCapsule::seal(key, &Zeroizing::new([1; 64]), &mut rng)
}

impl Person {
    pub fn new(name: &str, server: &ServerKey) -> Self {
        let seed = |what: &str| SecretKey::from_seed(&hash(what, &[name.as_bytes()]));
        let (aik, device) = (seed("aik"), seed("device"));
        let id = AccountId::derive(server, name);
        let list = DeviceList::first(id, aik.account_key(), device.device(), wall_ms());
        let (signed, pin) = list.sign(&aik);
        Self { id, aik, device, list, signed, pin }
    }

    pub fn presence(&self) -> Signed<Presence> {
        self.presence_for(LEASE)
    }

    pub fn presence_for(&self, lease: Millis) -> Signed<Presence> {
        static SEQUENCE: AtomicU32 = AtomicU32::new(0);
        let step = SEQUENCE.fetch_add(1, Ordering::Relaxed);
        let presence = Presence {
            device: self.device.device(),
            capabilities: Capabilities::default(),
            addresses: vec!["/ip4/127.0.0.1/udp/4001/quic-v1".into()],
            sequence: wall_ms() + Millis::from(step),
            expires_ms: wall_ms() + lease,
            behind_nat: false,
        };
        Signed::make(&presence, &self.device)
    }

    pub fn prekey(&self) -> Signed<Prekey> {
        let mut rng = ChaCha20Rng::from_seed([4; 32]);
        let secret = KemSecret::random(Suite::X25519, &mut rng);
        let prekey = Prekey {
            device: self.device.device(),
            suite: Suite::X25519,
            key: secret.public().to_bytes().into(),
            made_ms: wall_ms(),
            kept_until_ms: wall_ms() + KEPT,
        };
        Signed::make(&prekey, &self.device)
    }

    pub fn register_start(&self) -> Call {
        Call::RegisterStart { account: self.id, request: opaque_messages().0.clone().into(), code: None }
    }

    pub fn register_finish(&self) -> Call {
        Call::RegisterFinish {
            upload: opaque_messages().1.clone().into(),
            list: self.signed.clone(),
            capsule: capsule(&self.aik),
            prekey: self.prekey(),
            presence: Some(self.presence()),
        }
    }

    /// Both calls of a registration.
    pub async fn register(&self, client: &mut Client) -> Result<Welcome, juice_proto::server::Refusal> {
        match client.call(&self.register_start()).await {
            Answer::Opaque(_) => {}
            Answer::Refused(refusal) => return Err(refusal),
            other => panic!("{other:?}"),
        }
        client.prove(&self.register_finish(), &self.device).await
    }

    pub fn hello(&self, since_ms: Millis) -> Call {
        Call::Hello { account: self.id, since_ms, presence: Some(self.presence()), prekey: None }
    }

    /// A request to `other`, sealed to nobody in particular: the server can't look into it.
    pub fn ask(&self, other: &Self) -> Call {
        let mut rng = ChaCha20Rng::from_seed([5; 32]);
        let key = KemSecret::random(Suite::X25519, &mut rng).public();
        let envelope = Envelope::seal(b"Hello?", &key, &other.device.device(), &mut rng).unwrap();
        Call::Ask { to: other.id, envelope }
    }
}

/// The presence in a push about `account`.
pub fn seen(push: &Push, account: &AccountId) -> Option<bool> {
    match push {
        Push::Presence(of, presence) if of == account => Some(presence.is_some()),
        _ => None,
    }
}

/// The contact about `account` in a welcome.
pub fn contact<'a>(welcome: &'a Welcome, account: &AccountId) -> &'a Contact {
    welcome.contacts.iter().find(|contact| contact.account == *account).expect("a contact")
}

/// Whether a push makes `account` a buddy who is online.
pub fn is_new_buddy(push: &Push, account: &AccountId) -> bool {
    matches!(push, Push::Contact(contact) if contact.account == *account
        && contact.relation == Relation::Buddy
        && contact.presence.is_some()
        && contact.lists.len() == 1)
}
