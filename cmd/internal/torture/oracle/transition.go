package oracle

import (
	"encoding/json"
	"fmt"
)

// transition is a record of transitions-due, -applied or -rejected.
type transition struct {
	ID           string
	Campaign     string
	Revision     int64
	Kind         string
	ScheduledFor int64
	DecidedAt    int64
	LatenessMs   int64
	ChangeReason string
	Placed       *placed

	// Of transitions-applied.
	From, To    string
	AppliedAt   int64
	Sequence    int64
	FirstActive bool
	// Of transitions-rejected.
	Status, Reason string

	Partition int32
	Offset    int64
	Written   int64 // the record's timestamp
	At        string
}

// placed is a definition as transitions carry it.
type placed struct {
	Revision int64
	Name     string
	StartsAt int64
	EndsAt   int64
}

type transitionData struct {
	TransitionID string      `json:"transition_id"`
	CampaignID   string      `json:"campaign_id"`
	Revision     int64       `json:"revision"`
	Transition   string      `json:"transition"`
	ScheduledFor string      `json:"scheduled_for"`
	DecidedAt    string      `json:"decided_at"`
	LatenessMs   int64       `json:"lateness_ms"`
	ChangeReason string      `json:"change_reason"`
	Campaign     *placedData `json:"campaign"`
	From         string      `json:"from"`
	To           string      `json:"to"`
	AppliedAt    string      `json:"applied_at"`
	Sequence     int64       `json:"sequence"`
	FirstActive  bool        `json:"first_active"`
	Status       string      `json:"status"`
	Reason       string      `json:"reason"`
}

type placedData struct {
	Revision int64           `json:"revision"`
	Name     string          `json:"name"`
	StartsAt string          `json:"starts_at"`
	EndsAt   string          `json:"ends_at"`
	Contacts json.RawMessage `json:"contacts"`
}

// readTransition reads a record whose event is of the given type; its id must be the transition's with the suffix, the same
// however often it is decided. Its error says what the contract does not allow.
func readTransition(r *Record, topic, kind, suffix string) (transition, error) {
	var event envelope
	var data transitionData
	if err := json.Unmarshal(r.Value, &event); err != nil {
		return transition{}, fmt.Errorf("reading an event: %w", err)
	}
	if err := json.Unmarshal(event.Data, &data); err != nil {
		return transition{}, fmt.Errorf("reading an event's data: %w", err)
	}
	t := transition{
		ID: data.TransitionID, Campaign: data.CampaignID, Revision: data.Revision, Kind: data.Transition,
		LatenessMs: data.LatenessMs, ChangeReason: data.ChangeReason, From: data.From, To: data.To,
		Sequence: data.Sequence, FirstActive: data.FirstActive, Status: data.Status, Reason: data.Reason,
		Partition: r.Partition, Offset: r.Offset, Written: r.Timestamp, At: position(topic, r),
	}
	if err := t.readInstants(&data); err != nil {
		return transition{}, err
	}
	if want := fmt.Sprintf("%s/%d/%s", t.Campaign, t.Revision, t.Kind); t.ID != want {
		return transition{}, fmt.Errorf("reading an event: transition_id is %q, want %q", t.ID, want)
	}
	if event.ID != t.ID+suffix {
		return transition{}, fmt.Errorf("reading an event: its id is %q, want %q", event.ID, t.ID+suffix)
	}
	if event.Type != kind || event.Subject != t.Campaign || r.Key != t.Campaign {
		return transition{}, fmt.Errorf("reading an event: type %q, subject %q, key %q", event.Type, event.Subject, r.Key)
	}
	return t, nil
}

func (t *transition) readInstants(data *transitionData) (err error) {
	if t.ScheduledFor, err = instant(data.ScheduledFor); err != nil {
		return err
	}
	if t.DecidedAt, err = instant(data.DecidedAt); err != nil {
		return err
	}
	if data.AppliedAt != "" {
		if t.AppliedAt, err = instant(data.AppliedAt); err != nil {
			return err
		}
	}
	if data.Campaign == nil {
		return nil
	}
	if data.Campaign.Contacts != nil {
		return fmt.Errorf("reading an event: addresses must go nowhere but campaign-events")
	}
	t.Placed = &placed{Revision: data.Campaign.Revision, Name: data.Campaign.Name}
	if t.Placed.StartsAt, err = instant(data.Campaign.StartsAt); err != nil {
		return err
	}
	t.Placed.EndsAt, err = instant(data.Campaign.EndsAt)
	return err
}

// isTimed says whether a transition comes by its instant, not by an operator's change.
func isTimed(kind string) bool {
	for _, each := range timed() {
		if each == kind {
			return true
		}
	}
	return false
}
