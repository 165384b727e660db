-- Each act names its entry, which is written in the same commit (the reference is looked at when that ends). What was
-- written before this has none; from here on one cannot be there without the other.
ALTER TABLE mandate ADD COLUMN consent_entry_id uuid REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE mandate ADD COLUMN ended_entry_id uuid REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE mandate_grant ADD COLUMN ended_entry_id uuid REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE use_session ADD COLUMN ended_entry_id uuid REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE card ADD COLUMN ended_entry_id uuid REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
CREATE FUNCTION refuse_act_without_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'an act of % without its entry', TG_TABLE_NAME;
END $$;
CREATE TRIGGER mandate_consent_has_entry BEFORE INSERT OR UPDATE OF consented_at, consent_entry_id ON mandate FOR EACH ROW
  WHEN ((NEW.consented_at IS NULL) <> (NEW.consent_entry_id IS NULL)) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER mandate_end_has_entry BEFORE INSERT OR UPDATE OF ended_at, ended_entry_id ON mandate FOR EACH ROW
  WHEN ((NEW.ended_at IS NULL) <> (NEW.ended_entry_id IS NULL)) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER mandate_grant_end_has_entry BEFORE INSERT OR UPDATE OF ended_at, ended_entry_id ON mandate_grant FOR EACH ROW
  WHEN ((NEW.ended_at IS NULL) <> (NEW.ended_entry_id IS NULL)) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER use_session_end_has_entry BEFORE INSERT OR UPDATE OF ended_at, ended_entry_id ON use_session FOR EACH ROW
  WHEN ((NEW.ended_at IS NULL) <> (NEW.ended_entry_id IS NULL)) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER card_end_has_entry BEFORE INSERT OR UPDATE OF ended_at, ended_entry_id ON card FOR EACH ROW
  WHEN ((NEW.ended_at IS NULL) <> (NEW.ended_entry_id IS NULL)) EXECUTE FUNCTION refuse_act_without_entry();
