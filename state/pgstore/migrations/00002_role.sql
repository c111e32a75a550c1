-- The role that the program works as: it can add to the ledger, and change nothing in it. Where this login may not make
-- roles, the program works as its login, and the triggers alone refuse.

-- +goose Up
-- +goose StatementBegin
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'campaign_engine_app') THEN
    CREATE ROLE campaign_engine_app NOLOGIN;
  END IF;
  IF NOT pg_has_role(current_user, 'campaign_engine_app', 'MEMBER')
     OR current_setting('server_version_num')::integer >= 160000 THEN
    EXECUTE format('GRANT campaign_engine_app TO %I', current_user);
  END IF;
EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
  RAISE NOTICE 'the role campaign_engine_app could not be made or taken: %', SQLERRM;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'campaign_engine_app') THEN
    RETURN;
  END IF;
  REVOKE ALL ON ALL TABLES IN SCHEMA campaign_engine FROM PUBLIC;
  GRANT USAGE ON SCHEMA campaign_engine TO campaign_engine_app;
  GRANT SELECT ON ALL TABLES IN SCHEMA campaign_engine TO campaign_engine_app;
  GRANT INSERT ON campaign_engine.campaign_transitions, campaign_engine.statements, campaign_engine.releases,
    campaign_engine.entry_sets, campaign_engine.entries TO campaign_engine_app;
  GRANT INSERT (account, kind, owner, currency) ON campaign_engine.accounts TO campaign_engine_app;
  GRANT INSERT, UPDATE ON campaign_engine.campaigns TO campaign_engine_app;
  GRANT INSERT, DELETE ON campaign_engine.pending_releases TO campaign_engine_app;
  GRANT INSERT, UPDATE, DELETE ON campaign_engine.source_positions TO campaign_engine_app;
END $$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'the ledger is not taken down'; END $$;
-- +goose StatementEnd
