-- When the newest list was stored, so that a welcome need not look at the lists of those who have no new one.
ALTER TABLE account ADD COLUMN listed_ms INTEGER NOT NULL DEFAULT 0;
UPDATE account SET listed_ms = coalesce(
    (SELECT stored_ms FROM list WHERE list.account = account.row AND list.version = account.version), 0
);

-- Who has an account as a buddy is read from the index alone.
DROP INDEX relation_by_other;
CREATE INDEX relation_by_other ON relation (other, state);
