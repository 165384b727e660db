-- Epochs of the log after the first: each begins with an entry that commits to the last head known of the former one.
CREATE TABLE log_epoch (
  number bigint PRIMARY KEY CHECK (number > 1),
  entry_id uuid NOT NULL UNIQUE REFERENCES entry (id),
  kept bigint NOT NULL CHECK (kept >= 0), -- place of that entry: the leaves before it were kept
  last_epoch bigint NOT NULL CHECK (last_epoch >= 1 AND last_epoch < number),
  last_size bigint NOT NULL CHECK (last_size > 0),
  last_root bytea NOT NULL CHECK (length(last_root) = 32)
);
-- The notes by which a log key introduces the next one.
CREATE TABLE log_succession (
  position bigint PRIMARY KEY CHECK (position > 0),
  note text NOT NULL,
  entry_id uuid NOT NULL UNIQUE REFERENCES entry (id)
);
CREATE TRIGGER log_epoch_no_update BEFORE UPDATE ON log_epoch FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_epoch_no_delete BEFORE DELETE ON log_epoch FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_epoch_no_truncate BEFORE TRUNCATE ON log_epoch FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_succession_no_update BEFORE UPDATE ON log_succession FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_succession_no_delete BEFORE DELETE ON log_succession FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_succession_no_truncate BEFORE TRUNCATE ON log_succession FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
