-- The action log. Entries are only ever inserted; triggers refuse the rest (and the role of the application,
-- on PostgreSQL). Parts hold what is personal, sealed, and can be erased without touching a leaf.
CREATE TABLE entry (
  id uuid PRIMARY KEY,
  at timestamptz NOT NULL,
  kind text COLLATE "C" NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('done', 'refused')),
  structure_id uuid,
  mandate_id uuid,
  mandate_sequence bigint,
  grant_id uuid,
  service_id uuid,
  use_id uuid,
  card_id uuid,
  actor bytea,
  subject bytea, -- pseudonym of the user in whose name
  leaf bytea NOT NULL,
  leaf_hash bytea NOT NULL CHECK (length(leaf_hash) = 32),
  CHECK ((mandate_id IS NULL) = (mandate_sequence IS NULL))
);
-- Identifiers are time-ordered, so that an index that ends with the id pages in time.
CREATE UNIQUE INDEX entry_mandate ON entry (mandate_id, mandate_sequence) WHERE mandate_id IS NOT NULL;
CREATE INDEX entry_structure ON entry (structure_id, id) WHERE structure_id IS NOT NULL;
CREATE INDEX entry_actor ON entry (actor, id) WHERE actor IS NOT NULL;
CREATE INDEX entry_subject ON entry (subject, id) WHERE subject IS NOT NULL;
CREATE INDEX entry_kind ON entry (kind, id);

CREATE TABLE entry_part (
  entry_id uuid NOT NULL REFERENCES entry (id),
  part text COLLATE "C" NOT NULL CHECK (part IN ('user', 'actor', 'technical', 'details')),
  sealed bytea NOT NULL, -- nonce and canonical bytes together: deleting the row forgets both
  PRIMARY KEY (entry_id, part)
);

-- Committed entries that the sequencer has not placed yet.
CREATE TABLE entry_pending (
  entry_id uuid PRIMARY KEY REFERENCES entry (id)
);

-- The tree: place of each entry, hash tiles (256 wide, RFC 6962 hashes), signed heads.
CREATE TABLE log_leaf (
  leaf_index bigint PRIMARY KEY CHECK (leaf_index >= 0),
  entry_id uuid NOT NULL UNIQUE REFERENCES entry (id)
);
CREATE TABLE log_tile (
  level bigint NOT NULL CHECK (level BETWEEN 0 AND 63),
  tile bigint NOT NULL CHECK (tile >= 0),
  hashes bytea NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192),
  PRIMARY KEY (level, tile)
);
CREATE TABLE log_checkpoint (
  size bigint PRIMARY KEY CHECK (size > 0),
  root bytea NOT NULL CHECK (length(root) = 32),
  note text NOT NULL,
  signed_at timestamptz NOT NULL
);

-- One node at a time does a job: whoever holds its lease.
CREATE TABLE lease (
  name text COLLATE "C" PRIMARY KEY,
  holder text NOT NULL,
  held_until timestamptz NOT NULL
);

-- What operators must see until it is put right (a log that cannot be signed, a database rolled back).
CREATE TABLE alarm (
  name text COLLATE "C" PRIMARY KEY,
  detail text NOT NULL,
  since timestamptz NOT NULL
);

-- Floods are counted, not copied: refusals of one kind from one source in one minute.
CREATE TABLE refusal_count (
  kind text COLLATE "C" NOT NULL,
  source bytea NOT NULL,
  minute timestamptz NOT NULL,
  refusals bigint NOT NULL CHECK (refusals > 0),
  left_out bigint NOT NULL DEFAULT 0, -- of them, those that are not entries of their own
  PRIMARY KEY (kind, source, minute)
);

CREATE FUNCTION mark_entry_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO entry_pending (entry_id) VALUES (NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER entry_is_pending AFTER INSERT ON entry FOR EACH ROW EXECUTE FUNCTION mark_entry_pending();
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_part_no_update BEFORE UPDATE ON entry_part FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_leaf_no_update BEFORE UPDATE ON log_leaf FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_leaf_no_delete BEFORE DELETE ON log_leaf FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_checkpoint_no_update BEFORE UPDATE ON log_checkpoint FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_checkpoint_no_delete BEFORE DELETE ON log_checkpoint FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_no_truncate BEFORE TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_leaf_no_truncate BEFORE TRUNCATE ON log_leaf FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_checkpoint_no_truncate BEFORE TRUNCATE ON log_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
