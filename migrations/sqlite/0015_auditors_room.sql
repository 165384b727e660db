-- What an auditor searches by, and what the room itself keeps.
CREATE INDEX entry_service ON entry (service_id, id) WHERE service_id IS NOT NULL;
CREATE INDEX entry_refused ON entry (id) WHERE outcome = 'refused';
CREATE INDEX entry_refused_kind ON entry (kind, id) WHERE outcome = 'refused';

-- Names shown for a while, in one session, for one mandate or one aidant.
CREATE TABLE unmasking (
  session_id BLOB NOT NULL,
  target TEXT NOT NULL, -- reference of the mandate, or the aidant's pseudonym
  expires_at TEXT NOT NULL,
  entry_id BLOB NOT NULL REFERENCES entry (id),
  PRIMARY KEY (session_id, target)
) STRICT;

-- Findings that somebody has looked into; the findings themselves are read from the log each time.
CREATE TABLE alert_review (
  finding TEXT PRIMARY KEY,
  person_id BLOB NOT NULL REFERENCES person (id),
  reviewed_at TEXT NOT NULL,
  note_sealed BLOB NOT NULL,
  entry_id BLOB NOT NULL REFERENCES entry (id)
) STRICT;

-- The days of a structure whose lines are counted in the log.
CREATE TABLE activity_day (
  structure_id BLOB NOT NULL REFERENCES structure (id),
  day TEXT NOT NULL CHECK (length(day) = 10), -- in the structure's time zone
  entry_id BLOB NOT NULL REFERENCES entry (id),
  PRIMARY KEY (structure_id, day)
) STRICT;
