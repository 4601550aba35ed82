//! The profile: its lock, its vault, and that nothing of it can be read by whoever finds the files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets what it does not expect has failed"
)]

#[path = "store_support/samples.rs"]
mod samples;

use std::path::Path;

use juice_engine::profile::{Keys, Profile, ProfileError};
use juice_proto::{
    capsule,
    id::ServerKey,
    invite::ServerAddress,
    messenger::record::{Change, RequestRecord},
    vault::{KdfParams, Vault},
    view::Availability,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use samples::{CHEAP, Folder, NOW, Pair, Person};
use zeroize::Zeroizing;

fn profile(folder: &Folder) -> Profile {
    Profile::open(&folder.path().join("profile")).unwrap().at_price(CHEAP)
}

fn keys(password: &str) -> Keys {
    let alice = Person::new(1);
    let (list, pin) = alice.list().sign(&alice.key);
    let mut rng = ChaCha20Rng::from_seed([5; 32]);
    Keys {
        account: alice.account,
        name: "zebrafinch".into(),
        server: ServerAddress { host: "server.zebrafinch.example".into(), port: 443, key: ServerKey::new([6; 32]) },
        capsule: capsule::seal_here(&alice.key, password, CHEAP, &mut rng).unwrap(),
        account_key: alice.key.account_key(),
        device: alice.device,
        list,
        pin,
    }
}

fn same(a: &Keys, b: &Keys) -> bool {
    a.account == b.account
        && a.name == b.name
        && a.server == b.server
        && a.device.seed() == b.device.seed()
        && a.account_key == b.account_key
        && a.list == b.list
        && a.pin == b.pin
        && a.capsule == b.capsule
}

#[test]
fn an_account_is_unlocked_with_its_password_alone() {
    let folder = Folder::new();
    let keys = keys("password");
    let created = {
        let profile = profile(&folder);
        assert!(!profile.has_account());
        assert!(matches!(profile.unlock("password"), Err(ProfileError::NoAccount)));
        let created = profile.create(&keys, "password").unwrap();
        assert!(matches!(profile.create(&keys, "password"), Err(ProfileError::HasAccount)));
        created
    };
    let profile = profile(&folder);
    assert!(profile.has_account());
    let (unlocked, data_key) = profile.unlock("password").unwrap();
    assert!(same(&unlocked, &keys), "the keys come back as they were");
    assert_eq!(data_key.derive("any"), created.derive("any"));
    assert!(matches!(profile.unlock("Password"), Err(ProfileError::WrongPassword)));
}

#[test]
fn a_second_process_on_a_profile_is_turned_away() {
    let folder = Folder::new();
    let first = profile(&folder);
    let second = Profile::open(&folder.path().join("profile"));
    assert!(matches!(second, Err(ProfileError::InUse)));
    drop(first);
    profile(&folder);
}

#[test]
fn a_changed_password_opens_vault_and_capsule_and_the_old_one_neither() {
    let folder = Folder::new();
    let profile = profile(&folder);
    let before = profile.create(&keys("old"), "old").unwrap();
    assert!(matches!(profile.change_password("wrong", "new", &keys("new")), Err(ProfileError::WrongPassword)));
    profile.change_password("old", "new", &keys("new")).unwrap();
    assert!(matches!(profile.unlock("old"), Err(ProfileError::WrongPassword)));
    let (unlocked, after) = profile.unlock("new").unwrap();
    assert_eq!(before.derive("juice/database/1"), after.derive("juice/database/1"), "the database stays open to us");
    assert!(capsule::open_here(&unlocked.capsule, "new").is_ok());
    assert!(capsule::open_here(&unlocked.capsule, "old").is_err());

    let renamed = Keys {
        server: ServerAddress::parse("juice://elsewhere.example#BgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgY").unwrap(),
        ..unlocked
    };
    profile.rewrite(&renamed, "new").unwrap();
    assert!(same(&profile.unlock("new").unwrap().0, &renamed));
}

#[test]
fn a_damaged_vault_is_told_from_a_wrong_password() {
    let folder = Folder::new();
    let profile = profile(&folder);
    profile.create(&keys("password"), "password").unwrap();
    let vault = folder.path().join("profile/vault");
    let whole = std::fs::read(&vault).unwrap();
    let error_for = |bytes: &[u8]| {
        std::fs::write(&vault, bytes).unwrap();
        profile.unlock("password").err()
    };
    for garbage in
        [b"".as_slice(), b"garbage", &whole[..whole.len() / 2], &[0; 70_000], &[whole.as_slice(), b"more"].concat()]
    {
        let error = error_for(garbage);
        assert!(matches!(error, Some(ProfileError::Corrupt)), "{} bytes: {error:?}", garbage.len());
    }
    let mut newer = whole.clone();
    newer[8] += 1;
    assert!(matches!(error_for(&newer), Some(ProfileError::TooNew)));

    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    let empty = Vault::new(Zeroizing::new(vec![0xa0]), "password", CHEAP, &mut rng).unwrap();
    assert!(
        matches!(error_for(&empty.to_bytes(&mut rng)), Some(ProfileError::Corrupt)),
        "an honest seal over a body without keys"
    );
    assert!(error_for(&whole).is_none(), "the whole one opens");
}

#[test]
fn a_vault_is_never_sealed_too_cheaply() {
    let folder = Folder::new();
    let free = KdfParams { memory_kib: 8, ..CHEAP };
    let profile = profile(&folder).at_price(free);
    assert!(matches!(profile.create(&keys("password"), "password"), Err(ProfileError::KdfParamsOutOfRange)));
    assert!(!profile.has_account());
}

#[test]
fn what_a_crash_left_is_cleared_away_and_an_account_is_not() {
    let folder = Folder::new();
    let profile = profile(&folder);
    let file = |name: &str| folder.path().join("profile").join(name);
    let leave = |names: &[&str]| names.iter().for_each(|name| std::fs::write(file(name), "x").unwrap());
    leave(&["vault.unfinished", "database.sqlite", "database.sqlite-wal"]);
    profile.discard_unfinished().unwrap();
    assert!(!file("vault.unfinished").exists() && !file("database.sqlite").exists());

    leave(&["database.sqlite"]);
    profile.create(&keys("password"), "password").unwrap();
    assert!(!file("database.sqlite").exists(), "of an account whose key is lost");

    leave(&["vault.unfinished", "database.sqlite"]);
    profile.discard_unfinished().unwrap();
    assert!(!file("vault.unfinished").exists());
    assert!(file("database.sqlite").exists() && profile.unlock("password").is_ok());

    profile.remove_account().unwrap();
    assert!(!profile.has_account() && !file("database.sqlite").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = Folder::new();
    let profile = profile(&folder);
    let key = profile.create(&keys("password"), "password").unwrap();
    let (answers, _news) = tokio::sync::mpsc::channel(8);
    let _store = juice_engine::store::Store::open(&profile.database(), &key, answers).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let home = folder.path().join("profile");
    assert_eq!(mode(&home), 0o700);
    for name in ["vault", "database.sqlite", "database.sqlite-wal"] {
        assert_eq!(mode(&home.join(name)), 0o600, "{name}");
    }
}

/// The names of the files in a profile that hold these bytes.
fn files_with(folder: &Path, canary: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        if bytes.windows(canary.len()).any(|window| window == canary.as_bytes()) {
            found.push(entry.file_name().into_string().unwrap());
        }
    }
    found
}

#[tokio::test]
async fn eve_cannot_read_a_word_or_a_name_in_the_files() {
    let folder = Folder::new();
    let profile = profile(&folder);
    let key = profile.create(&keys("zebrafinch"), "zebrafinch").unwrap();
    let (answers, mut news) = tokio::sync::mpsc::channel(8);
    let (store, _) = juice_engine::store::Store::open(&profile.database(), &key, answers).await.unwrap();
    let pair = Pair::new();
    let carol = Person::new(3);
    let changes = vec![
        Change::Buddy(pair.bob.record("zebrafinch the buddy")),
        Change::Request(RequestRecord {
            account: carol.account,
            name: "zebrafinch".into(),
            note: "zebrafinch asks".into(),
            arrived_ms: NOW,
            list: carol.list().sign(&carol.key).0,
            delivery: None,
        }),
        Change::Message(pair.mine(1, "zebrafinch, said I")),
        Change::Message(pair.theirs(1, "zebrafinch, said Bob")),
        Change::Draft(pair.bob.account, "zebrafinch, unsaid".into()),
        Change::Status(Availability::Here, "zebrafinch watching".into()),
    ];
    store.save(juice_proto::messenger::SaveId(1), changes).unwrap();
    news.recv().await.unwrap();
    store.set_setting("zebrafinch", "zebrafinch").await.unwrap();

    let home = folder.path().join("profile");
    let log = std::fs::metadata(home.join("database.sqlite-wal")).unwrap();
    assert!(log.len() > 0, "the log is looked through too");
    std::fs::write(home.join("control"), "a zebrafinch in the open").unwrap();
    assert_eq!(files_with(&home, "zebrafinch"), ["control"]);
    store.close().await;
    assert_eq!(files_with(&home, "zebrafinch"), ["control"]);
    assert_eq!(files_with(&home, "SQLite format 3"), [""; 0], "not even that it is a database");
}
