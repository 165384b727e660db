-- Users, mandates, grants, consent.
CREATE TABLE domain (
  key TEXT PRIMARY KEY CHECK (length(key) BETWEEN 2 AND 40),
  position INTEGER NOT NULL UNIQUE,
  rep_scope TEXT NOT NULL UNIQUE, -- the value FranceConnect expects
  label_fr TEXT NOT NULL,
  label_en TEXT NOT NULL,
  examples_fr TEXT NOT NULL,
  examples_en TEXT NOT NULL,
  warning_fr TEXT,
  warning_en TEXT,
  active INTEGER NOT NULL
) STRICT;

CREATE TABLE structure_domain (
  structure_id BLOB NOT NULL REFERENCES structure (id),
  domain TEXT NOT NULL REFERENCES domain (key),
  PRIMARY KEY (structure_id, domain)
) STRICT;

-- A user is one subject of one identity provider.
CREATE TABLE app_user (
  id BLOB PRIMARY KEY,
  subject_index BLOB NOT NULL UNIQUE, -- blind index of (issuer, sub)
  identity_index BLOB NOT NULL,       -- blind index of the civil identity, for exact look-up
  identity_sealed BLOB NOT NULL,      -- civil identity exactly as received, with issuer and sub
  pseudonym_key_sealed BLOB NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  entry_id BLOB NOT NULL REFERENCES entry (id)
) STRICT;
CREATE INDEX app_user_identity ON app_user (identity_index);

