-- What files need while they move, and until both sides know how it ended. Kept by the message's id, not its number:
-- a part that lies on the disk must be found also when its message has been forgotten.

CREATE TABLE transfers (
    message BLOB    NOT NULL PRIMARY KEY CHECK (length(message) = 32),
    buddy   BLOB    NOT NULL CHECK (length(buddy) = 32),
    -- Theirs: where it grows, as the system writes paths.
    part    BLOB    NOT NULL DEFAULT x'',
    -- Mine: when it was last written to before it was read, in nanoseconds since 1970; 0 where the system doesn't say.
    changed INTEGER NOT NULL DEFAULT 0,
    -- What its author has still to hear: 0 nothing, 1 that it is whole here, 2 that it was given up.
    word    INTEGER NOT NULL DEFAULT 0 CHECK (word BETWEEN 0 AND 2)
) STRICT;

CREATE INDEX transfers_of_buddy ON transfers (buddy);

-- The chunks of a part that are on the disk, 256 to a row.
CREATE TABLE chunks (
    message BLOB    NOT NULL CHECK (length(message) = 32),
    segment INTEGER NOT NULL,
    -- A bit for each, the lowest first.
    present BLOB    NOT NULL CHECK (length(present) = 32),
    -- The SHA-256 of each; zeros where it is missing.
    hashes  BLOB    NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (message, segment)
) STRICT, WITHOUT ROWID;
