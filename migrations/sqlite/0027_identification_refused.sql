-- Why an answer of the identity provider was refused though somebody had signed in there: the browser goes by the
-- provider to sign out, and is told on its way back.
ALTER TABLE consent_request ADD COLUMN refused TEXT CHECK (refused IS NULL OR user_id IS NULL);
