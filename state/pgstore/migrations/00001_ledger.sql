-- Everything that the engine projects. The program makes the schema itself before this runs, because the list of the
-- migrations that were applied lives in it.
--
-- Keys are compared byte by byte (COLLATE "C"): the order is the same on every server, and cheap.
-- Money is numeric without a scale of its own, so that 500.00 stays 500.00 and a cost keeps all its decimals.

-- +goose Up

-- What has been projected: the offset behind the last record whose rows are in the tables. Moved in the transaction that
-- writes the rows.
CREATE TABLE campaign_engine.source_positions (
  topic       text        COLLATE "C" NOT NULL,
  partition   integer     NOT NULL CHECK (partition >= 0),
  next_offset bigint      NOT NULL CHECK (next_offset >= 0),
  updated_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);

-- Every applied transition, with the definition that was in force.
CREATE TABLE campaign_engine.campaign_transitions (
  campaign_id   text        COLLATE "C" NOT NULL,
  sequence      bigint      NOT NULL CHECK (sequence >= 1),
  transition_id text        COLLATE "C" NOT NULL UNIQUE,
  revision      bigint      NOT NULL,
  transition    text        COLLATE "C" NOT NULL,
  from_status   text        COLLATE "C" NOT NULL, -- '' on schedule
  to_status     text        COLLATE "C" NOT NULL,
  scheduled_for timestamptz NOT NULL,
  decided_at    timestamptz NOT NULL,
  lateness_ms   bigint      NOT NULL,
  first_active  boolean     NOT NULL,
  change_reason text        NOT NULL, -- '' where none was given
  advertiser_id text        COLLATE "C" NOT NULL,
  name          text        NOT NULL,
  starts_at     timestamptz NOT NULL,
  ends_at       timestamptz NOT NULL,
  time_zone     text        NOT NULL,
  currency      text        COLLATE "C" NOT NULL,
  budget        numeric     NOT NULL CHECK (budget >= 0),
  cpm           numeric     CHECK (cpm >= 0),
  stores        integer     NOT NULL,
  creatives     integer     NOT NULL,
  PRIMARY KEY (campaign_id, sequence)
);

-- The newest state of each campaign: what its last transition shows. ledger_sequence is how far its history has no gap: up to there the holds are booked.
CREATE TABLE campaign_engine.campaigns (
  campaign_id     text        COLLATE "C" PRIMARY KEY,
  advertiser_id   text        COLLATE "C" NOT NULL,
  name            text        NOT NULL,
  status          text        COLLATE "C" NOT NULL,
  revision        bigint      NOT NULL,
  sequence        bigint      NOT NULL CHECK (sequence >= 1),
  starts_at       timestamptz NOT NULL,
  ends_at         timestamptz NOT NULL,
  time_zone       text        NOT NULL,
  currency        text        COLLATE "C" NOT NULL,
  budget          numeric     NOT NULL CHECK (budget >= 0),
  cpm             numeric     CHECK (cpm >= 0),
  stores          integer     NOT NULL,
  creatives       integer     NOT NULL,
  decided_at      timestamptz NOT NULL,
  ledger_sequence bigint      NOT NULL CHECK (ledger_sequence BETWEEN 0 AND sequence),
  held            numeric     NOT NULL CHECK (held >= 0), -- what ledger_sequence's budget put on hold
  settled         boolean     NOT NULL,                   -- a settle stands at or before ledger_sequence
  updated_at      timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 60);
CREATE INDEX campaigns_of_advertiser ON campaign_engine.campaigns (advertiser_id);

-- Releases that are booked, and releases that wait: for their settle to be read, or for a person where they do not fit.
CREATE TABLE campaign_engine.releases (
  release_id    text    COLLATE "C" PRIMARY KEY,
  campaign_id   text    COLLATE "C" NOT NULL,
  advertiser_id text    COLLATE "C" NOT NULL,
  currency      text    COLLATE "C" NOT NULL,
  budget        numeric NOT NULL,
  spent         numeric NOT NULL CHECK (spent >= 0),
  released      numeric NOT NULL CHECK (released >= 0),
  CHECK (release_id = campaign_id || '/release')
);
CREATE TABLE campaign_engine.pending_releases (LIKE campaign_engine.releases INCLUDING ALL);
ALTER TABLE campaign_engine.releases ADD CHECK (budget = spent + released);

