//! The schema's versions: forward only, each in a file of `migrations/`, embedded in the program.

use sqlx::{
    SqlitePool,
    migrate::{MigrateError, Migrator},
};

use super::StoreError;

/// The database's file in the data folder.
pub(crate) const DATABASE: &str = "rendezvous.db";

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Brings the schema up to date.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    match MIGRATIONS.run(pool).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(_)) => Err(StoreError::SchemaTooNew),
        Err(other) => Err(StoreError::Schema(other)),
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use juice_proto::{
        capsule::ServerCapsule,
        device_list::DeviceList,
        id::AccountId,
        prekey::Prekey,
        seal::{Envelope, KemSecret, Suite},
        server::Relation,
        sign::{SecretKey, Signed},
    };
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;
    use sqlx::{AssertSqlSafe, sqlite::SqliteConnectOptions};
    use zeroize::Zeroizing;

    use super::{DATABASE, MIGRATIONS};
    use crate::store::{NewAccount, Store, StoreError, packed};

    /// A folder that goes when dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn new(what: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("juice-schema-{what}-{}", std::process::id()));
            let _ = std::fs::remove_dir_all(&folder);
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[tokio::test]
    async fn a_database_of_a_newer_version_is_left_untouched() {
        let folder = Folder::new("newer");
        let store = Store::open(&folder.0).await.unwrap();
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (9999, 'of the future', TRUE, x'00', 0)",
        )
        .execute(&store.write)
        .await
        .unwrap();
        store.close().await;
        let before = std::fs::read(folder.0.join(DATABASE)).unwrap();
        assert!(matches!(Store::open(&folder.0).await, Err(StoreError::SchemaTooNew)));
        assert_eq!(std::fs::read(folder.0.join(DATABASE)).unwrap(), before);
    }

    /// The first version's database, made by that version's own statements; whoever is in it is known by a seed.
    struct First(sqlx::SqlitePool);

    struct Someone {
        row: i64,
        id: AccountId,
        lists: Vec<Signed<DeviceList>>,
        prekey: Signed<Prekey>,
        capsule: ServerCapsule,
    }

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::from_seed([9; 32])
    }

    fn prekey(device: &SecretKey) -> Signed<Prekey> {
        let key = KemSecret::from_seed(Suite::X25519, [8; 32]).public().to_bytes().into();
        Signed::make(
            &Prekey { device: device.device(), suite: Suite::X25519, key, made_ms: 1, kept_until_ms: 2 },
            device,
        )
    }

    fn envelope() -> Envelope {
        let key = KemSecret::from_seed(Suite::X25519, [7; 32]).public();
        Envelope::seal(b"Hello?", &key, &SecretKey::from_seed(&[6; 32]).device(), &mut rng()).unwrap()
    }

    impl First {
        async fn make(folder: &Path) -> Self {
            std::fs::create_dir_all(folder).unwrap();
            // Rows are written here in an order that the constraint would not like.
            let options =
                SqliteConnectOptions::new().filename(folder.join(DATABASE)).create_if_missing(true).foreign_keys(false);
            let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
            MIGRATIONS.run_to(1, &pool).await.unwrap();
            Self(pool)
        }

        async fn run(&self, statement: String) {
            sqlx::query(AssertSqlSafe(statement)).execute(&self.0).await.unwrap();
        }

        /// An account whose lists were stored at these times.
        async fn account(&self, row: i64, seed: u8, stored_ms: &[u32]) -> Someone {
            let (key, device) = (SecretKey::from_seed(&[seed; 32]), SecretKey::from_seed(&[seed + 100; 32]));
            let id = AccountId::new([seed; 32]);
            let mut list = DeviceList::first(id, key.account_key(), device.device(), 1);
            let mut lists = Vec::new();
            for (version, stored) in (1u8..).zip(stored_ms) {
                let (signed, pin) = list.sign(&key);
                let blob = hex::encode(packed(&signed));
                self.run(format!("INSERT INTO list VALUES ({row}, {version}, x'{blob}', {stored})")).await;
                lists.push(signed);
                let next = SecretKey::from_seed(&[seed + 100 + version; 32]);
                list = list.moved_to(&pin, next.device(), u64::from(version) + 1).unwrap();
            }
            let someone = Someone {
                row,
                id,
                prekey: prekey(&device),
                capsule: ServerCapsule::seal(&key, &Zeroizing::new([1; 64]), &mut rng()),
                lists,
            };
            self.run(format!(
                "INSERT INTO account VALUES ({row}, x'{}', x'{}', x'{}', x'{}', {}, 5)",
                hex::encode(id.bytes()),
                hex::encode([seed; 3]),
                hex::encode(packed(&someone.capsule)),
                hex::encode(packed(&someone.prekey)),
                stored_ms.len(),
            ))
            .await;
            someone
        }
    }

    #[tokio::test]
    async fn a_database_of_the_first_version_keeps_everything() {
        let folder = Folder::new("first");
        let first = First::make(&folder.0).await;
        let alice = first.account(3, 1, &[10]).await;
        // Bob has moved twice, the last time at 50.
        let bob = first.account(5, 2, &[20, 30, 50]).await;
        let (carol, dave) = (first.account(8, 3, &[40]).await, first.account(9, 4, &[45]).await);
        first
            .run("INSERT INTO relation VALUES (3, 5, 0, 25), (5, 3, 0, 25), (3, 8, 2, 26), (9, 3, 1, 1000)".into())
            .await;
        let asked = hex::encode(packed(&envelope()));
        first.run(format!("INSERT INTO pending VALUES (4, 3, 9, x'{asked}', 1000)")).await;
        let hash = [7; 32];
        first.run(format!("INSERT INTO code VALUES (x'{}', 2, 5)", hex::encode(hash))).await;
        let id = hex::encode(alice.id.bytes());
        first.run(format!("INSERT INTO attempt VALUES (1, x'{id}', 900)")).await;
        first.run(format!("INSERT INTO removed VALUES (x'{}')", hex::encode([66; 32]))).await;
        first.0.close().await;

        let store = Store::open(&folder.0).await.unwrap();

        assert_eq!(store.accounts().await.unwrap(), 4);
        for someone in [&alice, &bob, &carol, &dave] {
            let found = store.account(&someone.id).await.unwrap().unwrap();
            assert_eq!((found.row, Some(&found.list)), (someone.row, someone.lists.last()));
            let looked_up = store.look_up(&someone.id, 0).await.unwrap();
            assert_eq!(looked_up, Some((someone.lists.clone(), someone.prekey.clone())));
            assert_eq!(packed(&store.capsule(someone.row).await.unwrap()), packed(&someone.capsule));
        }
        assert_eq!(store.record(&alice.id).await.unwrap(), Some(vec![1; 3]), "the password opens it as before");
        let (contacts, beside) = store.contacts(alice.row, 40, 500).await.unwrap();
        let facts: Vec<_> = contacts.iter().map(|one| (one.account, one.relation, one.mutual)).collect();
        assert_eq!(facts, [(bob.id, Relation::Buddy, true), (carol.id, Relation::Blocked, false)]);
        assert_eq!(contacts[0].lists, bob.lists[2..], "the column that is new says when his last list was stored");
        let (contacts, _) = store.contacts(alice.row, 60, 500).await.unwrap();
        assert!(contacts[0].lists.is_empty(), "nothing is newer");
        assert!(beside.requests && beside.tokens == 0 && beside.letters == 0);
        let pending = store.pending(alice.row, 500).await.unwrap();
        assert_eq!(pending.len(), 1);
        assert_eq!((pending[0].from, &pending[0].list, &pending[0].envelope), (dave.id, &dave.lists[0], &envelope()));
        assert!(store.code_is_good(hash).await.unwrap());
        assert!(store.try_password(&alice.id, 1, 800, 1_000).await.unwrap().is_err(), "the one tried is counted");
        assert_eq!(store.take_removed().await.unwrap(), [AccountId::new([66; 32])]);
        let new = SecretKey::from_seed(&[30; 32]);
        let account = AccountId::new([30; 32]);
        let list = DeviceList::first(account, new.account_key(), new.device(), 1).sign(&new).0;
        let new = NewAccount {
            account,
            record: &[],
            capsule: &alice.capsule,
            prekey: &alice.prekey,
            list: &list,
            code: Some(hash),
        };
        assert_eq!(store.register(&new, 2_000).await.unwrap(), 10, "rows are counted on");
        store.close().await;
    }
}
