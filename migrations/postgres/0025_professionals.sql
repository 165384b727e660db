-- Professionals who enter with an identity provider of professionals instead of a password; their card is still asked for.

-- One identity there for one person here, and the reverse.
CREATE TABLE professional_identity (
  person_id uuid PRIMARY KEY REFERENCES person (id),
  subject_index bytea NOT NULL UNIQUE, -- blind index of issuer and subject
  linked_at timestamptz NOT NULL,
  entry_id uuid NOT NULL REFERENCES entry (id)
);

-- A browser sent to that provider. Its answer is taken once, in that browser only.
CREATE TABLE professional_request (
  id uuid PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('sign_in', 'link', 'activate')),
  person_id uuid REFERENCES person (id), -- who asked for the link; whose invitation it is
  session_id uuid, -- the session in which the link was asked for
  browser_hash bytea NOT NULL, -- of the cookie given to that browser
  state_hash bytea NOT NULL UNIQUE,
  nonce_sealed bytea NOT NULL,
  verifier_sealed bytea,
  back_sealed bytea NOT NULL, -- where the browser goes next: a path of ours, sealed since it may hold a link
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  answered_at timestamptz, -- the provider came back: state cannot be used again
  logout_hint_sealed bytea, -- its ID token, to close the session there
  closing_at timestamptz, -- nothing here needs the session there any more
  CHECK ((purpose = 'sign_in') = (person_id IS NULL)),
  CHECK ((purpose = 'link') = (session_id IS NOT NULL)),
  CHECK (expires_at > created_at)
);
CREATE INDEX professional_request_browser ON professional_request (browser_hash);
CREATE INDEX professional_request_created ON professional_request (created_at);

-- The answer by which somebody entered; without one it was a password.
ALTER TABLE session ADD COLUMN entered_by uuid;
