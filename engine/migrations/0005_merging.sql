-- Words of what was forgotten are marked as gone, and go when the index has been merged into one piece: 1 until then.
ALTER TABLE indexed ADD COLUMN to_merge INTEGER NOT NULL DEFAULT 0 CHECK (to_merge IN (0, 1));
