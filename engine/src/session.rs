//! Opening a profile: registering, unlocking, bringing an account to this computer; and changing its password.
//!
//! These are errands of seconds (passwords are stretched on purpose, the server is asked), run as tasks beside the
//! driver, which gets an [`Opened`] out of them: a messenger with its hands.

mod errors;

use std::{path::PathBuf, sync::Arc, time::Duration};

use juice_proto::{
    capsule::{self, ServerCapsule},
    device_list::{self, DeviceList},
    error::ProtoError,
    id::{AccountId, Now},
    invite::ServerAddress,
    messenger::{Identity, Input, Messenger, explain, record::Loaded},
    name::UserName,
    opaque::{ExportKey, LoggingIn, Registering},
    seal::Suite,
    server::{Answer, Call},
    sign::{SecretKey, Signed},
    vault::{DataKey, KdfParams},
    view::{AccountAddress, CommandError, ErrorCode},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use tokio::{join, sync::mpsc, task::spawn_blocking, time::timeout};
use zeroize::Zeroizing;

use crate::{
    call::Equipment,
    net::{Limits, Listen, Net, NetConfig, NetNews},
    profile::{Keys, Profile, ProfileError},
    server_link::{Connection, Mail, MailNews, ServerLink, ServerNews},
    store::{Store, StoreNews},
};

/// News that may wait for the driver, of each kind; above it whoever has news waits.
const NEWS: usize = 256;
/// How long the first hello waits to know where this computer can be dialled, and whether it can be called.
const ADDRESSES: Duration = Duration::from_millis(500);
/// The shortest password, in characters.
const MIN_PASSWORD: usize = 8;

/// Where an account is opened: its folder, and the side of the machine that it may be reached on.
#[derive(Clone)]
pub(crate) struct Place {
    pub profile: Arc<Profile>,
    pub listen: Listen,
    /// Where files of others go.
    pub downloads: PathBuf,
    /// What people are heard and seen by.
    pub equipment: Equipment,
}

/// An open profile: the messenger and its hands.
pub(crate) struct Opened {
    pub messenger: Messenger,
    pub store: Store,
    pub net: Net,
    pub server: ServerLink,
    pub mail: Mail,
    pub address: ServerAddress,
    pub store_news: mpsc::Receiver<StoreNews>,
    pub net_news: mpsc::Receiver<NetNews>,
    pub server_news: mpsc::Receiver<ServerNews>,
    pub mail_news: mpsc::Receiver<MailNews>,
}

type Done<T> = Result<T, CommandError>;

fn failed(code: ErrorCode, message: impl Into<String>) -> CommandError {
    CommandError { code, message: message.into() }
}

/// Makes an account at a server, and opens it here: two calls.
pub(crate) async fn register(
    place: Place,
    name: &str,
    password: String,
    server: &str,
    code: Option<String>,
    now: Now,
) -> Done<Box<Opened>> {
    let (name, address) = (parse_name(name)?, parse_address(server)?);
    check_password(&password)?;
    if place.profile.has_account() {
        return Err(failed(ErrorCode::Internal, "there is an account in this profile"));
    }
    let password = Zeroizing::new(password);
    let account = AccountId::derive(&address.key, name.as_str());
    let mut rng = rng()?;
    let mut connection = Connection::open(&address).await?;

    let (registering, request) = Registering::start(&password, &mut rng)?;
    let start = Call::RegisterStart { account, request: request.into(), code };
    let answer = opaque(connection.call(&start, None).await?.answer)?;
    let (server_key, words) = (address.key, password.clone());
    let (upload, export, key, here) = blocking(move || {
        let (upload, export) = registering.finish(&answer, &account, &server_key, &mut rng)?;
        let key = fresh_key(&mut rng);
        let here = capsule::seal_here(&key, &words, KdfParams::DEFAULT, &mut rng)?;
        Ok((upload, export, key, here))
    })
    .await?;

    let mut rng = self::rng()?;
    let device = fresh_key(&mut rng);
    let (list, pin) = DeviceList::first(account, key.account_key(), device.device(), now.wall).sign(&key);
    let keys = Keys {
        account,
        name: name.as_str().into(),
        server: address.clone(),
        device,
        account_key: key.account_key(),
        list: list.clone(),
        pin,
        capsule: here,
    };
    let mut hands = Hands::reach_out(&place, &keys).await?;
    let mut messenger = begin(&keys, &place.equipment, Loaded::default(), &mut hands, now).await?;
    let finish = Call::RegisterFinish {
        upload: upload.into(),
        list,
        capsule: ServerCapsule::seal(&key, &export, &mut rng),
        prekey: messenger.first_prekey().ok_or_else(|| failed(ErrorCode::Internal, "no key of the day"))?,
        presence: messenger.presence(),
    };
    welcome(&mut connection, &finish, &keys, &mut messenger, now).await?;
    settle(place, keys, password, messenger, hands, connection).await
}

/// Opens the account that is here. The server is asked for nothing: it is told, by the hello.
pub(crate) async fn unlock(place: Place, password: String, now: Now) -> Done<Box<Opened>> {
    let profile = Arc::clone(&place.profile);
    let password = Zeroizing::new(password);
    let (keys, data_key) = blocking_profile(move || profile.unlock(&password)).await?;
    let (answers, store_news) = mpsc::channel(NEWS);
    let (store, loaded) = Store::open(&place.profile.database(), &data_key, answers).await?;
    let mut hands = Hands::reach_out(&place, &keys).await?;
    let messenger = begin(&keys, &place.equipment, loaded, &mut hands, now).await?;
    let (told, server_news) = mpsc::channel(NEWS);
    let server = ServerLink::start(keys.server.clone(), told);
    let (posted, mail_news) = mpsc::channel(NEWS);
    let mail = Mail::start(keys.server.clone(), posted);
    let Hands { net, net_news } = hands;
    let address = keys.server;
    Ok(Box::new(Opened { messenger, store, net, server, mail, address, store_news, net_news, server_news, mail_news }))
}

/// Brings an account to this computer: three calls, the last of which makes this its device.
pub(crate) async fn move_here(place: Place, account: &AccountAddress, password: String, now: Now) -> Done<Box<Opened>> {
    let (name, address) = (parse_name(&account.name)?, parse_address(&account.server)?);
    if place.profile.has_account() {
        return Err(failed(ErrorCode::Internal, "there is an account in this profile"));
    }
    let password = Zeroizing::new(password);
    let id = AccountId::derive(&address.key, name.as_str());
    let mut connection = Connection::open(&address).await?;
    let proven = prove_password(&mut connection, &address, id, &password).await?;

    let (old, old_pin) = device_list::check(&id, None, &proven.list)?;
    let words = password.clone();
    let key = proven.key.clone();
    let mut rng = rng()?;
    let mut dice = self::rng()?;
    let here = blocking(move || capsule::seal_here(&key, &words, KdfParams::DEFAULT, &mut dice)).await?;
    let device = fresh_key(&mut rng);
    let (list, pin) = old.moved_to(&old_pin, device.device(), now.wall)?.sign(&proven.key);
    let keys = Keys {
        account: id,
        name: name.as_str().into(),
        server: address.clone(),
        device,
        account_key: proven.key.account_key(),
        list: list.clone(),
        pin,
        capsule: here,
    };
    let mut hands = Hands::reach_out(&place, &keys).await?;
    let mut messenger = begin(&keys, &place.equipment, Loaded::default(), &mut hands, now).await?;
    let call = Call::MoveHere {
        list,
        prekey: messenger.first_prekey().ok_or_else(|| failed(ErrorCode::Internal, "no key of the day"))?,
        presence: messenger.presence(),
    };
    welcome(&mut connection, &call, &keys, &mut messenger, now).await?;
    settle(place, keys, password, messenger, hands, connection).await
}

/// Puts the account and this profile under another password. On a connection of its own, since the one of the session
/// is busy with the session; the old password is proof enough there.
pub(crate) async fn change_password(place: Place, old: String, new: String) -> Done<()> {
    check_password(&new)?;
    let (old, new) = (Zeroizing::new(old), Zeroizing::new(new));
    let (profile, words) = (Arc::clone(&place.profile), old.clone());
    let (mut keys, _) = blocking_profile(move || profile.unlock(&words)).await?;
    let mut connection = Connection::open(&keys.server).await?;
    let proven = prove_password(&mut connection, &keys.server, keys.account, &old).await?;

    let mut rng = rng()?;
    let (registering, request) = Registering::start(&new, &mut rng)?;
    let start = Call::PasswordStart { request: request.into() };
    let answer = opaque(connection.call(&start, None).await?.answer)?;
    let (account, server_key, words, key) = (keys.account, keys.server.key, new.clone(), proven.key.clone());
    let (upload, export, here) = blocking(move || {
        let (upload, export) = registering.finish(&answer, &account, &server_key, &mut rng)?;
        let here = capsule::seal_here(&key, &words, KdfParams::DEFAULT, &mut rng)?;
        Ok((upload, export, here))
    })
    .await?;
    let capsule = ServerCapsule::seal(&proven.key, &export, &mut self::rng()?);
    let finish = Call::PasswordFinish { upload: upload.into(), capsule };
    let answer = connection.call(&finish, None).await?.answer;
    if answer != Answer::Done {
        return Err(refused(answer));
    }
    keys.capsule = here;
    let profile = Arc::clone(&place.profile);
    blocking_profile(move || profile.change_password(&old, &new, &keys)).await
}

/// What a proven password brings.
struct Proven {
    key: SecretKey,
    list: Signed<DeviceList>,
}

async fn prove_password(
    connection: &mut Connection,
    address: &ServerAddress,
    account: AccountId,
    password: &Zeroizing<String>,
) -> Done<Proven> {
    let mut rng = rng()?;
    let (logging_in, request) = LoggingIn::start(password, &mut rng)?;
    let start = Call::LoginStart { account, request: request.into() };
    let answer = opaque(connection.call(&start, None).await?.answer)?;
    let server_key = address.key;
    let (proof, export): (Vec<u8>, ExportKey) =
        blocking(move || logging_in.finish(&answer, &account, &server_key, &mut rng)).await?;
    let answer = connection.call(&Call::LoginFinish { proof: proof.into() }, None).await?.answer;
    if let Answer::Capsule { capsule, list } = answer {
        Ok(Proven { key: capsule.open(&export)?, list })
    } else {
        Err(refused(answer))
    }
}

/// The net, and what it has told.
struct Hands {
    net: Net,
    net_news: mpsc::Receiver<NetNews>,
}

impl Hands {
    async fn reach_out(place: &Place, keys: &Keys) -> Done<Self> {
        let (told, net_news) = mpsc::channel(NEWS);
        let config = NetConfig { device: keys.device.clone(), listen: place.listen, limits: Limits::default() };
        let net = Net::start(config, told)
            .await
            .map_err(|error| failed(ErrorCode::Internal, format!("the network: {error}")))?;
        Ok(Self { net, net_news })
    }
}

/// A messenger that knows where it can be dialled and whether it can be called, so that its first hello says so.
async fn begin(keys: &Keys, equipment: &Equipment, loaded: Loaded, hands: &mut Hands, now: Now) -> Done<Messenger> {
    let mut seed = [0; 32];
    rng()?.fill_bytes(&mut seed);
    let identity = Identity {
        account: keys.account,
        name: parse_name(&keys.name)?,
        server: keys.server.clone(),
        device: keys.device.clone(),
        account_key: keys.account_key,
        list: keys.list.clone(),
        pin: keys.pin,
    };
    let mut messenger = Messenger::new(identity, loaded, Suite::XWing, seed, now);
    let equipment = equipment.clone();
    let looking = spawn_blocking(move || equipment.capabilities());
    // Nobody knows this device yet, so nothing else can come before its addresses do.
    let (addresses, capabilities) = join!(timeout(ADDRESSES, hands.net_news.recv()), timeout(ADDRESSES, looking));
    if let Ok(Some(NetNews::Addresses { addresses, behind_nat })) = addresses {
        messenger.handle(now, Input::Addresses(addresses, behind_nat));
    }
    if let Ok(Ok(capabilities)) = capabilities {
        messenger.handle(now, Input::Capabilities(capabilities));
    }
    Ok(messenger)
}

/// Makes the call that opens a session, and hands its welcome to the messenger.
async fn welcome(
    connection: &mut Connection,
    call: &Call,
    keys: &Keys,
    messenger: &mut Messenger,
    now: Now,
) -> Done<()> {
    let answered = connection.call(call, Some(&keys.device)).await?;
    if !matches!(answered.answer, Answer::Welcome(_)) {
        return Err(refused(answered.answer));
    }
    let unsigned = |_| failed(ErrorCode::ServerImpostor, "the server's welcome is not signed by its key");
    let welcome = connection.welcome(&answered).map_err(unsigned)?;
    let nonce = connection.nonce();
    messenger.handle(now, Input::ServerUp { nonce, welcome: Some((welcome, connection.last_number())) });
    Ok(())
}

/// Keeps what the server has agreed to, and puts everything together.
async fn settle(
    place: Place,
    keys: Keys,
    password: Zeroizing<String>,
    messenger: Messenger,
    hands: Hands,
    connection: Connection,
) -> Done<Box<Opened>> {
    let (profile, address) = (Arc::clone(&place.profile), keys.server.clone());
    let data_key: DataKey = blocking_profile(move || profile.create(&keys, &password)).await?;
    let (answers, store_news) = mpsc::channel(NEWS);
    let (store, _) = Store::open(&place.profile.database(), &data_key, answers).await?;
    let (told, mut server_news) = mpsc::channel(NEWS);
    let server = ServerLink::adopt(connection, address.clone(), told);
    // That it is up is no news: its session is open.
    server_news.recv().await;
    let (posted, mail_news) = mpsc::channel(NEWS);
    let mail = Mail::start(address.clone(), posted);
    let Hands { net, net_news } = hands;
    Ok(Box::new(Opened { messenger, store, net, server, mail, address, store_news, net_news, server_news, mail_news }))
}

fn parse_name(name: &str) -> Done<UserName> {
    UserName::parse(name).map_err(|_| failed(ErrorCode::BadName, "not a user name"))
}

fn parse_address(server: &str) -> Done<ServerAddress> {
    ServerAddress::parse(server).map_err(|_| failed(ErrorCode::BadServerAddress, "not a server's address"))
}

pub(crate) fn check_password(password: &str) -> Done<()> {
    let long_enough = password.chars().count() >= MIN_PASSWORD;
    long_enough.then_some(()).ok_or_else(|| failed(ErrorCode::WeakPassword, "a password has eight characters or more"))
}

fn rng() -> Done<ChaCha20Rng> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut())
        .map_err(|error| failed(ErrorCode::Internal, format!("the system gives no randomness: {error}")))?;
    Ok(ChaCha20Rng::from_seed(*seed))
}

fn fresh_key(rng: &mut ChaCha20Rng) -> SecretKey {
    let mut seed = Zeroizing::new([0; 32]);
    rng.fill_bytes(seed.as_mut());
    SecretKey::from_seed(&seed)
}

/// Runs what stretches passwords where it stops nobody else.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, ProtoError> + Send + 'static) -> Done<T> {
    Ok(spawn_blocking(work).await.map_err(|_| failed(ErrorCode::Internal, "interrupted"))??)
}

async fn blocking_profile<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ProfileError> + Send + 'static,
) -> Done<T> {
    Ok(spawn_blocking(work).await.map_err(|_| failed(ErrorCode::Internal, "interrupted"))??)
}

fn opaque(answer: Answer) -> Done<Vec<u8>> {
    if let Answer::Opaque(bytes) = answer { Ok(bytes.into()) } else { Err(refused(answer)) }
}

fn refused(answer: Answer) -> CommandError {
    match answer {
        Answer::Refused(refusal) => explain(refusal),
        Answer::Done | Answer::Opaque(_) | Answer::Welcome(_) | Answer::Capsule { .. } | Answer::Account { .. } => {
            failed(ErrorCode::Internal, "not an answer to that call")
        }
    }
}
