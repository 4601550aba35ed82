//! The store when things go wrong: killed, out of disk, the wrong key, a newer database, a damaged one.

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

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use juice_engine::store::{At, StoreError, StoreNews};
use juice_proto::messenger::record::{Change, MessageRecord};
use samples::{Folder, Open, Pair, raw};

/// Tells a process of ours which folder it works in.
const FOLDER: &str = "JUICE_TEST_FOLDER";

/// This very program again, running one of the parts below that are ignored otherwise.
fn this_program() -> String {
    std::env::current_exe().unwrap().to_str().unwrap().to_owned()
}

fn part(name: &str) -> [&str; 4] {
    ["--ignored", "--exact", "--nocapture", name]
}

/// The store of the folder that the parent process named.
async fn open_named_folder() -> Open {
    let folder = std::env::var(FOLDER).expect("only the tests below run this");
    Open::with_key(&Path::new(&folder).join("database.sqlite"), 1).await.unwrap()
}

#[test]
#[ignore = "the process that the test below kills"]
fn part_writes_until_it_is_killed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut open = open_named_folder().await;
        let last = open.loaded.conversations.first().map_or(0, |it| it.mine.0);
        println!("loaded {last}");
        let pair = Pair::new();
        let mut under_way = BTreeMap::new();
        for seq in last + 1.. {
            let id = open.begin_save(vec![Change::Message(pair.mine(seq, "do not lose me"))]);
            under_way.insert(id, seq);
            // Sometimes one alone, sometimes a group.
            while under_way.len() > (seq as usize / 50 % 2) * 20 {
                match open.news().await {
                    StoreNews::Saved(id, _) => println!("saved {}", under_way.remove(&id).unwrap()),
                    other => panic!("{other:?}"),
                }
            }
        }
    });
}

#[tokio::test]
async fn a_process_killed_at_any_moment_loses_nothing_that_it_acknowledged() {
    let folder = Folder::new();
    let mut acknowledged = 0;
    let mut begun_from = 0;
    for round in 0..30 {
        let mut child = Killed(
            Command::new(this_program())
                .args(part("part_writes_until_it_is_killed"))
                .env(FOLDER, folder.path())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        let mut left = 1 + round * 53 % 400;
        let output = child.0.stdout.take().unwrap();
        for line in BufReader::new(output).lines() {
            let line = line.unwrap();
            if let Some(loaded) = line.strip_prefix("loaded ") {
                begun_from = loaded.parse().unwrap();
                assert!(
                    begun_from >= acknowledged,
                    "round {round}: {acknowledged} was acknowledged, {begun_from} is there"
                );
            } else if let Some(saved) = line.strip_prefix("saved ") {
                // A line that the kill cut short would be a smaller number.
                acknowledged = acknowledged.max(saved.parse().unwrap_or(0));
                left -= 1;
                if left == 0 {
                    child.0.kill().unwrap();
                }
            }
        }
    }
    assert!(acknowledged > 30 && begun_from > 0, "the processes did their work: {acknowledged}");
    let mut open = Open::at(&folder).await;
    let kept = open.loaded.conversations[0].mine.0;
    assert!(kept >= acknowledged);
    let mut next = 1;
    while next <= kept {
        for message in open.fetch(Pair::new().bob.account, next).await {
            assert_eq!(message, Pair::new().mine(next, "do not lose me"));
            next += 1;
        }
    }
    open.store.close().await;
    let mut raw = raw(&folder.database()).await;
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut raw).await.unwrap();
    assert_eq!(verdict, "ok");
}

