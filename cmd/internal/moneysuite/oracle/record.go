package oracle

import (
	"encoding/json"
	"fmt"
	"math/big"
	"time"
)

// Record is a committed record of a topic.
type Record struct {
	Partition int32
	Offset    int64
	Key       string
	Value     []byte
}

func (r *Record) String() string { return fmt.Sprintf("%d/%d (%s)", r.Partition, r.Offset, r.Key) }

// data reads the content of an event.
func data[D any](r *Record) (content D, err error) {
	var event struct {
		Data D `json:"data"`
	}
	if err := json.Unmarshal(r.Value, &event); err != nil {
		return content, fmt.Errorf("reading record %s: %w", r, err)
	}
	return event.Data, nil
}

type moneyJSON struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

type definitionJSON struct {
	AdvertiserID string    `json:"advertiser_id"`
	StartsAt     time.Time `json:"starts_at"`
	EndsAt       time.Time `json:"ends_at"`
	Budget       moneyJSON `json:"budget"`
	CPM          string    `json:"cpm"`
}

type appliedJSON struct {
	Sequence     int64          `json:"sequence"`
	Revision     int64          `json:"revision"`
	Transition   string         `json:"transition"`
	From         string         `json:"from"`
	To           string         `json:"to"`
	ScheduledFor time.Time      `json:"scheduled_for"`
	DecidedAt    time.Time      `json:"decided_at"`
	Campaign     definitionJSON `json:"campaign"`
}

type playJSON struct {
	PlayID      string    `json:"play_id"`
	CreativeID  string    `json:"creative_id"`
	StoreID     string    `json:"store_id"`
	StartedAt   time.Time `json:"started_at"`
	EndedAt     time.Time `json:"ended_at"`
	Impressions string    `json:"impressions"`
}

type tallyJSON struct {
	StoreID     string `json:"store_id"`
	CreativeID  string `json:"creative_id"`
	Plays       int64  `json:"plays"`
	Impressions string `json:"impressions"`
}

type positionJSON struct {
	Partition int32 `json:"partition"`
	Offset    int64 `json:"offset"`
}

type statementJSON struct {
	StatementID  string           `json:"statement_id"`
	Version      int64            `json:"version"`
	AdvertiserID string           `json:"advertiser_id"`
	Revision     int64            `json:"revision"`
	Status       string           `json:"status"`
	LockedAt     time.Time        `json:"locked_at"`
	Plays        int64            `json:"plays"`
	Impressions  string           `json:"impressions"`
	Overran      int64            `json:"overran"`
	Budget       moneyJSON        `json:"budget"`
	Cost         string           `json:"cost"`
	Spent        moneyJSON        `json:"spent"`
	Released     moneyJSON        `json:"released"`
	ByStore      []tallyJSON      `json:"by_store"`
	ByCreative   []tallyJSON      `json:"by_creative"`
	NotCounted   map[string]int64 `json:"not_counted"`
	Late         *tallyJSON       `json:"late"`
	// Inputs are by topic; applied and read are those of transitions and plays.
	Inputs        map[string]positionJSON `json:"inputs"`
	applied, read positionJSON
}

type releasedJSON struct {
	ReleaseID    string    `json:"release_id"`
	AdvertiserID string    `json:"advertiser_id"`
	Budget       moneyJSON `json:"budget"`
	Spent        moneyJSON `json:"spent"`
	Released     moneyJSON `json:"released"`
}

// play is what is kept of a play; instants are in milliseconds.
type play struct {
	id, store, creative string
	startedAt, endedAt  int64
	impressions         *big.Int // of 10^-inputScale
	partition           int32
	offset              int64
}