CREATE TABLE mandate (
  id BLOB PRIMARY KEY,
  reference TEXT NOT NULL UNIQUE,
  structure_id BLOB NOT NULL REFERENCES structure (id),
  user_id BLOB REFERENCES app_user (id),
  proposed_by BLOB NOT NULL REFERENCES person (id),
  state TEXT NOT NULL CHECK (state IN ('draft', 'awaiting_consent', 'refused', 'awaiting_signature',
    'active', 'suspended', 'ended', 'lapsed')),
  duration TEXT NOT NULL, -- 1, 31, 182, 365 (days) or an end date, as chosen
  proposed_at TEXT NOT NULL,
  activity_at TEXT NOT NULL,
  consent_means TEXT CHECK (consent_means IN ('screen', 'own_device', 'remote_link', 'paper')),
  consented_at TEXT,
  acr TEXT, -- level of the user's proofing at consent
  text_version TEXT,
  text_sealed BLOB, -- the exact text consented to
  text_hash BLOB,
  signed_at TEXT,
  signed_by BLOB REFERENCES person (id),
  signed_card BLOB REFERENCES card (id),
  signed_step INTEGER,
  ends_at TEXT, -- fixed in the text consented to
  attestation_sealed BLOB, -- the data frozen at signature, from which it is printed
  ended_at TEXT,
  end_reason TEXT CHECK (end_reason IN ('expired', 'replaced', 'revoked', 'renounced', 'closed')),
  ended_by TEXT CHECK (ended_by IN ('user', 'user_at_desk', 'structure', 'operator')), -- absent: by itself
  next_sequence INTEGER NOT NULL DEFAULT 0, -- of the mandate's entries in the log
  entry_id BLOB NOT NULL REFERENCES entry (id),
  signed_entry_id BLOB REFERENCES entry (id),
  CHECK (state IN ('draft', 'refused', 'lapsed') OR user_id IS NOT NULL),
  CHECK (state NOT IN ('awaiting_signature', 'active', 'suspended', 'ended')
    OR (consented_at IS NOT NULL AND consent_means IS NOT NULL AND text_sealed IS NOT NULL
        AND text_hash IS NOT NULL AND ends_at IS NOT NULL)),
  CHECK (state NOT IN ('active', 'suspended', 'ended')
    OR (signed_at IS NOT NULL AND signed_by IS NOT NULL AND signed_card IS NOT NULL AND signed_step IS NOT NULL
        AND attestation_sealed IS NOT NULL AND signed_entry_id IS NOT NULL)),
  CHECK (signed_at IS NULL OR signed_at >= consented_at),
  CHECK (signed_at IS NULL OR ends_at > signed_at),
  CHECK (signed_at IS NULL OR julianday(ends_at) - julianday(signed_at) < 367), -- 365 local days, the rest of the last one, an hour of clock change
  CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
  CHECK ((state = 'ended') = (end_reason IS NOT NULL))
) STRICT;
CREATE INDEX mandate_structure ON mandate (structure_id, state, id);
CREATE INDEX mandate_user ON mandate (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX mandate_ends ON mandate (ends_at) WHERE state IN ('active', 'suspended');
CREATE INDEX mandate_activity ON mandate (activity_at) WHERE state IN ('draft', 'awaiting_consent', 'awaiting_signature');

-- One domain inside one mandate. structure_id and user_id repeat the mandate's so that the database itself
-- keeps one live grant per (structure, user, domain).
CREATE TABLE mandate_grant (
  id BLOB PRIMARY KEY,
  mandate_id BLOB NOT NULL REFERENCES mandate (id),
  structure_id BLOB NOT NULL REFERENCES structure (id),
  user_id BLOB REFERENCES app_user (id),
  domain TEXT NOT NULL REFERENCES domain (key),
  access TEXT NOT NULL DEFAULT 'act' CHECK (access IN ('consult', 'act')),
  single_use INTEGER NOT NULL DEFAULT FALSE,
  consumed_at TEXT, -- when a single-use grant's code was redeemed
  state TEXT NOT NULL CHECK (state IN ('proposed', 'live', 'ended')),
  ends_at TEXT, -- as the mandate's
  ended_at TEXT,
  end_reason TEXT CHECK (end_reason IN ('expired', 'replaced', 'revoked', 'renounced', 'closed', 'refused', 'lapsed')),
  CHECK (state <> 'live' OR (user_id IS NOT NULL AND ends_at IS NOT NULL)),
  CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
  CHECK ((state = 'ended') = (end_reason IS NOT NULL)),
  CHECK (consumed_at IS NULL OR single_use)
) STRICT;
CREATE UNIQUE INDEX mandate_grant_once ON mandate_grant (mandate_id, domain);
CREATE UNIQUE INDEX mandate_grant_one_live ON mandate_grant (structure_id, user_id, domain) WHERE state = 'live';

-- One attempt of a user to identify and decide, bound to the browser in which it began. Single use.
CREATE TABLE consent_request (
  id BLOB PRIMARY KEY,
  mandate_id BLOB NOT NULL REFERENCES mandate (id),
  browser_hash BLOB NOT NULL, -- of the cookie given to that browser
  provider TEXT NOT NULL,
  state_hash BLOB NOT NULL UNIQUE,
  nonce_sealed BLOB NOT NULL,
  verifier_sealed BLOB,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  answered_at TEXT, -- the identity provider came back: state cannot be used again
  user_id BLOB REFERENCES app_user (id),
  acr TEXT,
  auth_time TEXT,
  logout_hint_sealed BLOB,
  decided_at TEXT,
  decision TEXT CHECK (decision IN ('agreed', 'refused')),
  CHECK (expires_at > created_at),
  CHECK ((decided_at IS NULL) = (decision IS NULL)),
  CHECK (decision IS NULL OR user_id IS NOT NULL)
) STRICT;
CREATE INDEX consent_request_mandate ON consent_request (mandate_id, id);

-- Mails and messages to send, written in the transaction of the act they tell about.
CREATE TABLE outbox (
  id BLOB PRIMARY KEY,
  channel TEXT NOT NULL CHECK (channel IN ('mail', 'sms')),
  message_sealed BLOB NOT NULL,
  dedupe_key TEXT NOT NULL UNIQUE, -- one notice once, however often its job runs
  created_at TEXT NOT NULL,
  due_at TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  sent_at TEXT,
  failed_at TEXT
) STRICT;
CREATE INDEX outbox_due ON outbox (due_at) WHERE sent_at IS NULL AND failed_at IS NULL;
