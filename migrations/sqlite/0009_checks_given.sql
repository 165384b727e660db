-- Checks of which the log holds the first entry: later ones of the same are counted.
CREATE TABLE check_given (
  check_hash BLOB PRIMARY KEY, -- of the way of asking, the service, the use and what was asked
  ends_at TEXT NOT NULL        -- from then on it can no longer agree
) STRICT;
CREATE INDEX check_given_end ON check_given (ends_at);
