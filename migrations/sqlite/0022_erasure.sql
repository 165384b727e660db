-- Erasure: a part can only go when an entry of the log says that it does, and why.
ALTER TABLE app_user ADD COLUMN pseudonym BLOB; -- kept when the key it was made with is destroyed
ALTER TABLE app_user ADD COLUMN erased_at TEXT;
ALTER TABLE app_user ADD COLUMN held_at TEXT; -- a legal hold stops erasure until it is lifted

CREATE TABLE erasure (
  entry_id BLOB PRIMARY KEY REFERENCES entry (id),
  subject BLOB,   -- everything personal of this user …
  before_id BLOB, -- … or addresses and browsers of all entries before this one
  CHECK ((subject IS NULL) <> (before_id IS NULL))
) STRICT;
CREATE INDEX erasure_subject ON erasure (subject) WHERE subject IS NOT NULL;
CREATE INDEX erasure_before ON erasure (before_id) WHERE before_id IS NOT NULL;

CREATE TRIGGER erasure_no_update BEFORE UPDATE ON erasure BEGIN
  SELECT RAISE(ABORT, 'erasure is insert-only');
END;
CREATE TRIGGER erasure_no_delete BEFORE DELETE ON erasure BEGIN
  SELECT RAISE(ABORT, 'erasure is insert-only');
END;
CREATE TRIGGER entry_part_no_delete BEFORE DELETE ON entry_part
WHEN NOT EXISTS (SELECT 1 FROM erasure x JOIN entry e ON e.id = OLD.entry_id
    WHERE x.subject = e.subject AND (OLD.part IN ('user', 'details') OR (OLD.part = 'technical' AND e.actor IS NULL)))
  AND NOT (OLD.part = 'technical' AND EXISTS (SELECT 1 FROM erasure x WHERE x.before_id > OLD.entry_id))
BEGIN
  SELECT RAISE(ABORT, 'entry_part is insert-only but for an erasure');
END;
CREATE TRIGGER erasure_deletes AFTER INSERT ON erasure BEGIN
  DELETE FROM entry_part WHERE NEW.subject IS NOT NULL
    AND entry_id IN (SELECT id FROM entry WHERE subject = NEW.subject)
    AND (part IN ('user', 'details')
      OR (part = 'technical' AND (SELECT actor FROM entry WHERE id = entry_part.entry_id) IS NULL));
  DELETE FROM entry_part WHERE NEW.before_id IS NOT NULL AND part = 'technical' AND entry_id < NEW.before_id
    AND entry_id >= COALESCE((SELECT x.before_id FROM erasure x WHERE x.before_id < NEW.before_id
      ORDER BY x.before_id DESC LIMIT 1), X'00');
END;
