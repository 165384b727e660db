-- A deletion is tied to the entry that says it, and a legal hold stops that of addresses and browsers too.
ALTER TABLE app_user ADD COLUMN released_at TEXT; -- a hold was lifted: what it kept too long is to go
-- Kept while a hold stands, too: the database spares by it what the log holds of the person.
CREATE UNIQUE INDEX app_user_pseudonym ON app_user (pseudonym) WHERE pseudonym IS NOT NULL;
CREATE INDEX app_user_held ON app_user (held_at) WHERE held_at IS NOT NULL;
CREATE INDEX app_user_released ON app_user (released_at) WHERE released_at IS NOT NULL;

CREATE TRIGGER erasure_is_justified BEFORE INSERT ON erasure BEGIN
  SELECT RAISE(ABORT, 'an erasure needs the entry that says it')
  WHERE NOT EXISTS (SELECT 1 FROM entry e WHERE e.id = NEW.entry_id AND e.kind = 'data.erased' AND e.outcome = 'done'
    AND e.subject IS NEW.subject AND (NEW.before_id IS NULL OR NEW.before_id <= e.id));
  SELECT RAISE(ABORT, 'an erasure needs a user who was erased and is not held')
  WHERE NEW.subject IS NOT NULL AND NOT EXISTS (SELECT 1 FROM app_user u
    WHERE u.pseudonym = NEW.subject AND u.erased_at IS NOT NULL AND u.held_at IS NULL);
  SELECT RAISE(ABORT, 'an erasure needs to know whom a hold protects')
  WHERE NEW.before_id IS NOT NULL
    AND EXISTS (SELECT 1 FROM app_user u WHERE u.held_at IS NOT NULL AND u.pseudonym IS NULL);
END;

DROP TRIGGER entry_part_no_delete;
CREATE TRIGGER entry_part_no_delete BEFORE DELETE ON entry_part
WHEN NOT EXISTS (SELECT 1 FROM erasure x JOIN entry e ON e.id = OLD.entry_id
    WHERE x.subject = e.subject AND (OLD.part IN ('user', 'details') OR (OLD.part = 'technical' AND e.actor IS NULL)))
  AND NOT (OLD.part = 'technical' AND EXISTS (SELECT 1 FROM erasure x WHERE x.before_id > OLD.entry_id)
    AND NOT EXISTS (SELECT 1 FROM entry e JOIN app_user u ON u.pseudonym = e.subject
      WHERE e.id = OLD.entry_id AND u.held_at IS NOT NULL))
BEGIN
  SELECT RAISE(ABORT, 'entry_part is insert-only but for an erasure');
END;
DROP TRIGGER erasure_deletes;
CREATE TRIGGER erasure_deletes AFTER INSERT ON erasure BEGIN
  DELETE FROM entry_part WHERE NEW.subject IS NOT NULL
    AND entry_id IN (SELECT id FROM entry WHERE subject = NEW.subject)
    AND (part IN ('user', 'details')
      OR (part = 'technical' AND (SELECT actor FROM entry WHERE id = entry_part.entry_id) IS NULL));
  DELETE FROM entry_part WHERE NEW.before_id IS NOT NULL AND part = 'technical' AND entry_id < NEW.before_id
    AND entry_id >= COALESCE((SELECT x.before_id FROM erasure x WHERE x.before_id < NEW.before_id
      ORDER BY x.before_id DESC LIMIT 1), X'00')
    AND NOT EXISTS (SELECT 1 FROM entry e JOIN app_user u ON u.pseudonym = e.subject
      WHERE e.id = entry_part.entry_id AND u.held_at IS NOT NULL);
  -- What lies further back because a hold kept it that was lifted since.
  DELETE FROM entry_part WHERE NEW.before_id IS NOT NULL AND part = 'technical' AND entry_id < NEW.before_id
    AND entry_id IN (SELECT e.id FROM app_user u JOIN entry e ON e.subject = u.pseudonym
      WHERE u.released_at IS NOT NULL AND u.held_at IS NULL);
END;
