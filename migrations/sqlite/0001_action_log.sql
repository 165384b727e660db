-- The action log. Entries are only ever inserted; triggers refuse the rest (and the role of the application,
-- on PostgreSQL). Parts hold what is personal, sealed, and can be erased without touching a leaf.
CREATE TABLE entry (
  id BLOB PRIMARY KEY,
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('done', 'refused')),
  structure_id BLOB,
  mandate_id BLOB,
  mandate_sequence INTEGER,
  grant_id BLOB,
  service_id BLOB,
  use_id BLOB,
  card_id BLOB,
  actor BLOB,
  subject BLOB, -- pseudonym of the user in whose name
  leaf BLOB NOT NULL,
  leaf_hash BLOB NOT NULL CHECK (length(leaf_hash) = 32),
  CHECK ((mandate_id IS NULL) = (mandate_sequence IS NULL))
) STRICT;
-- Identifiers are time-ordered, so that an index that ends with the id pages in time.
CREATE UNIQUE INDEX entry_mandate ON entry (mandate_id, mandate_sequence) WHERE mandate_id IS NOT NULL;
CREATE INDEX entry_structure ON entry (structure_id, id) WHERE structure_id IS NOT NULL;
CREATE INDEX entry_actor ON entry (actor, id) WHERE actor IS NOT NULL;
CREATE INDEX entry_subject ON entry (subject, id) WHERE subject IS NOT NULL;
CREATE INDEX entry_kind ON entry (kind, id);

CREATE TABLE entry_part (
  entry_id BLOB NOT NULL REFERENCES entry (id),
  part TEXT NOT NULL CHECK (part IN ('user', 'actor', 'technical', 'details')),
  sealed BLOB NOT NULL, -- nonce and canonical bytes together: deleting the row forgets both
  PRIMARY KEY (entry_id, part)
) STRICT;

-- Committed entries that the sequencer has not placed yet.
CREATE TABLE entry_pending (
  entry_id BLOB PRIMARY KEY REFERENCES entry (id)
) STRICT;

-- The tree: place of each entry, hash tiles (256 wide, RFC 6962 hashes), signed heads.
CREATE TABLE log_leaf (
  leaf_index INTEGER PRIMARY KEY CHECK (leaf_index >= 0),
  entry_id BLOB NOT NULL UNIQUE REFERENCES entry (id)
) STRICT;
CREATE TABLE log_tile (
  level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 63),
  tile INTEGER NOT NULL CHECK (tile >= 0),
  hashes BLOB NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192),
  PRIMARY KEY (level, tile)
) STRICT;
CREATE TABLE log_checkpoint (
  size INTEGER PRIMARY KEY CHECK (size > 0),
  root BLOB NOT NULL CHECK (length(root) = 32),
  note TEXT NOT NULL,
  signed_at TEXT NOT NULL
) STRICT;

-- One node at a time does a job: whoever holds its lease.
CREATE TABLE lease (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  held_until TEXT NOT NULL
) STRICT;

-- What operators must see until it is put right (a log that cannot be signed, a database rolled back).
CREATE TABLE alarm (
  name TEXT PRIMARY KEY,
  detail TEXT NOT NULL,
  since TEXT NOT NULL
) STRICT;

-- Floods are counted, not copied: refusals of one kind from one source in one minute.
CREATE TABLE refusal_count (
  kind TEXT NOT NULL,
  source BLOB NOT NULL,
  minute TEXT NOT NULL,
  refusals INTEGER NOT NULL CHECK (refusals > 0),
  left_out INTEGER NOT NULL DEFAULT 0, -- of them, those that are not entries of their own
  PRIMARY KEY (kind, source, minute)
) STRICT;

CREATE TRIGGER entry_is_pending AFTER INSERT ON entry BEGIN
  INSERT INTO entry_pending (entry_id) VALUES (NEW.id);
END;
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN
  SELECT RAISE(ABORT, 'entry is insert-only');
END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN
  SELECT RAISE(ABORT, 'entry is insert-only');
END;
CREATE TRIGGER entry_part_no_update BEFORE UPDATE ON entry_part BEGIN
  SELECT RAISE(ABORT, 'entry_part is insert-only');
END;
CREATE TRIGGER log_leaf_no_update BEFORE UPDATE ON log_leaf BEGIN
  SELECT RAISE(ABORT, 'log_leaf is insert-only');
END;
CREATE TRIGGER log_leaf_no_delete BEFORE DELETE ON log_leaf BEGIN
  SELECT RAISE(ABORT, 'log_leaf is insert-only');
END;
CREATE TRIGGER log_checkpoint_no_update BEFORE UPDATE ON log_checkpoint BEGIN
  SELECT RAISE(ABORT, 'log_checkpoint is insert-only');
END;
CREATE TRIGGER log_checkpoint_no_delete BEFORE DELETE ON log_checkpoint BEGIN
  SELECT RAISE(ABORT, 'log_checkpoint is insert-only');
END;
