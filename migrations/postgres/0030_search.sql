-- The domain of the grant under which a line was written, beside it: so that a rare domain is found in a long log.
ALTER TABLE entry DISABLE TRIGGER entry_no_update;
ALTER TABLE entry ADD COLUMN domain text COLLATE "C";
UPDATE entry SET domain = (SELECT g.domain FROM mandate_grant g WHERE g.id = entry.grant_id) WHERE grant_id IS NOT NULL;
ALTER TABLE entry ENABLE TRIGGER entry_no_update;
CREATE INDEX entry_domain ON entry (domain, id) WHERE domain IS NOT NULL;
