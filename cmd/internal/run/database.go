package run

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// openPause is waited before a database that could not be opened is tried again, doubled at each try up to openPauseMax.
const (
	openPause    = 200 * time.Millisecond
	openPauseMax = 10 * time.Second
)

// opening is a database that is to be opened.
type opening struct {
	log    zerolog.Logger
	opened string // what is logged when it is open
	// failed is told of each try that fails.
	failed func(err error)
}

// open opens the database, however long it takes; nil when ctx has ended.
func (o opening) open(ctx context.Context, url string) *pgstore.Store {
	pause, told := openPause, ""
	for {
		store, err := pgstore.Open(ctx, pgstore.Options{URL: url})
		if err == nil {
			o.log.Info().Msg(o.opened)
			return store
		}
		if ctx.Err() != nil {
			return nil
		}
		o.failed(err)
		if text := err.Error(); text != told {
			o.log.Error().Err(err).Msg("the database cannot be opened, and is tried again until it can")
			told = text
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		pause = min(2*pause, openPauseMax)
	}
}
