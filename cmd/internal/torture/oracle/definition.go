package oracle

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// envelope is a CloudEvents event, as far as it matters.
type envelope struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Subject string          `json:"subject"`
	Data    json.RawMessage `json:"data"`
}

// change is what an event asks for.
type change struct {
	Campaign string
	Revision int64
	// Kind is schedule for a definition, else pause, resume or cancel; a definition becomes a reschedule when there is one.
	Kind       string
	Definition *definition
	Reason     string
	Content    string // the data in one form: equal texts say the same
	Written    int64  // the record's timestamp
	At         string
}

// definition is what counts of a campaign's definition.
type definition struct {
	Name       string
	Advertiser string
	Currency   string
	StartsAt   int64
	EndsAt     int64
	GraceMs    *int64
}

// eventData is the data of all types of events.
type eventData struct {
	CampaignID    string  `json:"campaign_id"`
	Revision      int64   `json:"revision"`
	AdvertiserID  string  `json:"advertiser_id"`
	Name          string  `json:"name"`
	StartsAt      *string `json:"starts_at"`
	StartsAtLocal string  `json:"starts_at_local"`
	EndsAt        *string `json:"ends_at"`
	EndsAtLocal   string  `json:"ends_at_local"`
	TimeZone      string  `json:"time_zone"`
	Budget        struct {
		Currency string `json:"currency"`
	} `json:"budget"`
	GraceSeconds *int64 `json:"settlement_grace_seconds"`
	Reason       string `json:"reason"`
}

// readChange reads a record of campaign-events, in CloudEvents' structured or binary mode.
func readChange(r *Record) (change, error) {
	var event envelope
	if _, binary := r.Headers["ce_specversion"]; binary {
		event.Type, event.Data = r.Headers["ce_type"], r.Value
	} else if err := json.Unmarshal(r.Value, &event); err != nil {
		return change{}, fmt.Errorf("reading an event: %w", err)
	}
	var data eventData
	if err := json.Unmarshal(event.Data, &data); err != nil {
		return change{}, fmt.Errorf("reading an event's data: %w", err)
	}
	c := change{Campaign: data.CampaignID, Revision: data.Revision, Reason: data.Reason, Written: r.Timestamp}
	var err error
	if c.Content, err = oneForm(event.Data); err != nil {
		return change{}, err
	}
	switch event.Type {
	case "campaign.created", "campaign.updated":
		c.Kind = schedule
		c.Definition, err = define(&data)
	case "campaign.paused":
		c.Kind = pause
	case "campaign.resumed":
		c.Kind = resume
	case "campaign.cancelled":
		c.Kind = cancel
	default:
		err = fmt.Errorf("reading an event: type %q", event.Type)
	}
	return c, err
}

func define(data *eventData) (*definition, error) {
	d := &definition{Name: data.Name, Advertiser: data.AdvertiserID, Currency: data.Budget.Currency}
	var err error
	if d.StartsAt, err = end(data.StartsAt, data.StartsAtLocal, data.TimeZone); err != nil {
		return nil, err
	}
	if d.EndsAt, err = end(data.EndsAt, data.EndsAtLocal, data.TimeZone); err != nil {
		return nil, err
	}
	if data.GraceSeconds != nil {
		grace := *data.GraceSeconds * 1000
		d.GraceMs = &grace
	}
	return d, nil
}

// end resolves one end of a window.
func end(given *string, wall, zone string) (int64, error) {
	if given != nil {
		return instant(*given)
	}
	return local(wall, zone)
}

// oneForm returns JSON with its members sorted and without white space. Numbers stay as they are written: the run writes
// each in one way only.
func oneForm(data []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return "", fmt.Errorf("reading JSON: %w", err)
	}
	form, err := json.Marshal(value)
	return string(form), err
}
