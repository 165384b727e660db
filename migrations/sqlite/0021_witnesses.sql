-- What witnesses said of our heads (C2SP tlog-cosignature): the line that stands under the head.
CREATE TABLE log_cosignature (
  size INTEGER NOT NULL REFERENCES log_checkpoint (size),
  witness TEXT NOT NULL,
  line TEXT NOT NULL,
  seen_at TEXT NOT NULL,
  PRIMARY KEY (size, witness)
) STRICT;