-- What each campaign came to. The figures that are asked for stand in columns, all of it in body.
CREATE TABLE campaign_engine.statements (
  campaign_id   text        COLLATE "C" NOT NULL,
  version       bigint      NOT NULL CHECK (version >= 1),
  statement_id  text        COLLATE "C" NOT NULL UNIQUE,
  advertiser_id text        COLLATE "C" NOT NULL,
  status        text        COLLATE "C" NOT NULL,
  revision      bigint      NOT NULL,
  locked_at     timestamptz NOT NULL,
  adjusted_at   timestamptz,
  plays         bigint      NOT NULL,
  impressions   numeric     NOT NULL,
  late_plays    bigint      NOT NULL,
  not_counted   bigint      NOT NULL,
  currency      text        COLLATE "C" NOT NULL,
  budget        numeric     NOT NULL,
  cost          numeric     NOT NULL,
  spent         numeric     NOT NULL,
  released      numeric     NOT NULL,
  body          jsonb       NOT NULL,
  PRIMARY KEY (campaign_id, version)
);

-- The accounts of the double-entry ledger:
--   funding/<currency>             where holds are drawn from, since no event tells of deposits; it may be below zero
--   hold/<campaign_id>             what is set aside for a campaign; closed, and so zero, once it was released
--   revenue/<currency>             what was spent
--   wallet/<advertiser_id>/<currency>  what went back
-- A balance is the sum of the account's entries; only the trigger of the entries moves it.
CREATE TABLE campaign_engine.accounts (
  account  text    COLLATE "C" PRIMARY KEY,
  kind     text    COLLATE "C" NOT NULL CHECK (kind IN ('funding', 'hold', 'revenue', 'wallet')),
  owner    text    COLLATE "C" NOT NULL, -- campaign of a hold, advertiser of a wallet, else ''
  currency text    COLLATE "C" NOT NULL,
  balance  numeric NOT NULL DEFAULT 0,
  closed   boolean NOT NULL DEFAULT false,
  CONSTRAINT balance_not_negative CHECK (balance >= 0 OR kind = 'funding'),
  CONSTRAINT closed_is_zero CHECK (NOT closed OR balance = 0),
  CONSTRAINT account_is_named CHECK (account = CASE kind WHEN 'hold' THEN 'hold/' || owner
    WHEN 'wallet' THEN 'wallet/' || owner || '/' || currency ELSE kind || '/' || currency END)
) WITH (fillfactor = 50);

-- A set of entries, booked whole by one statement: <campaign_id>/hold/<sequence> or <campaign_id>/release.
CREATE TABLE campaign_engine.entry_sets (
  set_key     text        COLLATE "C" PRIMARY KEY,
  campaign_id text        COLLATE "C" NOT NULL,
  kind        text        COLLATE "C" NOT NULL CHECK (kind IN ('hold', 'release')),
  sequence    bigint,     -- the transition that moved the hold
  lines       integer     NOT NULL CHECK (lines >= 0),
  booked_at   timestamptz NOT NULL DEFAULT now(),
  CHECK (set_key = campaign_id || CASE kind WHEN 'hold' THEN '/hold/' || sequence ELSE '/release' END)
);

-- The entries: what each account gains, or loses where the amount is below zero.
CREATE TABLE campaign_engine.entries (
  set_key  text    COLLATE "C" NOT NULL,
  line     integer NOT NULL CHECK (line >= 1),
  account  text    COLLATE "C" NOT NULL,
  currency text    COLLATE "C" NOT NULL,
  amount   numeric NOT NULL CHECK (amount <> 0),
  PRIMARY KEY (set_key, line)
);

