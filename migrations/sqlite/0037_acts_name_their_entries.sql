-- Each act names its entry, which is written in the same commit (the reference is looked at when that ends). What was
-- written before this has none; from here on one cannot be there without the other.
ALTER TABLE mandate ADD COLUMN consent_entry_id BLOB REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE mandate ADD COLUMN ended_entry_id BLOB REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE mandate_grant ADD COLUMN ended_entry_id BLOB REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE use_session ADD COLUMN ended_entry_id BLOB REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE card ADD COLUMN ended_entry_id BLOB REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
CREATE TRIGGER mandate_consent_has_entry_inserted BEFORE INSERT ON mandate
WHEN (NEW.consented_at IS NULL) <> (NEW.consent_entry_id IS NULL) BEGIN
  SELECT RAISE(ABORT, 'an act of mandate without its entry');
END;
CREATE TRIGGER mandate_consent_has_entry_updated BEFORE UPDATE OF consented_at, consent_entry_id ON mandate
WHEN (NEW.consented_at IS NULL) <> (NEW.consent_entry_id IS NULL) BEGIN
  SELECT RAISE(ABORT, 'an act of mandate without its entry');
END;
CREATE TRIGGER mandate_end_has_entry_inserted BEFORE INSERT ON mandate
WHEN (NEW.ended_at IS NULL) <> (NEW.ended_entry_id IS NULL) BEGIN
  SELECT RAISE(ABORT, 'an act of mandate without its entry');
END;
CREATE TRIGGER mandate_end_has_entry_updated BEFORE UPDATE OF ended_at, ended_entry_id ON mandate
WHEN (NEW.ended_at IS NULL) <> (NEW.ended_entry_id IS NULL) BEGIN
  SELECT RAISE(ABORT, 'an act of mandate without its entry');
END;
CREATE TRIGGER mandate_grant_end_has_entry_inserted BEFORE INSERT ON mandate_grant
WHEN (NEW.ended_at IS NULL) <> (NEW.ended_entry_id IS NULL) BEGIN
  SELECT RAISE(ABORT, 'an act of mandate_grant without its entry');
END;
CREATE TRIGGER mandate_grant_end_has_entry_updated BEFORE UPDATE OF ended_at, ended_entry_id ON mandate_grant
WHEN (NEW.ended_at IS NULL) <> (NEW.ended_entry_id IS NULL) BEGIN
  SELECT RAISE(ABORT, 'an act of mandate_grant without its entry');
END;
CREATE TRIGGER use_session_end_has_entry_inserted BEFORE INSERT ON use_session
WHEN (NEW.ended_at IS NULL) <> (NEW.ended_entry_id IS NULL) BEGIN
  SELECT RAISE(ABORT, 'an act of use_session without its entry');
END;
CREATE TRIGGER use_session_end_has_entry_updated BEFORE UPDATE OF ended_at, ended_entry_id ON use_session
WHEN (NEW.ended_at IS NULL) <> (NEW.ended_entry_id IS NULL) BEGIN
  SELECT RAISE(ABORT, 'an act of use_session without its entry');
END;
CREATE TRIGGER card_end_has_entry_inserted BEFORE INSERT ON card
WHEN (NEW.ended_at IS NULL) <> (NEW.ended_entry_id IS NULL) BEGIN
  SELECT RAISE(ABORT, 'an act of card without its entry');
END;
CREATE TRIGGER card_end_has_entry_updated BEFORE UPDATE OF ended_at, ended_entry_id ON card
WHEN (NEW.ended_at IS NULL) <> (NEW.ended_entry_id IS NULL) BEGIN
  SELECT RAISE(ABORT, 'an act of card without its entry');
END;
