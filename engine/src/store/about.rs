//! What a message says about another: another text, an emoji, that it be forgotten.
//!
//! Done in the transaction that saves the message, to a message of the same conversation. Only its author can give a
//! message another text or have it forgotten. Of several texts the one with the highest clock reading stays, in whatever
//! order they came; and what is deleted stays deleted. Deleting wipes: the text, its words in the search index, the
//! later texts, the file's row, and the signed contents; of mine these stay until the other side has them.

use juice_proto::{
    content::{Body, kind},
    id::MessageId,
    messenger::record::{Fate, MessageRecord},
};
use sqlx::Row;

use super::{code::number, error::StoreError, message::Place, shown, writer::Writer};

/// A message that another one is about.
struct Target {
    number: i64,
    mine: bool,
    deleted: bool,
}

impl Writer {
    /// Does what a message that was just inserted says.
    pub(super) async fn say_about(
        &mut self,
        message: &MessageRecord,
        place: &Place,
        row: i64,
    ) -> Result<Fate, StoreError> {
        match message.kind {
            kind::REPLY => return self.show(row).await,
            kind::FILE => {
                self.offer(message, row).await?;
                return self.show(row).await;
            }
            kind::EDIT | kind::DELETE | kind::REACTION => {}
            _ => return Ok(Fate::Done),
        }
        let Some(id) = message.target else { return Ok(Fate::Done) };
        let Some(target) = self.target(id, place).await? else { return Ok(Fate::Done) };
        let by_author = target.mine == message.mine;
        match message.kind {
            kind::EDIT if by_author && target.deleted => {
                self.wipe_edits(id, target.mine).await?;
                return Ok(Fate::Done);
            }
            kind::EDIT if by_author => self.edit(id, &target).await?,
            kind::DELETE if by_author => self.delete(id, &target).await?,
            kind::REACTION if !target.deleted => self.react(message, &target).await?,
            _ => return Ok(Fate::Done),
        }
        self.show(target.number).await
    }

    async fn target(&mut self, id: MessageId, place: &Place) -> Result<Option<Target>, StoreError> {
        let found =
            sqlx::query("SELECT number, mine, deleted FROM messages WHERE id = ?1 AND conversation = ?2 AND shown = 1")
                .bind(id.bytes().as_slice())
                .bind(place.conversation)
                .fetch_optional(&mut self.connection)
                .await?;
        found
            .map(|row| {
                Ok(Target {
                    number: row.try_get("number")?,
                    mine: row.try_get("mine")?,
                    deleted: row.try_get("deleted")?,
                })
            })
            .transpose()
    }

    async fn edit(&mut self, id: MessageId, target: &Target) -> Result<(), StoreError> {
        self.unindex(&[target.number]).await?;
        sqlx::query(
            "UPDATE messages
             SET edited = 1,
                 text = (SELECT edit.text FROM messages AS edit
                         WHERE edit.kind = 2 AND edit.target = ?2 AND edit.mine = messages.mine
                           AND edit.conversation = messages.conversation
                         ORDER BY edit.hlc DESC, edit.id DESC LIMIT 1)
             WHERE number = ?1",
        )
        .bind(target.number)
        .bind(id.bytes().as_slice())
        .execute(&mut self.connection)
        .await?;
        self.reindex(&[target.number]).await
    }

    async fn delete(&mut self, id: MessageId, target: &Target) -> Result<(), StoreError> {
        self.unindex(&[target.number]).await?;
        sqlx::query(
            "UPDATE messages SET text = '', deleted = 1, content = iif(mine = 1 AND progress = 0, content, x'')
             WHERE number = ?1",
        )
        .bind(target.number)
        .execute(&mut self.connection)
        .await?;
        self.wipe_edits(id, target.mine).await?;
        self.drop_said_about(target.number).await
    }

    async fn wipe_edits(&mut self, id: MessageId, mine: bool) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE messages SET text = '', deleted = 1, content = iif(mine = 1 AND progress = 0, content, x'')
             WHERE kind = 2 AND target = ?1 AND mine = ?2",
        )
        .bind(id.bytes().as_slice())
        .bind(mine)
        .execute(&mut self.connection)
        .await?;
        self.scrub = true;
        if mine {
            self.unwiped = Some(true);
        }
        Ok(())
    }

    /// Forgets the emoji on a message and the file in it.
    pub(super) async fn drop_said_about(&mut self, row: i64) -> Result<(), StoreError> {
        for statement in ["DELETE FROM reactions WHERE message = ?1", "DELETE FROM files WHERE message = ?1"] {
            sqlx::query(statement).bind(row).execute(&mut self.connection).await?;
        }
        Ok(())
    }

    async fn react(&mut self, message: &MessageRecord, target: &Target) -> Result<(), StoreError> {
        let Ok(Body::Reaction { emoji, on, .. }) = message.signed.peek().and_then(|content| content.read()) else {
            return Ok(());
        };
        sqlx::query(
            "INSERT INTO reactions (message, mine, emoji, hlc, on_it) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (message, mine, emoji) DO UPDATE SET hlc = excluded.hlc, on_it = excluded.on_it
             WHERE excluded.hlc > hlc",
        )
        .bind(target.number)
        .bind(message.mine)
        .bind(emoji)
        .bind(number(message.hlc.0)?)
        .bind(on)
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// The fate that shows a message as it is.
    pub(super) async fn show(&mut self, row: i64) -> Result<Fate, StoreError> {
        let shown = shown::one(&mut self.connection, row).await?;
        Ok(shown.map_or(Fate::Done, |shown| Fate::Shown(Box::new(shown))))
    }

    /// The number of a message.
    pub(super) async fn row_of(&mut self, id: MessageId) -> Result<Option<i64>, StoreError> {
        let row = sqlx::query_scalar("SELECT number FROM messages WHERE id = ?1").bind(id.bytes().as_slice());
        Ok(row.fetch_optional(&mut self.connection).await?)
    }
}