-- +goose StatementBegin
-- Runs once for each INSERT, whatever it inserts, and refuses it whole when a rule of double entry is broken. A check per
-- row (a foreign key is one) would cost several times as much.
CREATE FUNCTION campaign_engine.book() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
-- The plans are made once for a connection, maybe while the tables are small, and must serve when they have grown.
SET search_path = pg_catalog SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  wrong  text;
  wanted bigint;
  moved  bigint;
BEGIN
  SELECT set_key INTO wrong FROM added GROUP BY set_key, currency HAVING sum(amount) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the entries of % do not sum to zero', wrong USING ERRCODE = 'check_violation';
  END IF;

  -- Line numbers 1 to lines, all at once: with the primary key nothing can be added to a set later.
  SELECT a.set_key INTO wrong
  FROM (SELECT set_key, count(*) AS lines, max(line) AS last FROM added GROUP BY set_key) a
  LEFT JOIN campaign_engine.entry_sets s ON s.set_key = a.set_key
  WHERE s.lines IS DISTINCT FROM a.lines OR s.lines IS DISTINCT FROM a.last LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the entries are not those that the set % announced', wrong USING ERRCODE = 'foreign_key_violation';
  END IF;

  SELECT count(*) INTO wanted FROM (SELECT DISTINCT account, currency FROM added) a;
  UPDATE campaign_engine.accounts c
  SET balance = c.balance + a.gain, closed = c.closed OR (a.released AND c.kind = 'hold')
  FROM (SELECT account, currency, sum(amount) AS gain, bool_or(set_key LIKE '%/release') AS released
        FROM added GROUP BY account, currency) a
  WHERE c.account = a.account AND c.currency = a.currency;
  GET DIAGNOSTICS moved = ROW_COUNT;
  IF moved <> wanted THEN
    RAISE EXCEPTION '% of % accounts are missing, or have another currency', wanted - moved, wanted
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER book AFTER INSERT ON campaign_engine.entries
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION campaign_engine.book();

-- +goose StatementBegin
CREATE FUNCTION campaign_engine.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION '% of campaign_engine.% is refused: what was booked stays; correct it with a set of entries of its own',
    TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
-- A balance moves when entries are booked, and in no other way.
CREATE FUNCTION campaign_engine.only_by_booking() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF pg_trigger_depth() < 2 THEN
    RAISE EXCEPTION 'changing campaign_engine.accounts is refused: a balance moves with its entries only'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER only_by_booking BEFORE UPDATE ON campaign_engine.accounts
  FOR EACH STATEMENT EXECUTE FUNCTION campaign_engine.only_by_booking();
ALTER TABLE campaign_engine.accounts ENABLE ALWAYS TRIGGER only_by_booking;
CREATE TRIGGER no_removal BEFORE DELETE OR TRUNCATE ON campaign_engine.accounts
  FOR EACH STATEMENT EXECUTE FUNCTION campaign_engine.refuse();
ALTER TABLE campaign_engine.accounts ENABLE ALWAYS TRIGGER no_removal;

-- +goose StatementBegin
-- An account begins at zero and open.
CREATE FUNCTION campaign_engine.begins_empty() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF EXISTS (SELECT FROM opened WHERE balance <> 0 OR closed) THEN
    RAISE EXCEPTION 'an account begins at zero' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER begins_empty AFTER INSERT ON campaign_engine.accounts
  REFERENCING NEW TABLE AS opened FOR EACH STATEMENT EXECUTE FUNCTION campaign_engine.begins_empty();

-- What is only ever added to. ALWAYS: in a session of replication, too.
-- +goose StatementBegin
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['campaign_transitions', 'statements', 'releases', 'entry_sets', 'entries'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON campaign_engine.%I
      FOR EACH STATEMENT EXECUTE FUNCTION campaign_engine.refuse()', name);
    EXECUTE format('ALTER TABLE campaign_engine.%I ENABLE ALWAYS TRIGGER append_only', name);
  END LOOP;
END $$;
-- +goose StatementEnd

-- +goose Down
-- There is no way back: what was booked is kept.
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'the ledger is not taken down'; END $$;
-- +goose StatementEnd
