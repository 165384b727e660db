-- What was written stays, by whichever connection: on SQLite, INSERT OR REPLACE deletes without asking the triggers unless
-- the connection asks for it, so a row that is there already is refused before.
CREATE TRIGGER entry_no_replace BEFORE INSERT ON entry
WHEN EXISTS (SELECT 1 FROM entry x WHERE x.id = NEW.id) BEGIN
  SELECT RAISE(ABORT, 'entry is insert-only');
END;
CREATE TRIGGER entry_no_replace_in_mandate BEFORE INSERT ON entry
WHEN NEW.mandate_id IS NOT NULL AND EXISTS (SELECT 1 FROM entry x
  WHERE x.mandate_id = NEW.mandate_id AND x.mandate_sequence = NEW.mandate_sequence) BEGIN
  SELECT RAISE(ABORT, 'entry is insert-only');
END;
CREATE TRIGGER entry_part_no_replace BEFORE INSERT ON entry_part
WHEN EXISTS (SELECT 1 FROM entry_part x WHERE x.entry_id = NEW.entry_id AND x.part = NEW.part) BEGIN
  SELECT RAISE(ABORT, 'entry_part is insert-only');
END;
CREATE TRIGGER log_leaf_no_replace BEFORE INSERT ON log_leaf
WHEN EXISTS (SELECT 1 FROM log_leaf x WHERE x.leaf_index = NEW.leaf_index) BEGIN
  SELECT RAISE(ABORT, 'log_leaf is insert-only');
END;
CREATE TRIGGER log_leaf_no_replace_of_entry BEFORE INSERT ON log_leaf
WHEN EXISTS (SELECT 1 FROM log_leaf x WHERE x.entry_id = NEW.entry_id) BEGIN
  SELECT RAISE(ABORT, 'log_leaf is insert-only');
END;
-- The same head may be signed again: the first note stays.
CREATE TRIGGER log_checkpoint_no_replace BEFORE INSERT ON log_checkpoint
WHEN EXISTS (SELECT 1 FROM log_checkpoint x WHERE x.size = NEW.size AND x.root <> NEW.root) BEGIN
  SELECT RAISE(ABORT, 'log_checkpoint is insert-only');
END;
CREATE TRIGGER log_epoch_no_replace BEFORE INSERT ON log_epoch
WHEN EXISTS (SELECT 1 FROM log_epoch x WHERE x.number = NEW.number) BEGIN
  SELECT RAISE(ABORT, 'log_epoch is insert-only');
END;
CREATE TRIGGER log_succession_no_replace BEFORE INSERT ON log_succession
WHEN EXISTS (SELECT 1 FROM log_succession x WHERE x.position = NEW.position) BEGIN
  SELECT RAISE(ABORT, 'log_succession is insert-only');
END;
CREATE TRIGGER erasure_no_replace BEFORE INSERT ON erasure
WHEN EXISTS (SELECT 1 FROM erasure x WHERE x.entry_id = NEW.entry_id) BEGIN
  SELECT RAISE(ABORT, 'erasure is insert-only');
END;
-- The days that are counted, and what witnesses said: a witness may see the same head again, later.
CREATE TRIGGER activity_day_no_update BEFORE UPDATE ON activity_day BEGIN
  SELECT RAISE(ABORT, 'activity_day is insert-only');
END;
CREATE TRIGGER activity_day_no_delete BEFORE DELETE ON activity_day BEGIN
  SELECT RAISE(ABORT, 'activity_day is insert-only');
END;
CREATE TRIGGER log_cosignature_goes_on BEFORE UPDATE ON log_cosignature
WHEN NEW.size <> OLD.size OR NEW.witness <> OLD.witness OR NEW.seen_at < OLD.seen_at BEGIN
  SELECT RAISE(ABORT, 'log_cosignature is insert-only');
END;
CREATE TRIGGER log_cosignature_no_delete BEFORE DELETE ON log_cosignature BEGIN
  SELECT RAISE(ABORT, 'log_cosignature is insert-only');
END;
