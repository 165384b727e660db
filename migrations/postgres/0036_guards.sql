-- What was written stays, by whichever connection.
-- The days that are counted, and what witnesses said: a witness may see the same head again, later.
CREATE TRIGGER activity_day_no_update BEFORE UPDATE ON activity_day FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER activity_day_no_delete BEFORE DELETE ON activity_day FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER activity_day_no_truncate BEFORE TRUNCATE ON activity_day FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_cosignature_goes_on BEFORE UPDATE ON log_cosignature FOR EACH ROW
  WHEN (NEW.size <> OLD.size OR NEW.witness <> OLD.witness OR NEW.seen_at < OLD.seen_at)
  EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_cosignature_no_delete BEFORE DELETE ON log_cosignature FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_cosignature_no_truncate BEFORE TRUNCATE ON log_cosignature
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