/// A process that does not outlive its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A text that fills pages.
fn long(pair: &Pair, seq: u64) -> MessageRecord {
    pair.mine(seq, &"much to say ".repeat(1_000))
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "the process that the test below gives too little room"]
fn part_fills_its_disk() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut open = open_named_folder().await;
        let pair = Pair::new();
        let (mut saved, mut failed) = (Vec::new(), Vec::new());
        for seq in 1..2_000 {
            open.begin_save(vec![Change::Message(long(&pair, seq))]);
            match open.news().await {
                StoreNews::Saved(..) => saved.push(seq),
                StoreNews::SaveFailed(_, why) => {
                    assert!(!why.is_empty(), "says why");
                    failed.push(seq);
                }
                StoreNews::Fetched(..) => panic!("nothing was fetched"),
            }
            if failed.len() == 5 {
                break;
            }
        }
        assert!(saved.len() > 20, "there was room for some: {saved:?}");
        assert_eq!(failed.len(), 5, "and not for all");
        // A burst, all in one transaction, fails as one by one.
        for seq in 3_001..=3_020 {
            open.begin_save(vec![Change::Message(long(&pair, seq))]);
        }
        for seq in 3_001..=3_020 {
            match open.news().await {
                StoreNews::Saved(..) => saved.push(seq),
                StoreNews::SaveFailed(..) => failed.push(seq),
                StoreNews::Fetched(..) => panic!("nothing was fetched"),
            }
        }
        assert!(failed.len() > 5, "there is still no room");

        let room =
            Command::new("prlimit").args(["--pid", &std::process::id().to_string(), "--fsize=unlimited"]).status();
        assert!(room.unwrap().success(), "prlimit made room");
        open.save(failed.iter().map(|seq| Change::Message(long(&pair, *seq))).collect()).await;
        saved.append(&mut failed);
        saved.sort_unstable();

        let database = Path::new(&std::env::var(FOLDER).unwrap()).join("database.sqlite");
        open.store.close().await;
        let open = Open::with_key(&database, 1).await.unwrap();
        let waiting: Vec<u64> = open.loaded.conversations[0].waiting.iter().map(|message| message.seq).collect();
        assert_eq!(waiting, saved, "all that was acknowledged and nothing else");
        // A process that ends with the database open ends libcrypto under a thread that uses it.
        open.store.close().await;
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_fails_saves_and_later_ones_are_kept_again() {
    let folder = Folder::new();
    let child = Command::new("sh")
        // Without the signal ignored, the limit would kill; as it is, writing fails, as on a full disk.
        .args(["-c", "trap '' XFSZ; ulimit -S -f 4096; exec \"$0\" \"$@\""])
        .arg(this_program())
        .args(part("part_fills_its_disk"))
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}\n{}", String::from_utf8_lossy(&child.stderr));
}

/// The disk of `disk.c`, to be preloaded.
#[cfg(target_os = "linux")]
fn bad_disk(folder: &Path) -> PathBuf {
    let library = folder.join("disk.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store_support/disk.c");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    assert!(made.unwrap().success(), "the compiler that SQLite was built with makes it");
    library
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "the process that the test below gives a bad disk"]
fn part_has_a_bad_disk() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut open = open_named_folder().await;
        let pair = Pair::new();
        let folder = PathBuf::from(std::env::var(FOLDER).unwrap());
        let mut kept = Vec::new();
        let mut seq = 0;
        for fault in ["failing", "full", "failing", "full"] {
            for broken in [false, true, false] {
                if broken {
                    std::fs::File::create(folder.join(fault)).unwrap();
                } else {
                    let _ = std::fs::remove_file(folder.join(fault));
                }
                for _ in 0..20 {
                    seq += 1;
                    open.begin_save(vec![Change::Message(pair.mine(seq, "on the disk or not"))]);
                    match open.news().await {
                        StoreNews::Saved(..) if !broken => kept.push(seq),
                        StoreNews::SaveFailed(..) if broken => {}
                        other => panic!("{fault}, {broken}: {other:?}"),
                    }
                }
                if broken {
                    let page = open.store.history(pair.bob.account, At::End, 1_000).await.unwrap();
                    assert_eq!(page.messages.len(), kept.len(), "what was kept can be read meanwhile");
                }
            }
        }
        open.store.close().await;
        let open = Open::with_key(&folder.join("database.sqlite"), 1).await.unwrap();
        let there: Vec<u64> = open.loaded.conversations[0].waiting.iter().map(|message| message.seq).collect();
        assert_eq!(there, kept, "all that was acknowledged and nothing else");
        open.store.close().await;
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_does_not_sync_or_write_keeps_nothing_and_goes_on_when_it_does() {
    let folder = Folder::new();
    let child = Command::new(this_program())
        .args(part("part_has_a_bad_disk"))
        .env(FOLDER, folder.path())
        .env("JUICE_FAULTS", folder.path())
        .env("LD_PRELOAD", bad_disk(folder.path()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("1 passed"), "{said}\n{}", String::from_utf8_lossy(&child.stderr));
}

#[tokio::test]
async fn eve_cannot_open_a_database_with_another_key() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    open.save(vec![Change::Message(pair.mine(1, "for Bob"))]).await;
    open.store.close().await;
    let before = std::fs::read(folder.database()).unwrap();
    let error = Open::with_key(&folder.database(), 2).await.err();
    assert!(matches!(error, Some(StoreError::WrongKey)), "{error:?}");
    assert_eq!(std::fs::read(folder.database()).unwrap(), before);
    assert_eq!(Open::at(&folder).await.loaded.conversations.len(), 1);
}

