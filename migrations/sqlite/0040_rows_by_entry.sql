-- A new link makes the earlier ones of the same person void: found without reading everybody's.
CREATE INDEX one_time_link_person ON one_time_link (person_id) WHERE used_at IS NULL;
-- Where the row of an act is written before its entry, SQLite looks for that row when the entry arrives: by an index, and not
-- through the whole table at each act.
CREATE INDEX mandate_consent_entry ON mandate (consent_entry_id) WHERE consent_entry_id IS NOT NULL;
CREATE INDEX mandate_ended_entry ON mandate (ended_entry_id) WHERE ended_entry_id IS NOT NULL;
CREATE INDEX mandate_grant_ended_entry ON mandate_grant (ended_entry_id) WHERE ended_entry_id IS NOT NULL;
CREATE INDEX use_session_ended_entry ON use_session (ended_entry_id) WHERE ended_entry_id IS NOT NULL;
CREATE INDEX card_ended_entry ON card (ended_entry_id) WHERE ended_entry_id IS NOT NULL;
CREATE INDEX card_assigned_entry ON card (assigned_entry_id) WHERE assigned_entry_id IS NOT NULL;
CREATE INDEX card_activated_entry ON card (activated_entry_id) WHERE activated_entry_id IS NOT NULL;
CREATE INDEX consent_request_decided_entry ON consent_request (decided_entry_id) WHERE decided_entry_id IS NOT NULL;
CREATE INDEX session_entry ON session (entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX device_entry ON device (entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX one_time_link_entry ON one_time_link (entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX check_given_entry ON check_given (entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX app_user_hold_entry ON app_user (hold_entry_id) WHERE hold_entry_id IS NOT NULL;
