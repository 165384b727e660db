-- As 0037: what was written before this names no entry, from here on nothing is written that names none.
ALTER TABLE session ADD COLUMN entry_id uuid REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE device ADD COLUMN entry_id uuid REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE one_time_link ADD COLUMN entry_id uuid REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE check_given ADD COLUMN entry_id uuid REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE card ADD COLUMN assigned_entry_id uuid REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE card ADD COLUMN activated_entry_id uuid REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE consent_request ADD COLUMN decided_entry_id uuid REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE app_user ADD COLUMN hold_entry_id uuid REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED;
CREATE TRIGGER session_has_entry BEFORE INSERT ON session FOR EACH ROW
  WHEN (NEW.entry_id IS NULL) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER session_keeps_entry BEFORE UPDATE OF entry_id ON session FOR EACH ROW
  WHEN (NEW.entry_id IS DISTINCT FROM OLD.entry_id) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER device_has_entry BEFORE INSERT ON device FOR EACH ROW
  WHEN (NEW.entry_id IS NULL) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER device_keeps_entry BEFORE UPDATE OF entry_id ON device FOR EACH ROW
  WHEN (NEW.entry_id IS DISTINCT FROM OLD.entry_id) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER one_time_link_has_entry BEFORE INSERT ON one_time_link FOR EACH ROW
  WHEN (NEW.entry_id IS NULL) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER one_time_link_keeps_entry BEFORE UPDATE OF entry_id ON one_time_link FOR EACH ROW
  WHEN (NEW.entry_id IS DISTINCT FROM OLD.entry_id) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER check_given_has_entry BEFORE INSERT ON check_given FOR EACH ROW
  WHEN (NEW.entry_id IS NULL) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER check_given_keeps_entry BEFORE UPDATE OF entry_id ON check_given FOR EACH ROW
  WHEN (NEW.entry_id IS DISTINCT FROM OLD.entry_id) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER card_assignment_has_entry_inserted BEFORE INSERT ON card FOR EACH ROW
  WHEN ((NEW.assigned_at IS NULL) <> (NEW.assigned_entry_id IS NULL)) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER card_assignment_has_entry_updated BEFORE UPDATE OF assigned_at, assigned_entry_id ON card FOR EACH ROW
  WHEN ((NEW.assigned_at IS NULL) <> (NEW.assigned_entry_id IS NULL)
    OR (NEW.assigned_at IS NOT NULL AND NEW.assigned_at IS DISTINCT FROM OLD.assigned_at AND NEW.assigned_entry_id IS NOT DISTINCT FROM OLD.assigned_entry_id))
  EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER card_activation_has_entry_inserted BEFORE INSERT ON card FOR EACH ROW
  WHEN ((NEW.activated_at IS NULL) <> (NEW.activated_entry_id IS NULL)) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER card_activation_has_entry_updated BEFORE UPDATE OF activated_at, activated_entry_id ON card FOR EACH ROW
  WHEN ((NEW.activated_at IS NULL) <> (NEW.activated_entry_id IS NULL)
    OR (NEW.activated_at IS NOT NULL AND NEW.activated_at IS DISTINCT FROM OLD.activated_at AND NEW.activated_entry_id IS NOT DISTINCT FROM OLD.activated_entry_id))
  EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER consent_request_decision_has_entry_inserted BEFORE INSERT ON consent_request FOR EACH ROW
  WHEN ((NEW.decided_at IS NULL) <> (NEW.decided_entry_id IS NULL)) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER consent_request_decision_has_entry_updated BEFORE UPDATE OF decided_at, decided_entry_id ON consent_request FOR EACH ROW
  WHEN ((NEW.decided_at IS NULL) <> (NEW.decided_entry_id IS NULL)
    OR (NEW.decided_at IS NOT NULL AND NEW.decided_at IS DISTINCT FROM OLD.decided_at AND NEW.decided_entry_id IS NOT DISTINCT FROM OLD.decided_entry_id))
  EXECUTE FUNCTION refuse_act_without_entry();
-- A hold that is placed, or lifted, names another entry than before.
CREATE TRIGGER app_user_hold_has_entry_inserted BEFORE INSERT ON app_user FOR EACH ROW
  WHEN ((NEW.held_at IS NULL) <> (NEW.hold_entry_id IS NULL)) EXECUTE FUNCTION refuse_act_without_entry();
CREATE TRIGGER app_user_hold_has_entry_updated BEFORE UPDATE OF held_at, hold_entry_id ON app_user FOR EACH ROW
  WHEN ((NEW.held_at IS DISTINCT FROM OLD.held_at
      AND (NEW.hold_entry_id IS NULL OR NEW.hold_entry_id IS NOT DISTINCT FROM OLD.hold_entry_id))
    OR (NEW.hold_entry_id IS NULL AND OLD.hold_entry_id IS NOT NULL))
  EXECUTE FUNCTION refuse_act_without_entry();
