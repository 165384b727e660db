-- Services (relying parties), what they were answered, and the keys that sign the answers.
CREATE TABLE client (
  id BLOB PRIMARY KEY, -- the service's id in the log
  client_id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  secret_hash BLOB NOT NULL,
  auth_method TEXT NOT NULL CHECK (auth_method IN ('client_secret_basic', 'client_secret_post')),
  id_token_alg TEXT NOT NULL CHECK (id_token_alg IN ('ES256', 'RS256')),
  redirect_uris TEXT NOT NULL,             -- JSON array, compared exactly
  post_logout_redirect_uris TEXT NOT NULL, -- JSON array, compared exactly
  domains TEXT,                            -- JSON array of the domains the service works in; null: any
  sector TEXT NOT NULL,                    -- host that pairwise subjects belong to
  tells_actor INTEGER NOT NULL,               -- wants `act` and mandate details
  is_hub INTEGER NOT NULL,                    -- an identity hub such as FranceConnect: the loop must be refused
  reauthentication TEXT NOT NULL CHECK (reauthentication IN ('fresh', 'activity')),
  status TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
  created_at TEXT NOT NULL,
  entry_id BLOB NOT NULL REFERENCES entry (id)
) STRICT;

-- OpenID signing keys: private part sealed, shared by all nodes.
CREATE TABLE signing_key (
  kid TEXT PRIMARY KEY,
  alg TEXT NOT NULL CHECK (alg IN ('ES256', 'RS256')),
  private_sealed BLOB NOT NULL,
  public_jwk TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('next', 'current', 'previous', 'retired')),
  created_at TEXT NOT NULL,
  entry_id BLOB NOT NULL REFERENCES entry (id)
) STRICT;
CREATE UNIQUE INDEX signing_key_one_current ON signing_key (alg) WHERE state = 'current';

-- A request of a service, from its arrival at /authorize to its answer.
CREATE TABLE authorization_request (
  id BLOB PRIMARY KEY,
  handle_hash BLOB NOT NULL UNIQUE, -- of the handle in our own URLs
  browser_hash BLOB,                -- of the cookie of the browser that brought it
  client_id BLOB NOT NULL REFERENCES client (id),
  parameters TEXT NOT NULL,          -- JSON, checked
  session_id BLOB,
  user_id BLOB REFERENCES app_user (id),
  grant_id BLOB REFERENCES mandate_grant (id),
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  answered_at TEXT
) STRICT;

-- One opening of a service in a user's name. `id` is also the `sid` told to the service.
CREATE TABLE use_session (
  id BLOB PRIMARY KEY,
  session_id BLOB NOT NULL, -- desk session; kept when that row is gone
  browser_hash BLOB,
  client_id BLOB NOT NULL REFERENCES client (id),
  grant_id BLOB NOT NULL REFERENCES mandate_grant (id),
  mandate_id BLOB NOT NULL REFERENCES mandate (id),
  user_id BLOB NOT NULL REFERENCES app_user (id),
  structure_id BLOB NOT NULL REFERENCES structure (id),
  person_id BLOB NOT NULL REFERENCES person (id),
  card_id BLOB NOT NULL REFERENCES card (id),
  presence TEXT NOT NULL CHECK (presence IN ('present', 'telephone', 'absent')),
  declared_service TEXT, -- behind a hub: which service the aidant says it is for
  auth_time TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT,
  end_cause TEXT CHECK (end_cause IN ('service', 'aidant', 'sign_out', 'revoked', 'expired', 'code_reuse')),
  entry_id BLOB NOT NULL REFERENCES entry (id),
  CHECK ((ended_at IS NULL) = (end_cause IS NULL))
) STRICT;
CREATE UNIQUE INDEX use_session_one_live ON use_session (session_id, client_id) WHERE ended_at IS NULL;
CREATE INDEX use_session_grant ON use_session (grant_id) WHERE ended_at IS NULL;
CREATE INDEX use_session_mandate ON use_session (mandate_id, id);
CREATE INDEX use_session_user ON use_session (user_id, started_at);

CREATE TABLE authorization_code (
  code_hash BLOB PRIMARY KEY,
  use_id BLOB NOT NULL REFERENCES use_session (id),
  client_id BLOB NOT NULL REFERENCES client (id),
  redirect_uri TEXT NOT NULL,
  scope TEXT NOT NULL,
  nonce TEXT,
  code_challenge TEXT,
  issued_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  redeemed_at TEXT,
  CHECK (expires_at > issued_at)
) STRICT;
CREATE INDEX authorization_code_use ON authorization_code (use_id);

CREATE TABLE access_token (
  token_hash BLOB PRIMARY KEY,
  code_hash BLOB NOT NULL,
  use_id BLOB NOT NULL REFERENCES use_session (id),
  client_id BLOB NOT NULL REFERENCES client (id),
  scope TEXT NOT NULL,
  issued_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  revoked_at TEXT,
  entry_id BLOB NOT NULL REFERENCES entry (id),
  CHECK (expires_at > issued_at)
) STRICT;
CREATE INDEX access_token_use ON access_token (use_id);
CREATE INDEX access_token_code ON access_token (code_hash);
