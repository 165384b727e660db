-- What witnesses said of our heads (C2SP tlog-cosignature): the line that stands under the head.
CREATE TABLE log_cosignature (
  size bigint NOT NULL REFERENCES log_checkpoint (size),
  witness text COLLATE "C" NOT NULL,
  line text NOT NULL,
  seen_at timestamptz NOT NULL,
  PRIMARY KEY (size, witness)
);
