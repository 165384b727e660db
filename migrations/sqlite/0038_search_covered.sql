-- What a search holds each line against lies beside it in the index it follows, so that lines read in vain are read in a row
-- of one index and not one by one in the table. The pseudonym of a user and a mandate have few lines each.
DROP INDEX entry_structure;
DROP INDEX entry_actor;
DROP INDEX entry_service;
DROP INDEX entry_domain;
DROP INDEX entry_kind;
DROP INDEX entry_refused_structure;
DROP INDEX entry_refused_service;
DROP INDEX entry_refused_kind;
-- Of two that serve alike SQLite takes the one made last: those of refusals.
CREATE INDEX entry_structure ON entry (structure_id, id, at, kind, outcome, service_id, domain)
  WHERE structure_id IS NOT NULL;
CREATE INDEX entry_actor ON entry (actor, id, at, kind, outcome, structure_id, service_id, domain) WHERE actor IS NOT NULL;
CREATE INDEX entry_service ON entry (service_id, id, at, kind, outcome, structure_id, domain) WHERE service_id IS NOT NULL;
CREATE INDEX entry_domain ON entry (domain, id, at, kind, outcome, structure_id, service_id) WHERE domain IS NOT NULL;
CREATE INDEX entry_kind ON entry (kind, id, at, outcome, structure_id, service_id, domain);
CREATE INDEX entry_refused_structure ON entry (structure_id, id, at, kind, outcome, service_id, domain)
  WHERE outcome = 'refused';
CREATE INDEX entry_refused_service ON entry (service_id, id, at, kind, outcome, structure_id, domain)
  WHERE outcome = 'refused';
CREATE INDEX entry_refused_kind ON entry (kind, id, at, outcome, structure_id, service_id, domain)
  WHERE outcome = 'refused';
