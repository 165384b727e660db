-- Professionals, their structures, cards and sessions. What identifies someone is sealed; *_index columns are
-- blind indexes (HMAC) for exact look-up.
CREATE TABLE person (
  id BLOB PRIMARY KEY,
  email_index BLOB NOT NULL UNIQUE,
  email_sealed BLOB NOT NULL,
  name_sealed BLOB NOT NULL,
  pseudonym_key_sealed BLOB NOT NULL,
  password_hash TEXT,
  status TEXT NOT NULL CHECK (status IN ('invited', 'active', 'suspended')),
  is_operator INTEGER NOT NULL,
  is_auditor INTEGER NOT NULL,
  -- what an auditor may review: every structure, or those of auditor_structure
  perimeter TEXT NOT NULL DEFAULT 'none' CHECK (perimeter IN ('none', 'all', 'listed')),
  locale TEXT NOT NULL DEFAULT 'fr' CHECK (locale IN ('fr', 'en')),
  charter_version INTEGER,
  created_at TEXT NOT NULL,
  entry_id BLOB NOT NULL REFERENCES entry (id),
  CHECK (status <> 'active' OR password_hash IS NOT NULL),
  CHECK (NOT is_auditor OR perimeter <> 'none')
) STRICT;

CREATE TABLE structure (
  id BLOB PRIMARY KEY,
  name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  kind TEXT NOT NULL,
  siret TEXT NOT NULL UNIQUE CHECK (length(siret) = 14),
  time_zone TEXT NOT NULL,
  territory TEXT NOT NULL, -- INSEE code
  status TEXT NOT NULL CHECK (status IN ('habilitated', 'suspended', 'closed')),
  habilitated_from TEXT NOT NULL,
  habilitated_until TEXT NOT NULL,
  created_at TEXT NOT NULL,
  entry_id BLOB NOT NULL REFERENCES entry (id),
  CHECK (habilitated_until > habilitated_from)
) STRICT;

CREATE TABLE auditor_structure (
  person_id BLOB NOT NULL REFERENCES person (id),
  structure_id BLOB NOT NULL REFERENCES structure (id),
  PRIMARY KEY (person_id, structure_id)
) STRICT;

CREATE TABLE membership (
  person_id BLOB NOT NULL REFERENCES person (id),
  structure_id BLOB NOT NULL REFERENCES structure (id),
  is_aidant INTEGER NOT NULL,
  is_referent INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
  created_at TEXT NOT NULL,
  entry_id BLOB NOT NULL REFERENCES entry (id),
  PRIMARY KEY (person_id, structure_id),
  CHECK (is_aidant OR is_referent)
) STRICT;
CREATE INDEX membership_structure ON membership (structure_id, person_id);

-- Sent or printed once to invite someone or to let them choose a password again. Not an authentication factor.
CREATE TABLE one_time_link (
  token_hash BLOB PRIMARY KEY,
  person_id BLOB NOT NULL REFERENCES person (id),
  purpose TEXT NOT NULL CHECK (purpose IN ('activate', 'reset')),
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  used_at TEXT,
  CHECK (expires_at > created_at)
) STRICT;

CREATE TABLE card (
  id BLOB PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('hardware', 'app')),
  serial TEXT UNIQUE,
  seed_sealed BLOB NOT NULL,
  period INTEGER NOT NULL CHECK (period IN (30, 60)),
  digits INTEGER NOT NULL CHECK (digits = 6),
  algorithm TEXT NOT NULL CHECK (algorithm IN ('SHA1', 'SHA256')),
  state TEXT NOT NULL CHECK (state IN ('stock', 'assigned', 'active', 'lost', 'broken', 'returned', 'revoked')),
  structure_id BLOB REFERENCES structure (id), -- whose stock it was given to
  person_id BLOB REFERENCES person (id),
  last_step INTEGER NOT NULL DEFAULT 0, -- the last time step accepted: a code is accepted once ever
  drift INTEGER NOT NULL DEFAULT 0,     -- in steps, remembered from the last accepted code
  imported_at TEXT NOT NULL,
  assigned_at TEXT,
  activated_at TEXT,
  ended_at TEXT,
  entry_id BLOB NOT NULL REFERENCES entry (id),
  CHECK (kind = 'app' OR serial IS NOT NULL),
  CHECK (state NOT IN ('assigned', 'active') OR person_id IS NOT NULL),
  CHECK (state <> 'stock' OR person_id IS NULL),
  CHECK (state <> 'active' OR activated_at IS NOT NULL)
) STRICT;
CREATE INDEX card_person ON card (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX card_structure ON card (structure_id, serial) WHERE structure_id IS NOT NULL;

-- Failures remembered by what they were aimed at (account as typed and device, address), whether it exists or not.
CREATE TABLE throttle (
  key_hash BLOB PRIMARY KEY,
  failures INTEGER NOT NULL CHECK (failures >= 0),
  blocked_until TEXT,
  updated_at TEXT NOT NULL
) STRICT;

-- A browser in which someone signed in completely before: a stranger's failures elsewhere do not lock it out.
CREATE TABLE device (
  id BLOB PRIMARY KEY,
  token_hash BLOB NOT NULL UNIQUE,
  person_id BLOB NOT NULL REFERENCES person (id),
  created_at TEXT NOT NULL,
  last_seen_at TEXT NOT NULL
) STRICT;
CREATE INDEX device_person ON device (person_id);

CREATE TABLE session (
  id BLOB PRIMARY KEY,
  token_hash BLOB NOT NULL UNIQUE,
  person_id BLOB NOT NULL REFERENCES person (id),
  stage TEXT NOT NULL CHECK (stage IN ('password', 'full')),
  structure_id BLOB REFERENCES structure (id), -- the structure the person acts for
  card_id BLOB REFERENCES card (id),           -- the card of the last code
  acting_user_id BLOB,                          -- the one user in whose name services are open
  created_at TEXT NOT NULL,
  last_seen_at TEXT NOT NULL,
  last_code_at TEXT,
  fresh_until TEXT, -- an act before then needs no new code
  idle_ends_at TEXT NOT NULL,
  ends_at TEXT NOT NULL,
  user_agent_sealed BLOB,
  CHECK (stage <> 'full' OR last_code_at IS NOT NULL)
) STRICT;
CREATE INDEX session_person ON session (person_id);

-- What was typed in a form whose session had died: comes back after sign-in. Never secrets.
CREATE TABLE stash (
  token_hash BLOB PRIMARY KEY,
  person_id BLOB NOT NULL REFERENCES person (id), -- whose session it was: nobody else gets it back
  path TEXT NOT NULL,
  form_sealed BLOB NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT;
