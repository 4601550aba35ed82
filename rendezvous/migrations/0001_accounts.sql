-- Accounts are known by the hash of their name; no name and no words that people write are ever in here.
CREATE TABLE account (
    -- Never used twice: a session of a removed account must not become another's.
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    account BLOB NOT NULL UNIQUE CHECK (length(account) = 32),
    -- What OPAQUE keeps of a password: nothing that is equivalent to it.
    record BLOB NOT NULL,
    -- The account key under OPAQUE's export key.
    capsule BLOB NOT NULL,
    prekey BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    made_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE list (
    account INTEGER NOT NULL REFERENCES account (row) ON DELETE CASCADE,
    version INTEGER NOT NULL CHECK (version >= 1),
    list BLOB NOT NULL,
    stored_ms INTEGER NOT NULL,
    PRIMARY KEY (account, version)
) STRICT, WITHOUT ROWID;

-- How `account` stands to `other`: 0 buddy, 1 asked, 2 blocked. Buddies have a row each way.
CREATE TABLE relation (
    account INTEGER NOT NULL REFERENCES account (row) ON DELETE CASCADE,
    other INTEGER NOT NULL REFERENCES account (row) ON DELETE CASCADE,
    state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (account, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX relation_by_other ON relation (other);

-- A request that waits for `asked`.
CREATE TABLE pending (
    row INTEGER PRIMARY KEY,
    asked INTEGER NOT NULL REFERENCES account (row) ON DELETE CASCADE,
    asker INTEGER NOT NULL REFERENCES account (row) ON DELETE CASCADE,
    envelope BLOB NOT NULL,
    asked_ms INTEGER NOT NULL,
    UNIQUE (asked, asker)
) STRICT;
CREATE INDEX pending_by_asker ON pending (asker);

-- Registration codes, by their hash.
CREATE TABLE code (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    uses_left INTEGER NOT NULL CHECK (uses_left >= 0),
    made_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Passwords tried and not proven, also of accounts that do not exist.
CREATE TABLE attempt (
    row INTEGER PRIMARY KEY,
    account BLOB NOT NULL CHECK (length(account) = 32),
    tried_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX attempt_by_account ON attempt (account);

-- Accounts that the keeper removed while the server runs; the server ends their sessions and forgets the row.
CREATE TABLE removed (
    account BLOB PRIMARY KEY CHECK (length(account) = 32)
) STRICT, WITHOUT ROWID;
