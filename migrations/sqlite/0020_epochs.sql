-- Epochs of the log after the first: each begins with an entry that commits to the last head known of the former one.
CREATE TABLE log_epoch (
  number INTEGER PRIMARY KEY CHECK (number > 1),
  entry_id BLOB NOT NULL UNIQUE REFERENCES entry (id),
  kept INTEGER NOT NULL CHECK (kept >= 0), -- place of that entry: the leaves before it were kept
  last_epoch INTEGER NOT NULL CHECK (last_epoch >= 1 AND last_epoch < number),
  last_size INTEGER NOT NULL CHECK (last_size > 0),
  last_root BLOB NOT NULL CHECK (length(last_root) = 32)
) STRICT;
-- The notes by which a log key introduces the next one.
CREATE TABLE log_succession (
  position INTEGER PRIMARY KEY CHECK (position > 0),
  note TEXT NOT NULL,
  entry_id BLOB NOT NULL UNIQUE REFERENCES entry (id)
) STRICT;
CREATE TRIGGER log_epoch_no_update BEFORE UPDATE ON log_epoch BEGIN
  SELECT RAISE(ABORT, 'log_epoch is insert-only');
END;
CREATE TRIGGER log_epoch_no_delete BEFORE DELETE ON log_epoch BEGIN
  SELECT RAISE(ABORT, 'log_epoch is insert-only');
END;
CREATE TRIGGER log_succession_no_update BEFORE UPDATE ON log_succession BEGIN
  SELECT RAISE(ABORT, 'log_succession is insert-only');
END;
CREATE TRIGGER log_succession_no_delete BEFORE DELETE ON log_succession BEGIN
  SELECT RAISE(ABORT, 'log_succession is insert-only');
END;
