-- Professionals, their structures, cards and sessions. What identifies someone is sealed; *_index columns are
-- blind indexes (HMAC) for exact look-up.
CREATE TABLE person (
  id uuid PRIMARY KEY,
  email_index bytea NOT NULL UNIQUE,
  email_sealed bytea NOT NULL,
  name_sealed bytea NOT NULL,
  pseudonym_key_sealed bytea NOT NULL,
  password_hash text,
  status text NOT NULL CHECK (status IN ('invited', 'active', 'suspended')),
  is_operator boolean NOT NULL,
  is_auditor boolean NOT NULL,
  -- what an auditor may review: every structure, or those of auditor_structure
  perimeter text NOT NULL DEFAULT 'none' CHECK (perimeter IN ('none', 'all', 'listed')),
  locale text NOT NULL DEFAULT 'fr' CHECK (locale IN ('fr', 'en')),
  charter_version bigint,
  created_at timestamptz NOT NULL,
  entry_id uuid NOT NULL REFERENCES entry (id),
  CHECK (status <> 'active' OR password_hash IS NOT NULL),
  CHECK (NOT is_auditor OR perimeter <> 'none')
);

CREATE TABLE structure (
  id uuid PRIMARY KEY,
  name text COLLATE "C" NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  kind text COLLATE "C" NOT NULL,
  siret text COLLATE "C" NOT NULL UNIQUE CHECK (length(siret) = 14),
  time_zone text NOT NULL,
  territory text NOT NULL, -- INSEE code
  status text NOT NULL CHECK (status IN ('habilitated', 'suspended', 'closed')),
  habilitated_from timestamptz NOT NULL,
  habilitated_until timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  entry_id uuid NOT NULL REFERENCES entry (id),
  CHECK (habilitated_until > habilitated_from)
);

CREATE TABLE auditor_structure (
  person_id uuid NOT NULL REFERENCES person (id),
  structure_id uuid NOT NULL REFERENCES structure (id),
  PRIMARY KEY (person_id, structure_id)
);

CREATE TABLE membership (
  person_id uuid NOT NULL REFERENCES person (id),
  structure_id uuid NOT NULL REFERENCES structure (id),
  is_aidant boolean NOT NULL,
  is_referent boolean NOT NULL,
  status text NOT NULL CHECK (status IN ('active', 'suspended')),
  created_at timestamptz NOT NULL,
  entry_id uuid NOT NULL REFERENCES entry (id),
  PRIMARY KEY (person_id, structure_id),
  CHECK (is_aidant OR is_referent)
);
CREATE INDEX membership_structure ON membership (structure_id, person_id);

-- Sent or printed once to invite someone or to let them choose a password again. Not an authentication factor.
CREATE TABLE one_time_link (
  token_hash bytea PRIMARY KEY,
  person_id uuid NOT NULL REFERENCES person (id),
  purpose text NOT NULL CHECK (purpose IN ('activate', 'reset')),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  CHECK (expires_at > created_at)
);

CREATE TABLE card (
  id uuid PRIMARY KEY,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('hardware', 'app')),
  serial text COLLATE "C" UNIQUE,
  seed_sealed bytea NOT NULL,
  period bigint NOT NULL CHECK (period IN (30, 60)),
  digits bigint NOT NULL CHECK (digits = 6),
  algorithm text NOT NULL CHECK (algorithm IN ('SHA1', 'SHA256')),
  state text NOT NULL CHECK (state IN ('stock', 'assigned', 'active', 'lost', 'broken', 'returned', 'revoked')),
  structure_id uuid REFERENCES structure (id), -- whose stock it was given to
  person_id uuid REFERENCES person (id),
  last_step bigint NOT NULL DEFAULT 0, -- the last time step accepted: a code is accepted once ever
  drift bigint NOT NULL DEFAULT 0,     -- in steps, remembered from the last accepted code
  imported_at timestamptz NOT NULL,
  assigned_at timestamptz,
  activated_at timestamptz,
  ended_at timestamptz,
  entry_id uuid NOT NULL REFERENCES entry (id),
  CHECK (kind = 'app' OR serial IS NOT NULL),
  CHECK (state NOT IN ('assigned', 'active') OR person_id IS NOT NULL),
  CHECK (state <> 'stock' OR person_id IS NULL),
  CHECK (state <> 'active' OR activated_at IS NOT NULL)
);
CREATE INDEX card_person ON card (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX card_structure ON card (structure_id, serial) WHERE structure_id IS NOT NULL;

-- Failures remembered by what they were aimed at (account as typed and device, address), whether it exists or not.
CREATE TABLE throttle (
  key_hash bytea PRIMARY KEY,
  failures bigint NOT NULL CHECK (failures >= 0),
  blocked_until timestamptz,
  updated_at timestamptz NOT NULL
);

-- A browser in which someone signed in completely before: a stranger's failures elsewhere do not lock it out.
CREATE TABLE device (
  id uuid PRIMARY KEY,
  token_hash bytea NOT NULL UNIQUE,
  person_id uuid NOT NULL REFERENCES person (id),
  created_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL
);
CREATE INDEX device_person ON device (person_id);

CREATE TABLE session (
  id uuid PRIMARY KEY,
  token_hash bytea NOT NULL UNIQUE,
  person_id uuid NOT NULL REFERENCES person (id),
  stage text NOT NULL CHECK (stage IN ('password', 'full')),
  structure_id uuid REFERENCES structure (id), -- the structure the person acts for
  card_id uuid REFERENCES card (id),           -- the card of the last code
  acting_user_id uuid,                          -- the one user in whose name services are open
  created_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  last_code_at timestamptz,
  fresh_until timestamptz, -- an act before then needs no new code
  idle_ends_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  user_agent_sealed bytea,
  CHECK (stage <> 'full' OR last_code_at IS NOT NULL)
);
CREATE INDEX session_person ON session (person_id);

-- What was typed in a form whose session had died: comes back after sign-in. Never secrets.
CREATE TABLE stash (
  token_hash bytea PRIMARY KEY,
  person_id uuid NOT NULL REFERENCES person (id), -- whose session it was: nobody else gets it back
  path text COLLATE "C" NOT NULL,
  form_sealed bytea NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
