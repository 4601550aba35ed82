//! Restarts, backups, codes, and the keeper's commands on a running server.

use std::time::Duration;

use juice_proto::{
    opaque::LoggingIn,
    server::{Answer, Call, Push, Refusal},
};
use juice_rendezvous::{
    Config, Registration, Server,
    admin::{Admin, AdminError},
};
use tokio::time::timeout;

use crate::world::{Folder, World, contact, seen};

#[tokio::test]
async fn a_restart_keeps_accounts_and_the_servers_key_and_forgets_presence() {
    let mut world = World::new().await;
    let ((alice, mut at_alice), (bob, mut at_bob)) = world.buddies().await;
    let address = world.server().address().clone();
    world.restart().await;
    assert_eq!(world.server().address(), &address);
    for client in [&mut at_alice, &mut at_bob] {
        assert!(matches!(client.push().await, Push::Stopping(1..=10)));
        client.ended().await;
    }
    let (mut at_alice, welcome) = world.log_in(&alice).await;
    assert!(contact(&welcome, &bob.id).presence.is_none());
    let (_client, welcome) = world.log_in(&bob).await;
    assert!(contact(&welcome, &alice.id).presence.is_some());
    assert_eq!(seen(&at_alice.push().await, &bob.id), Some(true));
}

#[tokio::test]
async fn a_stop_takes_no_longer_than_two_seconds_whoever_is_connected() {
    let mut world = World::new().await;
    let _half_open = tokio::net::TcpStream::connect(world.server().socket()).await.unwrap();
    let (_alice, _at_alice) = world.register("alice").await;
    let _stranger = world.connect().await;
    timeout(Duration::from_secs(2), world.stop()).await.expect("stopped in time");
}

#[tokio::test]
async fn a_backup_of_a_running_server_is_a_server_again() {
    let world = World::new().await;
    let (alice, mut at_alice) = world.register("alice").await;
    let admin = Admin::open(world.config.clone()).await.unwrap();
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.0).unwrap();
    let copy = folder.0.join("rendezvous.db");
    admin.backup(&copy).await.unwrap();
    assert!(matches!(admin.backup(&copy).await, Err(AdminError::File(..))));
    assert!(at_alice.pushed().await.is_empty(), "the server goes on");
    for key in ["server.key", "opaque.key"] {
        std::fs::copy(world.folder.0.join(key), folder.0.join(key)).unwrap();
    }
    let restored = Server::start(Config { data: folder.0.clone(), ..world.config.clone() }).await.unwrap();
    assert_eq!(restored.address().key, world.key());
    let mut client = crate::client::Client::connect(restored.socket(), restored.address().key).await;
    assert!(client.prove(&alice.hello(0), &alice.device).await.is_ok());
    restored.stop().await;
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_what_the_server_keeps() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&world.folder.0), 0o700);
    for name in ["server.key", "opaque.key", "rendezvous.db"] {
        assert_eq!(mode(&world.folder.0.join(name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_name_is_nowhere_in_the_data() {
    let mut world = World::new().await;
    let name = "a-name-that-would-be-found";
    let (_person, _client) = world.register(name).await;
    world.stop().await;
    for entry in std::fs::read_dir(&world.folder.0).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(name.len()).any(|part| part == name.as_bytes()));
    }
}

#[tokio::test]
async fn a_code_is_good_for_as_many_accounts_as_it_was_made_for() {
    let world = World::with(|config| config.registration = Registration::Code).await;
    let admin = Admin::open(world.config.clone()).await.unwrap();
    let code = admin.new_code(1).await.unwrap();
    let start = |name: &str, code: Option<&str>| match world.person(name).register_start() {
        Call::RegisterStart { account, request, .. } => {
            Call::RegisterStart { account, request, code: code.map(str::to_owned) }
        }
        other => other,
    };
    let mut client = world.connect().await;
    for wrong in [None, Some("guess"), Some("")] {
        assert_eq!(client.refused(&start("alice", wrong)).await, Refusal::CodeNeeded);
    }
    let typed = format!(" {} ", code.to_uppercase());
    assert!(matches!(client.call(&start("alice", Some(&typed))).await, Answer::Opaque(_)));
    let mut second = world.connect().await;
    second.call(&start("bob", Some(&code))).await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    client.prove(&alice.register_finish(), &alice.device).await.unwrap();
    assert_eq!(second.prove(&bob.register_finish(), &bob.device).await, Err(Refusal::CodeNeeded), "used up meanwhile");
    assert!(
        matches!(admin.show("bob").await, Err(AdminError::NoAccount)),
        "nothing is left of a registration that failed"
    );
}

#[tokio::test]
async fn a_closed_server_takes_nobody_new() {
    let world = World::with(|config| config.registration = Registration::Closed).await;
    let mut client = world.connect().await;
    let start = world.person("alice").register_start();
    assert_eq!(client.refused(&start).await, Refusal::RegistrationClosed);
}

#[tokio::test]
async fn an_account_removed_by_the_keeper_is_gone_at_once() {
    let world = World::new().await;
    let ((alice, mut at_alice), (_bob, mut at_bob)) = world.buddies().await;
    let admin = Admin::open(world.config.clone()).await.unwrap();
    assert_eq!(admin.show("Alice").await.unwrap().buddies, 1);
    let look_up = Call::LookUp { account: alice.id, since_version: 0 };
    assert!(matches!(at_bob.call(&look_up).await, Answer::Account { .. }));
    admin.remove("alice").await.unwrap();
    at_alice.ended().await;
    assert_eq!(seen(&at_bob.push().await, &alice.id), Some(false));
    assert_eq!(at_bob.push().await, Push::Gone(alice.id));
    assert_eq!(at_bob.refused(&look_up).await, Refusal::Unknown, "nor is it remembered");
    assert!(matches!(admin.remove("alice").await, Err(AdminError::NoAccount)));
    let mut client = world.connect().await;
    assert_eq!(client.prove(&alice.hello(0), &alice.device).await, Err(Refusal::UnknownDevice));
    world.register("alice").await;
}

#[tokio::test]
async fn the_keeper_can_let_someone_try_passwords_again() {
    let world = World::with(|config| config.limits.attempts = 1).await;
    let (alice, _at_alice) = world.register("alice").await;
    let mut rng = <rand_chacha::ChaCha20Rng as rand_core::SeedableRng>::from_seed([1; 32]);
    let (_, request) = LoggingIn::start("wrong", &mut rng).unwrap();
    let start = Call::LoginStart { account: alice.id, request: request.into() };
    let mut client = world.connect().await;
    assert!(matches!(client.call(&start).await, Answer::Opaque(_)));
    assert!(matches!(client.refused(&start).await, Refusal::SlowDown(_)));
    let admin = Admin::open(world.config.clone()).await.unwrap();
    assert_eq!(admin.show("alice").await.unwrap().attempts, 1);
    admin.reset_attempts("alice").await.unwrap();
    assert!(matches!(client.call(&start).await, Answer::Opaque(_)));
}

#[tokio::test]
async fn a_folder_without_a_server_is_not_made_into_one() {
    let folder = Folder::new();
    let config = Config::on_loopback(folder.0.clone());
    assert!(matches!(Admin::open(config).await, Err(AdminError::NoServer(_))));
    assert!(!folder.0.exists());
}
