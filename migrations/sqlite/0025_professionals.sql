-- Professionals who enter with an identity provider of professionals instead of a password; their card is still asked for.

-- One identity there for one person here, and the reverse.
CREATE TABLE professional_identity (
  person_id BLOB PRIMARY KEY REFERENCES person (id),
  subject_index BLOB NOT NULL UNIQUE, -- blind index of issuer and subject
  linked_at TEXT NOT NULL,
  entry_id BLOB NOT NULL REFERENCES entry (id)
) STRICT;

-- A browser sent to that provider. Its answer is taken once, in that browser only.
CREATE TABLE professional_request (
  id BLOB PRIMARY KEY,
  purpose TEXT NOT NULL CHECK (purpose IN ('sign_in', 'link', 'activate')),
  person_id BLOB REFERENCES person (id), -- who asked for the link; whose invitation it is
  session_id BLOB, -- the session in which the link was asked for
  browser_hash BLOB NOT NULL, -- of the cookie given to that browser
  state_hash BLOB NOT NULL UNIQUE,
  nonce_sealed BLOB NOT NULL,
  verifier_sealed BLOB,
  back_sealed BLOB NOT NULL, -- where the browser goes next: a path of ours, sealed since it may hold a link
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  answered_at TEXT, -- the provider came back: state cannot be used again
  logout_hint_sealed BLOB, -- its ID token, to close the session there
  closing_at TEXT, -- nothing here needs the session there any more
  CHECK ((purpose = 'sign_in') = (person_id IS NULL)),
  CHECK ((purpose = 'link') = (session_id IS NOT NULL)),
  CHECK (expires_at > created_at)
) STRICT;
CREATE INDEX professional_request_browser ON professional_request (browser_hash);
CREATE INDEX professional_request_created ON professional_request (created_at);

-- The answer by which somebody entered; without one it was a password.
ALTER TABLE session ADD COLUMN entered_by BLOB;
