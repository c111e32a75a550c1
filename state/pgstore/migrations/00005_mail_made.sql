-- When a mail was made, and what is kept of one that has ended.

-- +goose Up
ALTER TABLE campaign_engine.mails ADD COLUMN made_at timestamptz; -- by the engine's clock, as nominal_at; null: not known

-- +goose StatementBegin
-- What has been mailed, or given up, is never mailed again, whatever a program does. Its text may go.
CREATE OR REPLACE FUNCTION campaign_engine.mail_has_ended() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  OLD.message := NULL;
  IF NEW IS NOT DISTINCT FROM OLD THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'changing the mail % is refused: it is %', OLD.mail_id, OLD.state USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd

-- Those whose text is still to go.
CREATE INDEX mails_kept ON campaign_engine.mails (ended_at) WHERE state IN ('failed', 'ambiguous') AND message IS NOT NULL;

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'what was mailed is kept'; END $$;
-- +goose StatementEnd
