-- Ids are blobs of 32 bytes; `number` is a small integer of this database alone, so that indexes stay small.
-- Times are milliseconds since 1970 (UTC). Closed lists (relation, suite, progress, availability) are numbered in
-- src/store/code.rs. An empty blob stands for none.

CREATE TABLE buddies (
    account      BLOB    NOT NULL PRIMARY KEY CHECK (length(account) = 32),
    name         TEXT    NOT NULL,
    alias        TEXT    NOT NULL,
    relation     INTEGER NOT NULL,
    pin          BLOB    NOT NULL,
    list         BLOB    NOT NULL,
    suite        INTEGER NOT NULL,
    verified     INTEGER NOT NULL CHECK (verified IN (0, 1)),
    key_alarm    INTEGER NOT NULL CHECK (key_alarm IN (0, 1)),
    last_seen_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE requests (
    account    BLOB    NOT NULL PRIMARY KEY CHECK (length(account) = 32),
    name       TEXT    NOT NULL,
    note       TEXT    NOT NULL,
    arrived_ms INTEGER NOT NULL,
    list       BLOB    NOT NULL
) STRICT;

-- What is said with one person, whatever keys and devices they use.
CREATE TABLE conversations (
    number   INTEGER NOT NULL PRIMARY KEY,
    buddy    BLOB    NOT NULL UNIQUE CHECK (length(buddy) = 32),
    draft    TEXT    NOT NULL DEFAULT '',
    -- The newest message of theirs that has been seen.
    seen_hlc INTEGER NOT NULL DEFAULT 0,
    seen     BLOB    NOT NULL DEFAULT x''
) STRICT;

-- What one device says in one conversation, as content names it.
CREATE TABLE sequences (
    number          INTEGER NOT NULL PRIMARY KEY,
    conversation    INTEGER NOT NULL REFERENCES conversations (number),
    conversation_id BLOB    NOT NULL CHECK (length(conversation_id) = 32),
    device          BLOB    NOT NULL CHECK (length(device) = 32),
    mine            INTEGER NOT NULL CHECK (mine IN (0, 1)),
    UNIQUE (conversation_id, device)
) STRICT;

CREATE INDEX sequences_of_conversation ON sequences (conversation, conversation_id);

CREATE TABLE messages (
    id           BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    sequence     INTEGER NOT NULL REFERENCES sequences (number),
    seq          INTEGER NOT NULL,
    -- The next two repeat what the sequence says, for the indexes below.
    conversation INTEGER NOT NULL REFERENCES conversations (number),
    mine         INTEGER NOT NULL CHECK (mine IN (0, 1)),
    hlc          INTEGER NOT NULL,
    sent_ms      INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    text         TEXT    NOT NULL,
    content      BLOB    NOT NULL,
    signature    BLOB    NOT NULL CHECK (length(signature) = 64),
    progress     INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 4),
    progress_ms  INTEGER NOT NULL,
    -- Neither void nor cancelled.
    shown        INTEGER NOT NULL CHECK (shown IN (0, 1)),
    unread       INTEGER NOT NULL CHECK (unread IN (0, 1)),
    UNIQUE (sequence, seq)
) STRICT;

-- A page of history, the newest message, the highest clock reading.
CREATE INDEX messages_in_order ON messages (conversation, hlc, id, shown);
-- How many are unread, and the first and last of them.
CREATE INDEX messages_unread ON messages (conversation, hlc, id) WHERE unread = 1;
-- Mine that wait, and mine that arrived and are not known to be read.
CREATE INDEX messages_open ON messages (progress, sequence, seq) WHERE mine = 1 AND progress < 2;

CREATE TABLE day_keys (
    id      BLOB    NOT NULL PRIMARY KEY,
    suite   INTEGER NOT NULL,
    secret  BLOB    NOT NULL CHECK (length(secret) = 32),
    made_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE invites (
    token      BLOB    NOT NULL PRIMARY KEY CHECK (length(token) = 16),
    expires_ms INTEGER NOT NULL
) STRICT;

-- How I say I am: one row or none.
CREATE TABLE status (
    one          INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    availability INTEGER NOT NULL,
    text         TEXT    NOT NULL
) STRICT;

-- The last welcome of the server: one row or none.
CREATE TABLE welcome (
    one      INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    since_ms INTEGER NOT NULL
) STRICT;

-- What the window and the engine want to find again.
CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
