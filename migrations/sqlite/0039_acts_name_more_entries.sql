-- As 0037: what was written before this names no entry, from here on nothing is written that names none.
ALTER TABLE session ADD COLUMN entry_id BLOB REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE device ADD COLUMN entry_id BLOB REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE one_time_link ADD COLUMN entry_id BLOB REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE check_given ADD COLUMN entry_id BLOB REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE card ADD COLUMN assigned_entry_id BLOB REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE card ADD COLUMN activated_entry_id BLOB REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE consent_request ADD COLUMN decided_entry_id BLOB REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE app_user ADD COLUMN hold_entry_id BLOB REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
CREATE TRIGGER session_has_entry BEFORE INSERT ON session WHEN NEW.entry_id IS NULL BEGIN
  SELECT RAISE(ABORT, 'an act of session without its entry');
END;
CREATE TRIGGER session_keeps_entry BEFORE UPDATE OF entry_id ON session WHEN NEW.entry_id IS NOT OLD.entry_id BEGIN
  SELECT RAISE(ABORT, 'an act of session without its entry');
END;
CREATE TRIGGER device_has_entry BEFORE INSERT ON device WHEN NEW.entry_id IS NULL BEGIN
  SELECT RAISE(ABORT, 'an act of device without its entry');
END;
CREATE TRIGGER device_keeps_entry BEFORE UPDATE OF entry_id ON device WHEN NEW.entry_id IS NOT OLD.entry_id BEGIN
  SELECT RAISE(ABORT, 'an act of device without its entry');
END;
CREATE TRIGGER one_time_link_has_entry BEFORE INSERT ON one_time_link WHEN NEW.entry_id IS NULL BEGIN
  SELECT RAISE(ABORT, 'an act of one_time_link without its entry');
END;
CREATE TRIGGER one_time_link_keeps_entry BEFORE UPDATE OF entry_id ON one_time_link WHEN NEW.entry_id IS NOT OLD.entry_id BEGIN
  SELECT RAISE(ABORT, 'an act of one_time_link without its entry');
END;
CREATE TRIGGER check_given_has_entry BEFORE INSERT ON check_given WHEN NEW.entry_id IS NULL BEGIN
  SELECT RAISE(ABORT, 'an act of check_given without its entry');
END;
CREATE TRIGGER check_given_keeps_entry BEFORE UPDATE OF entry_id ON check_given WHEN NEW.entry_id IS NOT OLD.entry_id BEGIN
  SELECT RAISE(ABORT, 'an act of check_given without its entry');
END;
CREATE TRIGGER card_assignment_has_entry_inserted BEFORE INSERT ON card
WHEN (NEW.assigned_at IS NULL) <> (NEW.assigned_entry_id IS NULL) BEGIN
  SELECT RAISE(ABORT, 'an act of card without its entry');
END;
CREATE TRIGGER card_assignment_has_entry_updated BEFORE UPDATE OF assigned_at, assigned_entry_id ON card
WHEN (NEW.assigned_at IS NULL) <> (NEW.assigned_entry_id IS NULL) OR (NEW.assigned_at IS NOT NULL AND NEW.assigned_at IS NOT OLD.assigned_at AND NEW.assigned_entry_id IS OLD.assigned_entry_id) BEGIN
  SELECT RAISE(ABORT, 'an act of card without its entry');
END;
CREATE TRIGGER card_activation_has_entry_inserted BEFORE INSERT ON card
WHEN (NEW.activated_at IS NULL) <> (NEW.activated_entry_id IS NULL) BEGIN
  SELECT RAISE(ABORT, 'an act of card without its entry');
END;
CREATE TRIGGER card_activation_has_entry_updated BEFORE UPDATE OF activated_at, activated_entry_id ON card
WHEN (NEW.activated_at IS NULL) <> (NEW.activated_entry_id IS NULL) OR (NEW.activated_at IS NOT NULL AND NEW.activated_at IS NOT OLD.activated_at AND NEW.activated_entry_id IS OLD.activated_entry_id) BEGIN
  SELECT RAISE(ABORT, 'an act of card without its entry');
END;
CREATE TRIGGER consent_request_decision_has_entry_inserted BEFORE INSERT ON consent_request
WHEN (NEW.decided_at IS NULL) <> (NEW.decided_entry_id IS NULL) BEGIN
  SELECT RAISE(ABORT, 'an act of consent_request without its entry');
END;
CREATE TRIGGER consent_request_decision_has_entry_updated BEFORE UPDATE OF decided_at, decided_entry_id ON consent_request
WHEN (NEW.decided_at IS NULL) <> (NEW.decided_entry_id IS NULL) OR (NEW.decided_at IS NOT NULL AND NEW.decided_at IS NOT OLD.decided_at AND NEW.decided_entry_id IS OLD.decided_entry_id) BEGIN
  SELECT RAISE(ABORT, 'an act of consent_request without its entry');
END;
-- A hold that is placed, or lifted, names another entry than before.
CREATE TRIGGER app_user_hold_has_entry_inserted BEFORE INSERT ON app_user
WHEN (NEW.held_at IS NULL) <> (NEW.hold_entry_id IS NULL) BEGIN
  SELECT RAISE(ABORT, 'an act of app_user without its entry');
END;
CREATE TRIGGER app_user_hold_has_entry_updated BEFORE UPDATE OF held_at, hold_entry_id ON app_user
WHEN (NEW.held_at IS NOT OLD.held_at AND (NEW.hold_entry_id IS NULL OR NEW.hold_entry_id IS OLD.hold_entry_id))
  OR (NEW.hold_entry_id IS NULL AND OLD.hold_entry_id IS NOT NULL) BEGIN
  SELECT RAISE(ABORT, 'an act of app_user without its entry');
END;
