-- A mark taken away before its entry has a place would leave that entry out of the tree unseen.
CREATE FUNCTION refuse_unmarking() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM log_leaf WHERE entry_id = OLD.entry_id) THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'entry_pending is insert-only until the entry has its place';
END $$;
CREATE TRIGGER entry_pending_no_update BEFORE UPDATE ON entry_pending FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_pending_no_delete BEFORE DELETE ON entry_pending FOR EACH ROW EXECUTE FUNCTION refuse_unmarking();
CREATE TRIGGER entry_pending_no_truncate BEFORE TRUNCATE ON entry_pending FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Whoever connects with another search path must not have its marks go into a table of its own.
ALTER FUNCTION mark_entry_pending() SET search_path = public, pg_temp;
-- When an alarm was last told: one that is told no more is of a node that is gone.
ALTER TABLE alarm ADD COLUMN told_at timestamptz;
-- Each node has an alarm of its own from now on; nobody would take the common one down.
DELETE FROM alarm WHERE name = 'log_head';
