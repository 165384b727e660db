-- What an operator sees of the services: how much each is used, what is refused to it, since when its secret serves.
CREATE INDEX use_session_client ON use_session (client_id, started_at);
CREATE INDEX entry_refused_service ON entry (service_id, id) WHERE outcome = 'refused';
ALTER TABLE client ADD COLUMN secret_since timestamptz; -- null: unknown, or it has none
UPDATE client SET secret_since = created_at WHERE secret_hash IS NOT NULL AND previous_secret_hash IS NULL;
