-- Which life of a topic a position belongs to (KIP-516): the offsets of another cluster's topic, or of one that was made anew
-- under the same name, say nothing about it.

-- +goose Up
ALTER TABLE campaign_engine.source_positions ADD COLUMN topic_id uuid; -- null: not known; the next write notes it

-- +goose Down
-- +goose StatementBegin
DO $$ BEGIN RAISE EXCEPTION 'the ledger is not taken down'; END $$;
-- +goose StatementEnd
