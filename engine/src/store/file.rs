//! Files, as far as they are part of a message: what was offered, and where mine is. How far each is, is kept by
//! `transfer.rs`.

use std::path::Path;

use juice_proto::{
    content::Body,
    frame,
    id::MessageId,
    messenger::record::{Fate, FileStage, MessageRecord},
};

use super::{code, error::StoreError, writer::Writer};

impl Writer {
    /// Keeps what a message that was just inserted offers.
    pub(super) async fn offer(&mut self, message: &MessageRecord, row: i64) -> Result<(), StoreError> {
        let Ok(Body::File(offer)) = message.signed.peek().and_then(|content| content.read()) else {
            return Ok(());
        };
        sqlx::query("INSERT INTO files (message, offer, stage) VALUES (?1, ?2, ?3)")
            .bind(row)
            .bind(frame::encode(offer.as_ref()))
            .bind(code::stage(&FileStage::Offered))
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    /// A file of mine is there.
    pub(super) async fn file_at(&mut self, id: MessageId, path: &Path) -> Result<Fate, StoreError> {
        let Some(row) = self.row_of(id).await? else { return Ok(Fate::Done) };
        sqlx::query("UPDATE files SET path = ?2 WHERE message = ?1")
            .bind(row)
            .bind(code::path(Some(path)))
            .execute(&mut self.connection)
            .await?;
        self.show(row).await
    }
}
