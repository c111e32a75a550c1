package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
	"github.com/rmn-arms/campaign-engine/cmd/internal/pglocal"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// tables are the switches of the commands that read Postgres.
type tables struct {
	DatabaseURL config.DatabaseURL `name:"database-url" env:"CAMPAIGN_DATABASE_URL" placeholder:"URL" help:"Postgres with the tables: postgres://USER:PASSWORD@HOST:PORT/DATABASE; better by the variable, which no list of processes shows (default: the local one of a campaignd that runs in the data folder)."`
	DataDir     string             `name:"data-dir" env:"CAMPAIGN_DATA_DIR" default:"./data" type:"path" placeholder:"FOLDER" help:"The data folder of a campaignd on this machine (default ./data)."`
}

// answerMax is how long the database may take for one answer: it may have to add up millions of entries.
const answerMax = 10 * time.Minute

// open returns the tables for reading. The caller closes them.
func (t *tables) open(ctx context.Context) (*pgstore.Tables, error) {
	if err := t.DatabaseURL.Check(); err != nil {
		return nil, wrongSwitches(err)
	}
	url := t.DatabaseURL.Reveal()
	if url == "" {
		local, err := pglocal.Running(t.DataDir)
		if errors.Is(err, pglocal.ErrNotRunning) {
			return nil, fmt.Errorf("%w; --data-dir names another data folder, --database-url another Postgres", err)
		}
		if err != nil {
			return nil, err
		}
		url = local
	}
	return pgstore.OpenForReading(ctx, pgstore.Options{URL: url, Timeout: answerMax, Connections: 1})
}
