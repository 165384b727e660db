-- The role of the application on PostgreSQL, apart from the owner of the tables, who runs `entremise migrate`. Run as the
-- owner (or a superuser) after every migration; it may be run again. Then the service connects as entremise_app.
DO $$ BEGIN
  CREATE ROLE entremise_app LOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT USAGE ON SCHEMA public TO entremise_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO entremise_app;
-- What the log consists of is only ever inserted. Parts go through an erasure, by a trigger with its owner's rights.
REVOKE UPDATE, DELETE ON entry, entry_part, log_leaf, log_checkpoint, log_epoch, log_succession, erasure, activity_day
  FROM entremise_app;
REVOKE DELETE ON log_cosignature FROM entremise_app;
-- A mark of what waits is only taken away, once the entry has its place (a trigger sees to it).
REVOKE UPDATE ON entry_pending FROM entremise_app;
REVOKE INSERT, UPDATE, DELETE ON _sqlx_migrations FROM entremise_app;
