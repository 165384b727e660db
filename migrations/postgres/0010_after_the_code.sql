-- What follows a code: refresh tokens, words to a service that a use is over, actions a service reports.
CREATE TABLE refresh_token (
  token_hash bytea PRIMARY KEY,
  code_hash bytea NOT NULL, -- its family: every token that came of that code
  use_id uuid NOT NULL REFERENCES use_session (id),
  client_id uuid NOT NULL REFERENCES client (id),
  scope text NOT NULL,
  issued_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  replaced_at timestamptz, -- another took its place: whoever shows it again is not who it was given to
  revoked_at timestamptz,
  entry_id uuid NOT NULL REFERENCES entry (id),
  CHECK (expires_at > issued_at)
);
CREATE INDEX refresh_token_code ON refresh_token (code_hash);
CREATE INDEX refresh_token_use ON refresh_token (use_id);

-- A service is to be told that a use is over (back-channel logout). Where is asked of its registration when it is sent.
CREATE TABLE logout_message (
  id uuid PRIMARY KEY,
  use_id uuid NOT NULL UNIQUE REFERENCES use_session (id), -- once
  client_id uuid NOT NULL REFERENCES client (id),
  created_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  attempts bigint NOT NULL DEFAULT 0,
  sent_at timestamptz,
  failed_at timestamptz,
  CHECK (sent_at IS NULL OR failed_at IS NULL)
);
CREATE INDEX logout_message_due ON logout_message (due_at) WHERE sent_at IS NULL AND failed_at IS NULL;

-- What a service says it did in the user's name; the words of it are in the entry.
CREATE TABLE reported_action (
  id uuid PRIMARY KEY,
  client_id uuid NOT NULL REFERENCES client (id),
  use_id uuid NOT NULL REFERENCES use_session (id),
  key_hash bytea NOT NULL,     -- of the service's own key for it: sent again, it is the same action
  content_hash bytea NOT NULL, -- and must say the same
  reported_at timestamptz NOT NULL,
  entry_id uuid NOT NULL UNIQUE REFERENCES entry (id)
);
CREATE UNIQUE INDEX reported_action_once ON reported_action (client_id, key_hash);
CREATE INDEX reported_action_use ON reported_action (use_id);

-- The hash of the subject by which the service knows the user: the check endpoint finds uses by it.
ALTER TABLE use_session ADD COLUMN subject_hash bytea;
CREATE INDEX use_session_subject ON use_session (client_id, subject_hash) WHERE ended_at IS NULL;