#[tokio::test]
async fn a_damaged_database_is_an_error_and_no_panic() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    let pair = Pair::new();
    open.save((1..200).map(|seq| Change::Message(long(&pair, seq))).collect()).await;
    open.store.close().await;
    let whole = std::fs::read(folder.database()).unwrap();
    // Page 1 is what the key is tried on; the others fail their seal.
    for (at, page) in [(100, "first"), (4_096 + 7, "second"), (9 * 4_096, "tenth")] {
        let mut bent = whole.clone();
        bent[at] ^= 1;
        std::fs::write(folder.database(), &bent).unwrap();
        let error = Open::with_key(&folder.database(), 1).await.err();
        assert!(matches!(error, Some(StoreError::WrongKey | StoreError::Corrupt)), "{page} page: {error:?}");
    }
    std::fs::write(folder.database(), b"not a database at all, but long enough to look at").unwrap();
    let error = Open::with_key(&folder.database(), 1).await.err();
    assert!(matches!(error, Some(StoreError::WrongKey | StoreError::Corrupt)), "{error:?}");
}

#[tokio::test]
async fn a_newer_database_is_left_as_it_is() {
    let folder = Folder::new();
    let mut open = Open::at(&folder).await;
    open.save(vec![Change::Message(Pair::new().mine(1, "older"))]).await;
    open.store.close().await;
    let mut newer = raw(&folder.database()).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of another year', 1, x'00', 0)",
    )
    .execute(&mut newer)
    .await
    .unwrap();
    // The newer JUICE was killed: what it wrote is in its log still.
    let log = folder.path().join("database.sqlite-wal");
    let (database, logged) = (std::fs::read(folder.database()).unwrap(), std::fs::read(&log).unwrap());
    drop(newer);
    assert!(!logged.is_empty(), "the log is what is tested");
    // Dropping closes the connection, and that folds the log in: bring back what there was.
    wait_until_gone(&log).await;
    std::fs::write(folder.database(), &database).unwrap();
    std::fs::write(&log, &logged).unwrap();

    for _ in 0..2 {
        let error = Open::with_key(&folder.database(), 1).await.err();
        assert!(matches!(error, Some(StoreError::SchemaTooNew)), "{error:?}");
        assert_eq!(std::fs::read(folder.database()).unwrap(), database);
        assert_eq!(std::fs::read(&log).unwrap(), logged);
    }
}

async fn wait_until_gone(path: &Path) {
    while path.exists() {
        tokio::task::yield_now().await;
    }
}
