-- What somebody saw when they looked into a finding, so that what happens afterwards is looked into again; and each mark
-- beside those before it.
CREATE TABLE alert_review_numbered (
  finding text COLLATE "C" NOT NULL,
  number bigint NOT NULL CHECK (number > 0),
  person_id uuid NOT NULL REFERENCES person (id),
  reviewed_at timestamptz NOT NULL,
  note_sealed bytea NOT NULL,
  entry_id uuid NOT NULL REFERENCES entry (id),
  seen_count bigint, -- not known of the first marks
  seen_until timestamptz NOT NULL, -- of them: when they were made
  PRIMARY KEY (finding, number)
);
INSERT INTO alert_review_numbered (finding, number, person_id, reviewed_at, note_sealed, entry_id, seen_until)
  SELECT finding, 1, person_id, reviewed_at, note_sealed, entry_id, reviewed_at FROM alert_review;
DROP TABLE alert_review;
ALTER TABLE alert_review_numbered RENAME TO alert_review;

-- Counted again from the log at the next round.
DROP TABLE open_alert;
CREATE TABLE open_alert (
  finding text COLLATE "C" PRIMARY KEY,
  structure_id uuid NOT NULL REFERENCES structure (id),
  also_id uuid REFERENCES structure (id), -- the other structure it is about
  counted bigint NOT NULL,
  until_at timestamptz NOT NULL
);
