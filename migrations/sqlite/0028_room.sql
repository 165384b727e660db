-- Refusals of one structure are found without reading all its lines.
CREATE INDEX entry_refused_structure ON entry (structure_id, id) WHERE outcome = 'refused';

-- What the rules of misuse found in the last days, kept to be counted on pages only: the log is read again for the rest.
CREATE TABLE open_alert (
  finding TEXT PRIMARY KEY,
  structure_id BLOB NOT NULL REFERENCES structure (id)
) STRICT;
