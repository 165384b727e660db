-- Services (relying parties), what they were answered, and the keys that sign the answers.
CREATE TABLE client (
  id uuid PRIMARY KEY, -- the service's id in the log
  client_id text COLLATE "C" NOT NULL UNIQUE,
  name text COLLATE "C" NOT NULL,
  secret_hash bytea NOT NULL,
  auth_method text NOT NULL CHECK (auth_method IN ('client_secret_basic', 'client_secret_post')),
  id_token_alg text NOT NULL CHECK (id_token_alg IN ('ES256', 'RS256')),
  redirect_uris text NOT NULL,             -- JSON array, compared exactly
  post_logout_redirect_uris text NOT NULL, -- JSON array, compared exactly
  domains text,                            -- JSON array of the domains the service works in; null: any
  sector text NOT NULL,                    -- host that pairwise subjects belong to
  tells_actor boolean NOT NULL,               -- wants `act` and mandate details
  is_hub boolean NOT NULL,                    -- an identity hub such as FranceConnect: the loop must be refused
  reauthentication text NOT NULL CHECK (reauthentication IN ('fresh', 'activity')),
  status text NOT NULL CHECK (status IN ('active', 'suspended')),
  created_at timestamptz NOT NULL,
  entry_id uuid NOT NULL REFERENCES entry (id)
);

-- OpenID signing keys: private part sealed, shared by all nodes.
CREATE TABLE signing_key (
  kid text COLLATE "C" PRIMARY KEY,
  alg text NOT NULL CHECK (alg IN ('ES256', 'RS256')),
  private_sealed bytea NOT NULL,
  public_jwk text NOT NULL,
  state text NOT NULL CHECK (state IN ('next', 'current', 'previous', 'retired')),
  created_at timestamptz NOT NULL,
  entry_id uuid NOT NULL REFERENCES entry (id)
);
CREATE UNIQUE INDEX signing_key_one_current ON signing_key (alg) WHERE state = 'current';

-- A request of a service, from its arrival at /authorize to its answer.
CREATE TABLE authorization_request (
  id uuid PRIMARY KEY,
  handle_hash bytea NOT NULL UNIQUE, -- of the handle in our own URLs
  browser_hash bytea,                -- of the cookie of the browser that brought it
  client_id uuid NOT NULL REFERENCES client (id),
  parameters text NOT NULL,          -- JSON, checked
  session_id uuid,
  user_id uuid REFERENCES app_user (id),
  grant_id uuid REFERENCES mandate_grant (id),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  answered_at timestamptz
);

-- One opening of a service in a user's name. `id` is also the `sid` told to the service.
CREATE TABLE use_session (
  id uuid PRIMARY KEY,
  session_id uuid NOT NULL, -- desk session; kept when that row is gone
  browser_hash bytea,
  client_id uuid NOT NULL REFERENCES client (id),
  grant_id uuid NOT NULL REFERENCES mandate_grant (id),
  mandate_id uuid NOT NULL REFERENCES mandate (id),
  user_id uuid NOT NULL REFERENCES app_user (id),
  structure_id uuid NOT NULL REFERENCES structure (id),
  person_id uuid NOT NULL REFERENCES person (id),
  card_id uuid NOT NULL REFERENCES card (id),
  presence text NOT NULL CHECK (presence IN ('present', 'telephone', 'absent')),
  declared_service text, -- behind a hub: which service the aidant says it is for
  auth_time timestamptz NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  end_cause text CHECK (end_cause IN ('service', 'aidant', 'sign_out', 'revoked', 'expired', 'code_reuse')),
  entry_id uuid NOT NULL REFERENCES entry (id),
  CHECK ((ended_at IS NULL) = (end_cause IS NULL))
);
CREATE UNIQUE INDEX use_session_one_live ON use_session (session_id, client_id) WHERE ended_at IS NULL;
CREATE INDEX use_session_grant ON use_session (grant_id) WHERE ended_at IS NULL;
CREATE INDEX use_session_mandate ON use_session (mandate_id, id);
CREATE INDEX use_session_user ON use_session (user_id, started_at);

CREATE TABLE authorization_code (
  code_hash bytea PRIMARY KEY,
  use_id uuid NOT NULL REFERENCES use_session (id),
  client_id uuid NOT NULL REFERENCES client (id),
  redirect_uri text NOT NULL,
  scope text NOT NULL,
  nonce text,
  code_challenge text,
  issued_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  redeemed_at timestamptz,
  CHECK (expires_at > issued_at)
);
CREATE INDEX authorization_code_use ON authorization_code (use_id);

CREATE TABLE access_token (
  token_hash bytea PRIMARY KEY,
  code_hash bytea NOT NULL,
  use_id uuid NOT NULL REFERENCES use_session (id),
  client_id uuid NOT NULL REFERENCES client (id),
  scope text NOT NULL,
  issued_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  entry_id uuid NOT NULL REFERENCES entry (id),
  CHECK (expires_at > issued_at)
);
CREATE INDEX access_token_use ON access_token (use_id);
CREATE INDEX access_token_code ON access_token (code_hash);
