-- Users, mandates, grants, consent.
CREATE TABLE domain (
  key text COLLATE "C" PRIMARY KEY CHECK (length(key) BETWEEN 2 AND 40),
  position bigint NOT NULL UNIQUE,
  rep_scope text NOT NULL UNIQUE, -- the value FranceConnect expects
  label_fr text NOT NULL,
  label_en text NOT NULL,
  examples_fr text NOT NULL,
  examples_en text NOT NULL,
  warning_fr text,
  warning_en text,
  active boolean NOT NULL
);

CREATE TABLE structure_domain (
  structure_id uuid NOT NULL REFERENCES structure (id),
  domain text COLLATE "C" NOT NULL REFERENCES domain (key),
  PRIMARY KEY (structure_id, domain)
);

-- A user is one subject of one identity provider.
CREATE TABLE app_user (
  id uuid PRIMARY KEY,
  subject_index bytea NOT NULL UNIQUE, -- blind index of (issuer, sub)
  identity_index bytea NOT NULL,       -- blind index of the civil identity, for exact look-up
  identity_sealed bytea NOT NULL,      -- civil identity exactly as received, with issuer and sub
  pseudonym_key_sealed bytea NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  entry_id uuid NOT NULL REFERENCES entry (id)
);
CREATE INDEX app_user_identity ON app_user (identity_index);

CREATE TABLE mandate (
  id uuid PRIMARY KEY,
  reference text COLLATE "C" NOT NULL UNIQUE,
  structure_id uuid NOT NULL REFERENCES structure (id),
  user_id uuid REFERENCES app_user (id),
  proposed_by uuid NOT NULL REFERENCES person (id),
  state text NOT NULL CHECK (state IN ('draft', 'awaiting_consent', 'refused', 'awaiting_signature',
    'active', 'suspended', 'ended', 'lapsed')),
  duration text NOT NULL, -- 1, 31, 182, 365 (days) or an end date, as chosen
  proposed_at timestamptz NOT NULL,
  activity_at timestamptz NOT NULL,
  consent_means text CHECK (consent_means IN ('screen', 'own_device', 'remote_link', 'paper')),
  consented_at timestamptz,
  acr text, -- level of the user's proofing at consent
  text_version text,
  text_sealed bytea, -- the exact text consented to
  text_hash bytea,
  signed_at timestamptz,
  signed_by uuid REFERENCES person (id),
  signed_card uuid REFERENCES card (id),
  signed_step bigint,
  ends_at timestamptz, -- fixed in the text consented to
  attestation_sealed bytea, -- the data frozen at signature, from which it is printed
  ended_at timestamptz,
  end_reason text CHECK (end_reason IN ('expired', 'replaced', 'revoked', 'renounced', 'closed')),
  ended_by text CHECK (ended_by IN ('user', 'user_at_desk', 'structure', 'operator')), -- absent: by itself
  next_sequence bigint NOT NULL DEFAULT 0, -- of the mandate's entries in the log
  entry_id uuid NOT NULL REFERENCES entry (id),
  signed_entry_id uuid REFERENCES entry (id),
  CHECK (state IN ('draft', 'refused', 'lapsed') OR user_id IS NOT NULL),
  CHECK (state NOT IN ('awaiting_signature', 'active', 'suspended', 'ended')
    OR (consented_at IS NOT NULL AND consent_means IS NOT NULL AND text_sealed IS NOT NULL
        AND text_hash IS NOT NULL AND ends_at IS NOT NULL)),
  CHECK (state NOT IN ('active', 'suspended', 'ended')
    OR (signed_at IS NOT NULL AND signed_by IS NOT NULL AND signed_card IS NOT NULL AND signed_step IS NOT NULL
        AND attestation_sealed IS NOT NULL AND signed_entry_id IS NOT NULL)),
  CHECK (signed_at IS NULL OR signed_at >= consented_at),
  CHECK (signed_at IS NULL OR ends_at > signed_at),
  CHECK (signed_at IS NULL OR ends_at < signed_at + interval '367 days'), -- 365 local days, the rest of the last one, an hour of clock change
  CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
  CHECK ((state = 'ended') = (end_reason IS NOT NULL))
);
CREATE INDEX mandate_structure ON mandate (structure_id, state, id);
CREATE INDEX mandate_user ON mandate (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX mandate_ends ON mandate (ends_at) WHERE state IN ('active', 'suspended');
CREATE INDEX mandate_activity ON mandate (activity_at) WHERE state IN ('draft', 'awaiting_consent', 'awaiting_signature');

-- One domain inside one mandate. structure_id and user_id repeat the mandate's so that the database itself
-- keeps one live grant per (structure, user, domain).
CREATE TABLE mandate_grant (
  id uuid PRIMARY KEY,
  mandate_id uuid NOT NULL REFERENCES mandate (id),
  structure_id uuid NOT NULL REFERENCES structure (id),
  user_id uuid REFERENCES app_user (id),
  domain text COLLATE "C" NOT NULL REFERENCES domain (key),
  access text NOT NULL DEFAULT 'act' CHECK (access IN ('consult', 'act')),
  single_use boolean NOT NULL DEFAULT FALSE,
  consumed_at timestamptz, -- when a single-use grant's code was redeemed
  state text NOT NULL CHECK (state IN ('proposed', 'live', 'ended')),
  ends_at timestamptz, -- as the mandate's
  ended_at timestamptz,
  end_reason text CHECK (end_reason IN ('expired', 'replaced', 'revoked', 'renounced', 'closed', 'refused', 'lapsed')),
  CHECK (state <> 'live' OR (user_id IS NOT NULL AND ends_at IS NOT NULL)),
  CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
  CHECK ((state = 'ended') = (end_reason IS NOT NULL)),
  CHECK (consumed_at IS NULL OR single_use)
);
CREATE UNIQUE INDEX mandate_grant_once ON mandate_grant (mandate_id, domain);
CREATE UNIQUE INDEX mandate_grant_one_live ON mandate_grant (structure_id, user_id, domain) WHERE state = 'live';

-- One attempt of a user to identify and decide, bound to the browser in which it began. Single use.
CREATE TABLE consent_request (
  id uuid PRIMARY KEY,
  mandate_id uuid NOT NULL REFERENCES mandate (id),
  browser_hash bytea NOT NULL, -- of the cookie given to that browser
  provider text NOT NULL,
  state_hash bytea NOT NULL UNIQUE,
  nonce_sealed bytea NOT NULL,
  verifier_sealed bytea,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  answered_at timestamptz, -- the identity provider came back: state cannot be used again
  user_id uuid REFERENCES app_user (id),
  acr text,
  auth_time timestamptz,
  logout_hint_sealed bytea,
  decided_at timestamptz,
  decision text CHECK (decision IN ('agreed', 'refused')),
  CHECK (expires_at > created_at),
  CHECK ((decided_at IS NULL) = (decision IS NULL)),
  CHECK (decision IS NULL OR user_id IS NOT NULL)
);
CREATE INDEX consent_request_mandate ON consent_request (mandate_id, id);

-- Mails and messages to send, written in the transaction of the act they tell about.
CREATE TABLE outbox (
  id uuid PRIMARY KEY,
  channel text NOT NULL CHECK (channel IN ('mail', 'sms')),
  message_sealed bytea NOT NULL,
  dedupe_key text COLLATE "C" NOT NULL UNIQUE, -- one notice once, however often its job runs
  created_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  attempts bigint NOT NULL DEFAULT 0,
  sent_at timestamptz,
  failed_at timestamptz
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE sent_at IS NULL AND failed_at IS NULL;
