-- A deletion is tied to the entry that says it, and a legal hold stops that of addresses and browsers too.
ALTER TABLE app_user ADD COLUMN released_at timestamptz; -- a hold was lifted: what it kept too long is to go
-- Kept while a hold stands, too: the database spares by it what the log holds of the person.
CREATE UNIQUE INDEX app_user_pseudonym ON app_user (pseudonym) WHERE pseudonym IS NOT NULL;
CREATE INDEX app_user_held ON app_user (held_at) WHERE held_at IS NOT NULL;
CREATE INDEX app_user_released ON app_user (released_at) WHERE released_at IS NOT NULL;

-- Tables are named in a fixed schema: a temporary one of the same name deceives nobody.
CREATE FUNCTION refuse_unjustified_erasure() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM entry e WHERE e.id = NEW.entry_id AND e.kind = 'data.erased' AND e.outcome = 'done'
      AND e.subject IS NOT DISTINCT FROM NEW.subject AND (NEW.before_id IS NULL OR NEW.before_id <= e.id)) THEN
    RAISE EXCEPTION 'an erasure needs the entry that says it';
  END IF;
  IF NEW.subject IS NOT NULL AND NOT EXISTS (SELECT 1 FROM app_user u
      WHERE u.pseudonym = NEW.subject AND u.erased_at IS NOT NULL AND u.held_at IS NULL) THEN
    RAISE EXCEPTION 'an erasure needs a user who was erased and is not held';
  END IF;
  IF NEW.before_id IS NOT NULL AND EXISTS (SELECT 1 FROM app_user u WHERE u.held_at IS NOT NULL AND u.pseudonym IS NULL) THEN
    RAISE EXCEPTION 'an erasure needs to know whom a hold protects';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER erasure_is_justified BEFORE INSERT ON erasure FOR EACH ROW EXECUTE FUNCTION refuse_unjustified_erasure();

CREATE OR REPLACE FUNCTION refuse_part_deletion() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM erasure x JOIN entry e ON e.id = OLD.entry_id
      WHERE x.subject = e.subject AND (OLD.part IN ('user', 'details') OR (OLD.part = 'technical' AND e.actor IS NULL)))
    AND NOT (OLD.part = 'technical' AND EXISTS (SELECT 1 FROM erasure x WHERE x.before_id > OLD.entry_id)
      AND NOT EXISTS (SELECT 1 FROM entry e JOIN app_user u ON u.pseudonym = e.subject
        WHERE e.id = OLD.entry_id AND u.held_at IS NOT NULL)) THEN
    RAISE EXCEPTION 'entry_part is insert-only but for an erasure';
  END IF;
  RETURN OLD;
END $$;
CREATE OR REPLACE FUNCTION erase_parts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.subject IS NOT NULL THEN
    DELETE FROM entry_part p USING entry e WHERE e.id = p.entry_id AND e.subject = NEW.subject
      AND (p.part IN ('user', 'details') OR (p.part = 'technical' AND e.actor IS NULL));
  ELSE
    DELETE FROM entry_part p WHERE p.part = 'technical' AND p.entry_id < NEW.before_id
      AND p.entry_id >= COALESCE((SELECT x.before_id FROM erasure x WHERE x.before_id < NEW.before_id
        ORDER BY x.before_id DESC LIMIT 1), '00000000-0000-0000-0000-000000000000')
      AND NOT EXISTS (SELECT 1 FROM entry e JOIN app_user u ON u.pseudonym = e.subject
        WHERE e.id = p.entry_id AND u.held_at IS NOT NULL);
    -- What lies further back because a hold kept it that was lifted since.
    DELETE FROM entry_part p USING entry e, app_user u WHERE e.id = p.entry_id AND e.subject = u.pseudonym
      AND u.released_at IS NOT NULL AND u.held_at IS NULL AND p.part = 'technical' AND p.entry_id < NEW.before_id;
  END IF;
  RETURN NULL;
END $$;
