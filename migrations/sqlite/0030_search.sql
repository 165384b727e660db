-- The domain of the grant under which a line was written, beside it: so that a rare domain is found in a long log.
DROP TRIGGER entry_no_update;
ALTER TABLE entry ADD COLUMN domain TEXT;
UPDATE entry SET domain = (SELECT g.domain FROM mandate_grant g WHERE g.id = entry.grant_id) WHERE grant_id IS NOT NULL;
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN
  SELECT RAISE(ABORT, 'entry is insert-only');
END;
CREATE INDEX entry_domain ON entry (domain, id) WHERE domain IS NOT NULL;
