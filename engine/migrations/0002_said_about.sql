-- What is said about messages (other texts, emoji, that they be forgotten), files, letters in mailboxes, door tokens.
-- Messages get a number of their own, which survives VACUUM: files, emoji and the search index hold on to it.

CREATE TABLE messages_2 (
    -- Grows in the order of arrival.
    number       INTEGER NOT NULL PRIMARY KEY,
    id           BLOB    NOT NULL UNIQUE CHECK (length(id) = 32),
    sequence     INTEGER NOT NULL REFERENCES sequences (number),
    seq          INTEGER NOT NULL,
    -- The next two repeat what the sequence says, for the indexes below.
    conversation INTEGER NOT NULL REFERENCES conversations (number),
    mine         INTEGER NOT NULL CHECK (mine IN (0, 1)),
    hlc          INTEGER NOT NULL,
    -- The highest hlc of all messages up to this number, in whatever conversation.
    top          INTEGER NOT NULL,
    sent_ms      INTEGER NOT NULL,
    kind         INTEGER NOT NULL,
    -- The newest one; of a reaction its emoji.
    text         TEXT    NOT NULL,
    -- The id of the message that this one answers, changes or is put on.
    target       BLOB    NOT NULL,
    -- Empty where it has been forgotten.
    content      BLOB    NOT NULL,
    signature    BLOB    NOT NULL CHECK (length(signature) = 64),
    progress     INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 3),
    progress_ms  INTEGER NOT NULL,
    -- While progress is 0: the letter in the buddy's mailbox that it went with, and since when.
    letter       BLOB    NOT NULL DEFAULT x'',
    posted_ms    INTEGER NOT NULL DEFAULT 0,
    -- It has a line of its own in the conversation.
    shown        INTEGER NOT NULL CHECK (shown IN (0, 1)),
    unread       INTEGER NOT NULL CHECK (unread IN (0, 1)),
    -- It has had another text.
    edited       INTEGER NOT NULL DEFAULT 0 CHECK (edited IN (0, 1)),
    -- Its author wants it forgotten. Of mine, the content goes when they have it.
    deleted      INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1)),
    UNIQUE (sequence, seq)
) STRICT;

-- Progress 4 was for messages that were taken back: they keep their place and say nothing.
INSERT INTO messages_2 (id, sequence, seq, conversation, mine, hlc, top, sent_ms, kind, text, target, content, signature,
                        progress, progress_ms, shown, unread)
SELECT id, sequence, seq, conversation, mine, hlc, hlc, sent_ms, iif(progress = 4, 0, kind), iif(progress = 4, '', text),
       x'', iif(progress = 4 AND kind <> 0, x'', content), signature, iif(progress = 4, 1, progress), progress_ms,
       iif(progress = 4, 0, shown), iif(progress = 4, 0, unread)
FROM messages ORDER BY hlc, id;

DROP TABLE messages;
ALTER TABLE messages_2 RENAME TO messages;

-- A page of history, the newest message, the highest clock reading.
CREATE INDEX messages_in_order ON messages (conversation, hlc, id, shown);
-- How many are unread, and the first and last of them.
CREATE INDEX messages_unread ON messages (conversation, hlc, id) WHERE unread = 1;
-- Mine that wait.
CREATE INDEX messages_waiting ON messages (sequence, seq) WHERE mine = 1 AND progress = 0;
-- Mine that arrived and are not known to be read.
CREATE INDEX messages_unread_there ON messages (sequence, seq) WHERE mine = 1 AND progress = 1 AND shown = 1;
-- The texts that a message was given later: contents of kind 2.
CREATE INDEX messages_edits ON messages (target, hlc) WHERE kind = 2;

-- The newest word about an emoji of one side on a message.
CREATE TABLE reactions (
    message INTEGER NOT NULL REFERENCES messages (number) ON DELETE CASCADE,
    mine    INTEGER NOT NULL CHECK (mine IN (0, 1)),
    emoji   TEXT    NOT NULL,
    hlc     INTEGER NOT NULL,
    on_it   INTEGER NOT NULL CHECK (on_it IN (0, 1)),
    PRIMARY KEY (message, mine, emoji)
) STRICT, WITHOUT ROWID;

CREATE TABLE files (
    message INTEGER NOT NULL PRIMARY KEY REFERENCES messages (number) ON DELETE CASCADE,
    offer   BLOB    NOT NULL,
    stage   INTEGER NOT NULL,
    -- Bytes that are here, or that they are known to have.
    done    INTEGER NOT NULL DEFAULT 0,
    -- As the system writes paths.
    path    BLOB    NOT NULL DEFAULT x''
) STRICT;

-- Receipts that have still to go, in this order.
CREATE TABLE owed (
    number  INTEGER NOT NULL PRIMARY KEY,
    buddy   BLOB    NOT NULL CHECK (length(buddy) = 32),
    message BLOB    NOT NULL UNIQUE CHECK (length(message) = 32)
) STRICT;

-- What I tell buddies of my reading and typing: one row or none.
CREATE TABLE privacy (
    one           INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    read_receipts INTEGER NOT NULL CHECK (read_receipts IN (0, 1)),
    typing        INTEGER NOT NULL CHECK (typing IN (0, 1))
) STRICT;

-- Door tokens, mine for them and theirs for me, and when each was made.
ALTER TABLE buddies ADD COLUMN my_token       BLOB    NOT NULL DEFAULT x'';
ALTER TABLE buddies ADD COLUMN my_token_ms    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE buddies ADD COLUMN their_token    BLOB    NOT NULL DEFAULT x'';
ALTER TABLE buddies ADD COLUMN their_token_ms INTEGER NOT NULL DEFAULT 0;

ALTER TABLE requests ADD COLUMN token    BLOB    NOT NULL DEFAULT x'';
ALTER TABLE requests ADD COLUMN token_ms INTEGER NOT NULL DEFAULT 0;

-- A conversation that was forgotten belongs to nobody (its buddy is random) until its messages have been deleted.
ALTER TABLE conversations ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0 CHECK (forgotten IN (0, 1));
-- What was said up to here has been forgotten; it is known when it comes again.
ALTER TABLE sequences ADD COLUMN forgotten_seq INTEGER NOT NULL DEFAULT 0;
