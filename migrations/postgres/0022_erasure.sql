-- Erasure: a part can only go when an entry of the log says that it does, and why.
ALTER TABLE app_user ADD COLUMN pseudonym bytea; -- kept when the key it was made with is destroyed
ALTER TABLE app_user ADD COLUMN erased_at timestamptz;
ALTER TABLE app_user ADD COLUMN held_at timestamptz; -- a legal hold stops erasure until it is lifted

CREATE TABLE erasure (
  entry_id uuid PRIMARY KEY REFERENCES entry (id),
  subject bytea,  -- everything personal of this user …
  before_id uuid, -- … or addresses and browsers of all entries before this one
  CHECK ((subject IS NULL) <> (before_id IS NULL))
);
CREATE INDEX erasure_subject ON erasure (subject) WHERE subject IS NOT NULL;
CREATE INDEX erasure_before ON erasure (before_id) WHERE before_id IS NOT NULL;

CREATE TRIGGER erasure_no_update BEFORE UPDATE ON erasure FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erasure_no_delete BEFORE DELETE ON erasure FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER erasure_no_truncate BEFORE TRUNCATE ON erasure FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_part_no_truncate BEFORE TRUNCATE ON entry_part FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE FUNCTION refuse_part_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM erasure x JOIN entry e ON e.id = OLD.entry_id
      WHERE x.subject = e.subject AND (OLD.part IN ('user', 'details') OR (OLD.part = 'technical' AND e.actor IS NULL)))
    AND NOT (OLD.part = 'technical' AND EXISTS (SELECT 1 FROM erasure x WHERE x.before_id > OLD.entry_id)) THEN
    RAISE EXCEPTION 'entry_part is insert-only but for an erasure';
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER entry_part_no_delete BEFORE DELETE ON entry_part FOR EACH ROW EXECUTE FUNCTION refuse_part_deletion();
-- With the rights of its owner: the application's role may not delete parts itself.
CREATE FUNCTION erase_parts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.subject IS NOT NULL THEN
    DELETE FROM entry_part p USING entry e WHERE e.id = p.entry_id AND e.subject = NEW.subject
      AND (p.part IN ('user', 'details') OR (p.part = 'technical' AND e.actor IS NULL));
  ELSE
    DELETE FROM entry_part WHERE part = 'technical' AND entry_id < NEW.before_id
      AND entry_id >= COALESCE((SELECT x.before_id FROM erasure x WHERE x.before_id < NEW.before_id
        ORDER BY x.before_id DESC LIMIT 1), '00000000-0000-0000-0000-000000000000');
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER erasure_deletes AFTER INSERT ON erasure FOR EACH ROW EXECUTE FUNCTION erase_parts();
