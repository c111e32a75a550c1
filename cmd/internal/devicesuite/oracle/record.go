package oracle

import (
	"encoding/json"
	"fmt"
	"time"
)

// Record is a committed record of a topic.
type Record struct {
	Partition int32
	Offset    int64
	At        int64 // its timestamp, in ms
	Key       string
	Value     []byte
	JWS       string // of the header; "" for none
}

func (r *Record) String() string { return fmt.Sprintf("%d/%d (%s)", r.Partition, r.Offset, r.Key) }

// event is an event with its content.
type event[D any] struct {
	ID      string    `json:"id"`
	Type    string    `json:"type"`
	Subject string    `json:"subject"`
	Time    time.Time `json:"time"`
	Data    D         `json:"data"`
}

func read[D any](r *Record) (content event[D], err error) {
	if err := json.Unmarshal(r.Value, &content); err != nil {
		return content, fmt.Errorf("reading record %s: %w", r, err)
	}
	return content, nil
}

type creativeJSON struct {
	CreativeID string `json:"creative_id"`
	Version    int64  `json:"version"`
	URL        string `json:"url"`
	SHA256     string `json:"sha256"`
	Bytes      int64  `json:"bytes"`
	MIME       string `json:"mime"`
	DurationMs int64  `json:"duration_ms"`
}

type definitionJSON struct {
	CampaignID string         `json:"campaign_id"`
	Revision   int64          `json:"revision"`
	StartsAt   time.Time      `json:"starts_at"`
	EndsAt     time.Time      `json:"ends_at"`
	Stores     []string       `json:"stores"`
	Creatives  []creativeJSON `json:"creatives"`
}

type appliedJSON struct {
	Sequence    int64          `json:"sequence"`
	Revision    int64          `json:"revision"`
	Transition  string         `json:"transition"`
	To          string         `json:"to"`
	FirstActive bool           `json:"first_active"`
	Campaign    definitionJSON `json:"campaign"`
}

type presenceJSON struct {
	DeviceID     string `json:"device_id"`
	StoreID      string `json:"store_id"`
	Capabilities *struct {
		MIME []string `json:"mime"`
	} `json:"capabilities"`
}

type commandJSON struct {
	CommandID  string          `json:"command_id"`
	DeviceID   string          `json:"device_id"`
	StoreID    string          `json:"store_id"`
	Revision   int64           `json:"playlist_revision"`
	Attempt    int64           `json:"attempt"`
	ValidUntil time.Time       `json:"valid_until"`
	Playlist   json.RawMessage `json:"playlist"`
}

type entryJSON struct {
	creativeJSON
	CampaignID string    `json:"campaign_id"`
	StartsAt   time.Time `json:"starts_at"`
	EndsAt     time.Time `json:"ends_at"`
}

type unreadyJSON struct {
	DeviceID string `json:"device_id"`
	StoreID  string `json:"store_id"`
	Reason   string `json:"reason"`
}

type atStartJSON struct {
	Ready int64 `json:"devices_ready"`
	Total int64 `json:"devices_total"`
}

type readinessJSON struct {
	CampaignID   string        `json:"campaign_id"`
	Revision     int64         `json:"revision"`
	Total        int64         `json:"devices_total"`
	Ready        int64         `json:"devices_ready"`
	Failed       int64         `json:"devices_failed"`
	Unreachable  int64         `json:"devices_unreachable"`
	Unready      []unreadyJSON `json:"unready"`
	UnreadyTotal int64         `json:"unready_total"`
	AtStart      *atStartJSON  `json:"at_start"`
}

type playJSON struct {
	PlayID     string    `json:"play_id"`
	CampaignID string    `json:"campaign_id"`
	CreativeID string    `json:"creative_id"`
	DeviceID   string    `json:"device_id"`
	StoreID    string    `json:"store_id"`
	StartedAt  time.Time `json:"started_at"`
	EndedAt    time.Time `json:"ended_at"`
}

// lineJSON is a line of a journal.
type lineJSON struct {
	At       time.Time       `json:"at"`
	Event    string          `json:"event"`
	Device   string          `json:"device"`
	Store    string          `json:"store"`
	DeviceAt time.Time       `json:"device_at"`
	Reason   string          `json:"reason"`
	Revision int64           `json:"playlist_revision"`
	Attempt  int64           `json:"attempt"`
	Offset   *int64          `json:"offset"`
	Campaign string          `json:"campaign_id"`
	Creative string          `json:"creative_id"`
	PlayID   string          `json:"play_id"`
	StartsAt time.Time       `json:"starts_at"`
	EndsAt   time.Time       `json:"ends_at"`
	LateMs   *int64          `json:"late_ms"`
	SHA256   string          `json:"sha256"`
	Error    string          `json:"error"`
	OffsetMs int64           `json:"clock_offset_ms"`
	PPM      int64           `json:"clock_ppm"`
	Playlist json.RawMessage `json:"playlist"`
	Cache    []string        `json:"cache"`
	Unsent   int             `json:"unsent"`
}
