-- What is mailed about campaigns: what is known of each, and each mail with what became of it. Addresses stand in no other table.

-- +goose Up

-- How far the topics were read for mails: they have a reader of their own, which goes on by itself.
CREATE TABLE campaign_engine.mail_positions (LIKE campaign_engine.source_positions INCLUDING ALL);

CREATE TABLE campaign_engine.mail_campaigns (
  campaign_id text        COLLATE "C" PRIMARY KEY,
  body        bytea       NOT NULL, -- in the words of the program
  due_at      timestamptz           -- when it is to be looked at although nothing more was read; null: never
) WITH (fillfactor = 70);
CREATE INDEX mail_campaigns_due ON campaign_engine.mail_campaigns (due_at) WHERE due_at IS NOT NULL;

-- The sent log. A mail waits, is being sent from right before its last line until the server has answered, and then has ended:
-- sent, failed (refused, or not taken in time), skipped (too old when it was made), or ambiguous (nobody knows whether the server
-- took it; it is never sent again).
CREATE TABLE campaign_engine.mails (
  mail_id         text        COLLATE "C" PRIMARY KEY, -- follows from what it tells, its kind and its recipient
  message_id      text        NOT NULL, -- the header; '' where no message was made
  campaign_id     text        COLLATE "C" NOT NULL,
  transition_id   text        COLLATE "C" NOT NULL,
  kind            text        COLLATE "C" NOT NULL,
  sender          text        NOT NULL, -- the envelope's addresses
  recipient       text        NOT NULL,
  locale          text        NOT NULL,
  subject         text        NOT NULL,
  nominal_at      timestamptz NOT NULL, -- of what it tells
  state           text        COLLATE "C" NOT NULL
    CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'skipped', 'ambiguous')),
  attempts        integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_attempt_at timestamptz,          -- while it waits; by the engine's clock, as nominal_at
  answer          text        NOT NULL DEFAULT '', -- the server's last one, or why there was none
  claim           bigint      NOT NULL DEFAULT 0,  -- grows each time that a process takes it in hand
  claimed_by      text        NOT NULL DEFAULT '',
  claimed_until   timestamptz,          -- by the database's clock, as the next two; null: nobody has it in hand
  sending_since   timestamptz,
  ended_at        timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  message         bytea,                -- dropped when it was sent; null where none was made
  CHECK (state NOT IN ('waiting', 'sending') OR message IS NOT NULL AND next_attempt_at IS NOT NULL),
  CHECK (state <> 'sending' OR sending_since IS NOT NULL),
  CHECK ((ended_at IS NULL) = (state IN ('waiting', 'sending')))
) WITH (fillfactor = 70);
CREATE INDEX mails_waiting ON campaign_engine.mails (next_attempt_at, mail_id) WHERE state = 'waiting';
CREATE INDEX mails_sending ON campaign_engine.mails (sending_since) WHERE state = 'sending';
CREATE INDEX mails_of_campaign ON campaign_engine.mails (campaign_id, nominal_at);
CREATE INDEX mails_by_age ON campaign_engine.mails (nominal_at, mail_id);

-- When the next mail may leave, whichever process sends it. One row.
CREATE TABLE campaign_engine.mail_pace (
  single  boolean     PRIMARY KEY DEFAULT true CHECK (single),
  next_at timestamptz NOT NULL
);
INSERT INTO campaign_engine.mail_pace (next_at) VALUES ('1970-01-01Z');

-- +goose StatementBegin
-- What has been mailed, or given up, is never mailed again, whatever a program does.
CREATE FUNCTION campaign_engine.mail_has_ended() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION 'changing the mail % is refused: it is %', OLD.mail_id, OLD.state USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd
CREATE TRIGGER mail_has_ended BEFORE UPDATE ON campaign_engine.mails
  FOR EACH ROW WHEN (OLD.state IN ('sent', 'failed', 'skipped')) EXECUTE FUNCTION campaign_engine.mail_has_ended();

-- +goose StatementBegin
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'campaign_engine_app') THEN
    RETURN;
  END IF;
  GRANT SELECT, INSERT, UPDATE, DELETE ON campaign_engine.mail_positions TO campaign_engine_app;
  GRANT SELECT, INSERT, UPDATE ON campaign_engine.mail_campaigns, campaign_engine.mails TO campaign_engine_app;
  GRANT SELECT, UPDATE ON campaign_engine.mail_pace TO campaign_engine_app;
END $$;
-- +goose StatementEnd

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'what was mailed is kept'; END $$;
-- +goose StatementEnd
