-- How the list of buddies is arranged: groups, favourites, notes.
CREATE TABLE buddy_groups (
    id INTEGER PRIMARY KEY,
    -- Counted from the top.
    place INTEGER NOT NULL,
    name TEXT NOT NULL
) STRICT;
ALTER TABLE buddies ADD COLUMN buddy_group INTEGER;
ALTER TABLE buddies ADD COLUMN favourite INTEGER NOT NULL DEFAULT 0 CHECK (favourite IN (0, 1));
ALTER TABLE buddies ADD COLUMN notes TEXT NOT NULL DEFAULT '';
