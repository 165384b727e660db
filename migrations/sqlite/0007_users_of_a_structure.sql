-- The people a structure holds or held a mandate for, counted without reading the mandates themselves.
CREATE INDEX mandate_structure_user ON mandate (structure_id, user_id) WHERE signed_at IS NOT NULL;
