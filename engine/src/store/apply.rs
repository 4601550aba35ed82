//! One change, one or two statements. All of it runs inside the writer's transaction.

use juice_proto::{
    device_list::DeviceList,
    frame,
    id::{AccountId, MessageId},
    messenger::record::{BuddyRecord, Change, DayKeyRecord, Fate, RequestRecord, TokenRecord},
    sign::Signed,
    view::BuddyGroup,
};

use super::{
    code::{self, number},
    error::StoreError,
    writer::Writer,
};

impl Writer {
    /// Makes a change.
    pub(super) async fn apply(&mut self, change: &Change) -> Result<Fate, StoreError> {
        match change {
            Change::Message(message) => return self.insert(message).await,
            Change::Progress(messages, reached) => return self.progress(messages, *reached).await,
            Change::Void { old, new } => return self.void(*old, new).await,
            Change::FileAt(message, path) => return self.file_at(*message, path).await,
            Change::Posted(messages, letter, at_ms) => self.posted(messages, Some((*letter, *at_ms))).await?,
            Change::NotPosted(messages) => self.posted(messages, None).await?,
            Change::Owe(buddy, messages) => self.owe(*buddy, messages).await?,
            Change::Paid(messages) => self.paid(messages).await?,
            Change::ForgetConversation(buddy) => self.forget_conversation(*buddy).await?,
            Change::Seen(buddy) => return self.seen(*buddy).await,
            Change::Buddy(buddy) => self.put_buddy(buddy).await?,
            Change::Request(request) => self.put_request(request).await?,
            Change::DayKey(key) => self.put_day_key(key).await?,
            Change::DropDayKeys { made_before_ms } => {
                let dropped = sqlx::query("DELETE FROM day_keys WHERE made_ms < ?1")
                    .bind(number(*made_before_ms)?)
                    .execute(&mut self.connection)
                    .await?;
                self.scrub |= dropped.rows_affected() > 0;
            }
            Change::ForgetRequest(account) => {
                sqlx::query("DELETE FROM requests WHERE account = ?1")
                    .bind(account.bytes().as_slice())
                    .execute(&mut self.connection)
                    .await?;
            }
            Change::Draft(buddy, text) => {
                sqlx::query(
                    "INSERT INTO conversations (buddy, draft) VALUES (?1, ?2)
                     ON CONFLICT (buddy) DO UPDATE SET draft = excluded.draft",
                )
                .bind(buddy.bytes().as_slice())
                .bind(text.as_str())
                .execute(&mut self.connection)
                .await?;
            }
            Change::Invite(invite) => {
                sqlx::query("INSERT OR REPLACE INTO invites (token, expires_ms) VALUES (?1, ?2)")
                    .bind(invite.token.as_slice())
                    .bind(number(invite.expires_ms)?)
                    .execute(&mut self.connection)
                    .await?;
            }
            Change::ForgetInvite(token) => {
                sqlx::query("DELETE FROM invites WHERE token = ?1")
                    .bind(token.as_slice())
                    .execute(&mut self.connection)
                    .await?;
            }
            Change::Status(availability, text) => {
                sqlx::query("INSERT OR REPLACE INTO status (one, availability, text) VALUES (1, ?1, ?2)")
                    .bind(code::availability(*availability))
                    .bind(text.as_str())
                    .execute(&mut self.connection)
                    .await?;
            }
            Change::Privacy(privacy) => {
                sqlx::query("INSERT OR REPLACE INTO privacy (one, read_receipts, typing) VALUES (1, ?1, ?2)")
                    .bind(privacy.read_receipts)
                    .bind(privacy.typing)
                    .execute(&mut self.connection)
                    .await?;
            }
            Change::Groups(groups) => self.put_groups(groups).await?,
            Change::Since(since_ms) => {
                sqlx::query("INSERT OR REPLACE INTO welcome (one, since_ms) VALUES (1, ?1)")
                    .bind(number(*since_ms)?)
                    .execute(&mut self.connection)
                    .await?;
            }
        }
        Ok(Fate::Done)
    }

    async fn put_buddy(&mut self, buddy: &BuddyRecord) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT OR REPLACE INTO buddies
                 (account, name, alias, relation, pin, list, suite, verified, key_alarm, last_seen_ms,
                  my_token, my_token_ms, their_token, their_token_ms, buddy_group, favourite, notes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )
        .bind(buddy.account.bytes().as_slice())
        .bind(buddy.name.as_str())
        .bind(buddy.alias.as_str())
        .bind(code::relation(buddy.relation))
        .bind(buddy.pin.as_ref().map(frame::encode).unwrap_or_default())
        .bind(buddy.list.as_ref().map(list_bytes).unwrap_or_default())
        .bind(code::suite(buddy.suite))
        .bind(buddy.verified)
        .bind(buddy.key_alarm)
        .bind(number(buddy.last_seen_ms)?)
        .bind(secret(buddy.my_token.as_ref()))
        .bind(number(buddy.my_token.map_or(0, |token| token.made_ms))?)
        .bind(secret(buddy.their_token.as_ref()))
        .bind(number(buddy.their_token.map_or(0, |token| token.made_ms))?)
        .bind(buddy.place.group)
        .bind(buddy.place.favourite)
        .bind(buddy.notes.as_str())
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    async fn put_groups(&mut self, groups: &[BuddyGroup]) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM buddy_groups").execute(&mut self.connection).await?;
        for (place, group) in (0_u32..).zip(groups) {
            sqlx::query("INSERT INTO buddy_groups (id, place, name) VALUES (?1, ?2, ?3)")
                .bind(group.id)
                .bind(place)
                .bind(group.name.as_str())
                .execute(&mut self.connection)
                .await?;
        }
        Ok(())
    }

    async fn owe(&mut self, buddy: AccountId, messages: &[MessageId]) -> Result<(), StoreError> {
        for message in messages {
            sqlx::query("INSERT INTO owed (buddy, message) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
                .bind(buddy.bytes().as_slice())
                .bind(message.bytes().as_slice())
                .execute(&mut self.connection)
                .await?;
        }
        Ok(())
    }

    async fn paid(&mut self, messages: &[MessageId]) -> Result<(), StoreError> {
        for message in messages {
            sqlx::query("DELETE FROM owed WHERE message = ?1")
                .bind(message.bytes().as_slice())
                .execute(&mut self.connection)
                .await?;
        }
        Ok(())
    }

    async fn put_request(&mut self, request: &RequestRecord) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT OR REPLACE INTO requests (account, name, note, arrived_ms, list, token, token_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .bind(request.account.bytes().as_slice())
        .bind(request.name.as_str())
        .bind(request.note.as_str())
        .bind(number(request.arrived_ms)?)
        .bind(list_bytes(&request.list))
        .bind(secret(request.delivery.as_ref()))
        .bind(number(request.delivery.map_or(0, |token| token.made_ms))?)
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    async fn put_day_key(&mut self, key: &DayKeyRecord) -> Result<(), StoreError> {
        sqlx::query("INSERT OR REPLACE INTO day_keys (id, suite, secret, made_ms) VALUES (?1, ?2, ?3, ?4)")
            .bind(frame::encode(&key.id))
            .bind(code::suite(Some(key.secret.suite())))
            .bind(key.secret.seed().as_slice())
            .bind(number(key.made_ms)?)
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }
}

fn secret(token: Option<&TokenRecord>) -> Vec<u8> {
    token.map(|token| token.token.bytes().to_vec()).unwrap_or_default()
}

fn list_bytes(list: &Signed<DeviceList>) -> Vec<u8> {
    frame::encode(list)
}
