-- Whoever shows a token may post letters to its account. Of the token only its hash is kept.
CREATE TABLE token (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    account INTEGER NOT NULL REFERENCES account (row) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX token_by_account ON token (account);

-- Letters that wait: for whom, and how large; from whom is not known here. The name is its poster's choice.
CREATE TABLE letter (
    -- Never used twice: a client collects letters by it.
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL REFERENCES account (row) ON DELETE CASCADE,
    name BLOB NOT NULL CHECK (length(name) = 16),
    envelope BLOB NOT NULL,
    posted_ms INTEGER NOT NULL,
    -- Its recipient has been sent it, and may have it on their disk: it can't be taken back.
    shown INTEGER NOT NULL DEFAULT 0 CHECK (shown IN (0, 1)),
    UNIQUE (account, name)
) STRICT;
CREATE INDEX letter_by_age ON letter (posted_ms);
