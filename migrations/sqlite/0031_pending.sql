-- A mark taken away before its entry has a place would leave that entry out of the tree unseen.
CREATE TRIGGER entry_pending_no_update BEFORE UPDATE ON entry_pending BEGIN
  SELECT RAISE(ABORT, 'entry_pending is insert-only');
END;
CREATE TRIGGER entry_pending_no_delete BEFORE DELETE ON entry_pending
WHEN NOT EXISTS (SELECT 1 FROM log_leaf WHERE entry_id = OLD.entry_id)
BEGIN
  SELECT RAISE(ABORT, 'entry_pending is insert-only until the entry has its place');
END;
-- When an alarm was last told: one that is told no more is of a node that is gone.
ALTER TABLE alarm ADD COLUMN told_at TEXT;
-- Each node has an alarm of its own from now on; nobody would take the common one down.
DELETE FROM alarm WHERE name = 'log_head';
