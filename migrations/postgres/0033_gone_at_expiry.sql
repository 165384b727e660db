-- What has served goes: drafts after a day, codes and tokens after the use they were given for, the rest at its expiry.
ALTER TABLE app_user ADD COLUMN evidence boolean NOT NULL DEFAULT FALSE; -- a mandate of theirs was signed once
UPDATE app_user SET evidence = TRUE WHERE id IN (SELECT user_id FROM mandate WHERE signed_at IS NOT NULL);
CREATE INDEX app_user_unsigned ON app_user (updated_at) WHERE NOT evidence AND erased_at IS NULL;
CREATE INDEX mandate_unsigned ON mandate (activity_at) WHERE state IN ('refused', 'lapsed') AND user_id IS NOT NULL;

ALTER TABLE use_session ADD COLUMN settled boolean NOT NULL DEFAULT FALSE; -- its codes and tokens are gone
CREATE INDEX use_session_unsettled ON use_session (ended_at, id) WHERE ended_at IS NOT NULL AND NOT settled;

CREATE INDEX authorization_request_expiry ON authorization_request (expires_at);
CREATE INDEX consent_request_expiry ON consent_request (expires_at);
CREATE INDEX one_time_link_expiry ON one_time_link (expires_at);
CREATE INDEX device_seen ON device (last_seen_at);
CREATE INDEX outbox_readable ON outbox (created_at) WHERE length(message_sealed) > 0;
CREATE INDEX alert_review_time ON alert_review (reviewed_at);
