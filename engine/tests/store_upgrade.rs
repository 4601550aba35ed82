//! A database as the first version made it opens, and keeps everything.

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

use juice_engine::store::At;
use juice_proto::{
    content::kind,
    device_list::DeviceList,
    frame,
    messenger::record::{BuddyRecord, Change, Fate, MessageRecord, Progress},
    sign::Signed,
    view::{Availability, BuddyPlace, Privacy},
};
use samples::{Folder, NOW, Open, Pair, Person, clock, raw};
use sha2::{Digest, Sha384};
use sqlx::{Connection, SqliteConnection};

const FIRST: &str = include_str!("../migrations/0001_first.sql");

/// Makes the tables as the first version did, with its word that they are there.
async fn first_version(folder: &Folder) -> SqliteConnection {
    std::fs::File::create(folder.database()).unwrap();
    let mut database = raw(&folder.database()).await;
    sqlx::raw_sql("PRAGMA journal_mode = WAL").execute(&mut database).await.unwrap();
    sqlx::raw_sql(FIRST).execute(&mut database).await.unwrap();
    sqlx::raw_sql(
        "CREATE TABLE _sqlx_migrations (
             version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
             success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)",
    )
    .execute(&mut database)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (1, 'first', 1, ?1, 0)",
    )
    .bind(Sha384::digest(FIRST.as_bytes()).to_vec())
    .execute(&mut database)
    .await
    .unwrap();
    database
}

/// Files a message as the first version did, in the sequence of that number, all in the conversation 1.
async fn file(database: &mut SqliteConnection, sequence: i64, message: &MessageRecord, progress: i64, unread: bool) {
    sqlx::query(
        "INSERT INTO messages (id, sequence, seq, conversation, mine, hlc, sent_ms, kind, text, content, signature,
                               progress, progress_ms, shown, unread)
         VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )
    .bind(message.id.bytes().as_slice())
    .bind(sequence)
    .bind(message.seq as i64)
    .bind(message.mine)
    .bind(message.hlc.0 as i64)
    .bind(message.sent_ms as i64)
    .bind(message.kind)
    .bind(message.text.as_str())
    .bind(message.signed.bytes())
    .bind(message.signed.signature().as_slice())
    .bind(progress)
    .bind(if matches!(progress, 1 | 2) { NOW as i64 } else { 0 })
    .bind(message.kind != kind::VOID && progress != 4)
    .bind(unread)
    .execute(database)
    .await
    .unwrap();
}

fn list_bytes(list: &Signed<DeviceList>) -> Vec<u8> {
    frame::encode(list)
}

#[tokio::test]
async fn a_database_of_the_first_version_keeps_everything() {
    let folder = Folder::new();
    let pair = Pair::new();
    // It knew neither groups nor notes.
    let bob = BuddyRecord { place: BuddyPlace::default(), notes: String::new(), ..pair.bob.record("bob") };
    let carol = Person::new(9);
    let mine: Vec<_> = (1..=6).map(|seq| pair.mine(seq, &format!("mine {seq}"))).collect();
    let theirs: Vec<_> = (1..=3).map(|seq| pair.theirs(seq, &format!("theirs {seq}"))).collect();
    let mut database = first_version(&folder).await;
    sqlx::query("INSERT INTO buddies VALUES (?1, 'bob', 'the neighbour', 1, ?2, ?3, 2, 1, 0, ?4)")
        .bind(bob.account.bytes().as_slice())
        .bind(frame::encode(&bob.pin.unwrap()))
        .bind(list_bytes(bob.list.as_ref().unwrap()))
        .bind(NOW as i64)
        .execute(&mut database)
        .await
        .unwrap();
    sqlx::query("INSERT INTO requests VALUES (?1, 'carol', 'it is me', ?2, ?3)")
        .bind(carol.account.bytes().as_slice())
        .bind(NOW as i64)
        .bind(list_bytes(&carol.list().sign(&carol.key).0))
        .execute(&mut database)
        .await
        .unwrap();
    sqlx::query("INSERT INTO conversations VALUES (1, ?1, 'unsaid', ?2, ?3)")
        .bind(bob.account.bytes().as_slice())
        .bind(theirs[0].hlc.0 as i64)
        .bind(theirs[0].id.bytes().as_slice())
        .execute(&mut database)
        .await
        .unwrap();
    for (number, person, is_mine) in [(1, &pair.alice, true), (2, &pair.bob, false)] {
        sqlx::query("INSERT INTO sequences VALUES (?1, 1, ?2, ?3, ?4)")
            .bind(number)
            .bind(pair.conversation.bytes().as_slice())
            .bind(person.device.device().bytes().as_slice())
            .bind(is_mine)
            .execute(&mut database)
            .await
            .unwrap();
    }
    for (message, progress) in mine.iter().zip([2, 1, 3, 4, 0]) {
        file(&mut database, 1, message, progress, false).await;
    }
    file(&mut database, 1, &pair.void_of(&mine[5]), 0, false).await;
    for (n, message) in theirs.iter().enumerate() {
        file(&mut database, 2, message, 0, n > 0).await;
    }
    for statement in [
        "INSERT INTO status VALUES (1, 3, 'busy as a bee')",
        "INSERT INTO welcome VALUES (1, 77)",
        "INSERT INTO settings VALUES ('theme', 'dark')",
    ] {
        sqlx::raw_sql(statement).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();

    let mut open = Open::at(&folder).await;
    for _ in 0..2 {
        assert_eq!(open.loaded.buddies, std::slice::from_ref(&bob));
        assert_eq!(open.loaded.requests.len(), 1);
        assert_eq!(open.loaded.status, Some((Availability::Busy, "busy as a bee".into())));
        assert_eq!((open.loaded.since_ms, open.loaded.privacy), (77, Privacy::default()));
        assert_eq!(open.loaded.groups, []);
        let conversation = &open.loaded.conversations[0];
        assert_eq!(conversation.mine, (6, pair.void_of(&mine[5]).id));
        assert_eq!((conversation.theirs[0].1, conversation.unread), (3, 2));
        assert_eq!(conversation.hlc, clock(6));
        assert_eq!(conversation.waiting, [mine[4].clone(), pair.void_of(&mine[5])]);
        assert_eq!(conversation.unread_there, [(mine[1].id, 2)]);
        assert_eq!(conversation.last_seen, Some(theirs[0].id));
        let page = open.store.history(bob.account, At::End, 50).await.unwrap();
        assert_eq!((page.draft.as_str(), page.first_unread), ("unsaid", Some(theirs[1].id)));
        let texts: Vec<_> = page.messages.iter().map(|shown| shown.record.text.clone()).collect();
        let mut expected = ["mine 1", "theirs 1", "mine 2", "theirs 2", "mine 3", "theirs 3", "mine 5"];
        expected.sort_unstable();
        let mut sorted = texts.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, expected, "what was taken back is not shown");
        let read = MessageRecord { progress: Progress::Read(NOW), ..mine[0].clone() };
        assert!(page.messages.iter().any(|shown| shown.record == read), "read back whole");
        let void = &open.fetch(bob.account, 4).await[0];
        assert_eq!((void.kind, void.text.as_str(), void.signed.bytes().len()), (kind::VOID, "", 0));
        assert_eq!(open.save_one(Change::Message(theirs[2].clone())).await, Fate::Known);
        assert_eq!(open.store.search("thei", None, None, 9).await.unwrap().hits.len(), 3, "and can be searched");
        open = open.again(&folder).await;
    }
    assert_eq!(open.store.setting("theme").await.unwrap(), Some("dark".into()));
}
