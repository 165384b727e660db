-- The language in which a user last read and answered: what they are sent is written in it.
ALTER TABLE app_user ADD COLUMN locale TEXT NOT NULL DEFAULT 'fr' CHECK (locale IN ('fr', 'en'));

-- What is open in somebody's hands, or with a card, ends with them.
CREATE INDEX use_session_person ON use_session (person_id) WHERE ended_at IS NULL;
CREATE INDEX use_session_structure ON use_session (structure_id) WHERE ended_at IS NULL;
CREATE INDEX use_session_card ON use_session (card_id) WHERE ended_at IS NULL;
