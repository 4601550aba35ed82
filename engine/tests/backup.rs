//! Backups: what opens them, what is found wrong with them, and that nothing is there of one that is.

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

use std::path::{Path, PathBuf};

use juice_engine::{
    backup::{BackupError, Parts, read, write},
    store::At,
};
use juice_proto::{messenger::record::Change, vault::KdfParams};
use samples::{CHEAP, Folder, Open, Pair};

const PASSWORD: &str = "another password";
const SCHEMA: u64 = 4;

/// A backup of a database of so many bytes, which are not all the same.
fn backup(folder: &Folder, size: usize) -> (PathBuf, Vec<u8>) {
    let database: Vec<u8> = (0..size).map(|n| (n / 7) as u8).collect();
    let at = folder.path().join("copy");
    std::fs::write(&at, &database).unwrap();
    let path = folder.path().join("juice.backup");
    let parts = Parts { vault: b"the vault".to_vec(), schema: SCHEMA, database: at };
    write(&parts, &path, PASSWORD, CHEAP).unwrap();
    (path, database)
}

fn restored(path: &Path, folder: &Folder) -> Result<(Vec<u8>, Vec<u8>), BackupError> {
    let database = folder.path().join("restored");
    let vault = read(path, PASSWORD, &database, SCHEMA)?;
    Ok((vault, std::fs::read(database).unwrap()))
}

#[test]
fn a_backup_gives_back_what_was_put_in() {
    let folder = Folder::new();
    // Around the edges of the chunks: 33 bytes of numbers and vault go before.
    for size in [0, 1, 65_502, 65_503, 65_504, 131_039, 200_000] {
        let (path, database) = backup(&folder, size);
        let (vault, given) = restored(&path, &folder).unwrap();
        assert_eq!(vault, b"the vault");
        assert!(given == database, "{size} bytes");
    }
    #[cfg(unix)]
    for name in ["juice.backup", "restored"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert!(!folder.path().join("juice.backup.unfinished").exists());
}

#[test]
fn another_password_opens_nothing() {
    let folder = Folder::new();
    let (path, _) = backup(&folder, 1_000);
    let database = folder.path().join("restored");
    let error = read(&path, "another Password", &database, SCHEMA).unwrap_err();
    assert!(matches!(error, BackupError::WrongPassword), "{error:?}");
    assert!(!database.exists());
}

#[test]
fn eve_cannot_change_or_cut_a_backup_unnoticed() {
    let folder = Folder::new();
    let (path, _) = backup(&folder, 150_000);
    let whole = std::fs::read(&path).unwrap();
    let database = folder.path().join("restored");
    let refused = |bytes: &[u8], what: &str| {
        std::fs::write(&path, bytes).unwrap();
        let error = read(&path, PASSWORD, &database, SCHEMA).expect_err(what);
        assert!(
            matches!(error, BackupError::Damaged | BackupError::WrongPassword | BackupError::TooNew),
            "{what}: {error:?}"
        );
        assert!(!database.exists(), "{what}: nothing of it is there");
    };
    // Every byte of the beginning, and some of each chunk.
    for at in (0..90).chain([1_000, 65_600, 65_700, 70_000, 131_300, whole.len() - 17, whole.len() - 1]) {
        let mut bent = whole.clone();
        bent[at] ^= 1;
        refused(&bent, &format!("byte {at}"));
    }
    let start = whole.len() - 150_033 - 3 * 16;
    let chunk = 65_536 + 16;
    for end in [0, 5, 11, start, start + chunk, start + 2 * chunk, whole.len() - 1] {
        refused(&whole[..end], &format!("cut at {end}"));
    }
    refused(&[&whole[..], b"more"].concat(), "more at the end");
    let swapped = [
        &whole[..start],
        &whole[start + chunk..start + 2 * chunk],
        &whole[start..start + chunk],
        &whole[start + 2 * chunk..],
    ];
    refused(&swapped.concat(), "two chunks in each other's place");
    refused(&[&whole[..start + chunk], &whole[start + 2 * chunk..]].concat(), "a chunk left out");
    std::fs::write(&path, &whole).unwrap();
    assert!(restored(&path, &folder).is_ok(), "the whole one opens");
}

#[test]
fn a_backup_of_a_newer_schema_is_left_alone() {
    let folder = Folder::new();
    let (path, _) = backup(&folder, 1_000);
    let database = folder.path().join("restored");
    let error = read(&path, PASSWORD, &database, SCHEMA - 1).unwrap_err();
    assert!(matches!(error, BackupError::TooNew), "{error:?}");
    assert!(!database.exists());
    let mut newer = std::fs::read(&path).unwrap();
    newer[8] += 1;
    std::fs::write(&path, newer).unwrap();
    assert!(matches!(read(&path, PASSWORD, &database, SCHEMA), Err(BackupError::TooNew)));
}

#[test]
fn a_backup_that_asks_for_four_tebibytes_is_refused_before_allocating() {
    let folder = Folder::new();
    let (path, _) = backup(&folder, 10);
    let whole = std::fs::read(&path).unwrap();
    let cheap = juice_proto::frame::encode(&CHEAP);
    let huge = juice_proto::frame::encode(&KdfParams { memory_kib: u32::MAX, ..CHEAP });
    let at = whole.windows(cheap.len()).position(|bytes| bytes == cheap).unwrap();
    let mut bent = [&whole[..at], &huge, &whole[at + cheap.len()..]].concat();
    bent[10] += (huge.len() - cheap.len()) as u8;
    std::fs::write(&path, bent).unwrap();
    let error = read(&path, PASSWORD, &folder.path().join("restored"), SCHEMA).unwrap_err();
    assert!(matches!(error, BackupError::Damaged), "{error:?}");
}

#[tokio::test]
async fn a_copy_of_a_database_in_use_is_whole() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    open.save((1..=500).map(|seq| Change::Message(pair.theirs(seq, "before"))).collect()).await;
    let copy = folder.path().join("copy.sqlite");
    let (store, to) = (open.store.clone(), copy.clone());
    let copied = tokio::spawn(async move { store.copy_to(&to).await });
    open.begin_save((501..=1_000).map(|seq| Change::Message(pair.theirs(seq, "meanwhile"))).collect());
    copied.await.unwrap().unwrap();
    open.news().await;
    let copy = Open::with_key(&copy, 1).await.unwrap();
    let page = copy.store.history(pair.bob.account, At::End, 1_000).await.unwrap();
    assert!(
        page.messages.len() == 500 || page.messages.len() == 1_000,
        "a save is in it or not: {}",
        page.messages.len()
    );
    assert_eq!(copy.loaded.conversations[0].theirs[0].1 as usize, page.messages.len());
    assert_eq!(copy.store.search("before", None, None, 9).await.unwrap().hits.len(), 9);
}
