package simulate

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// arrival is a line as the record that it is published as, and when that arrives.
type arrival struct {
	line   int
	at     instant.Instant
	record topics.Record
}

// arrivals reads lines as arrivals, in their order. Their instants never fall.
type arrivals struct {
	lines *lines
	// last is when the last one arrived, once that has begun.
	begun bool
	last  instant.Instant
	// ahead are those that were read to find out when the first one arrives.
	ahead []arrival
}

// arrivalsOf returns the arrivals of an input. The first ones arrive at from, if it is given, else with the first line that says
// when it does.
func arrivalsOf(input io.Reader, from *instant.Instant) *arrivals {
	a := &arrivals{lines: linesOf(input)}
	if from != nil {
		a.begun, a.last = true, *from
	}
	return a
}

// next returns the next arrival. Errors: io.EOF, and those of the input.
func (a *arrivals) next() (next arrival, err error) {
	if !a.begun {
		if err := a.begin(); err != nil {
			return arrival{}, err
		}
	}
	if len(a.ahead) > 0 {
		next, a.ahead = a.ahead[0], a.ahead[1:]
	} else if next, _, err = a.read(); err != nil {
		return arrival{}, err
	}
	next.at = max(a.last, next.at)
	a.last = next.at
	return next, nil
}

// errNoTime says that it is not known when the first lines arrive.
var errNoTime = errors.New("no line up to here has a time that can be read: --from says when they arrive")

// begin reads up to the first line that has a time.
func (a *arrivals) begin() error {
	for bytes := 0; bytes <= lineMaxBytes; {
		read, timed, err := a.read()
		if errors.Is(err, io.EOF) && len(a.ahead) > 0 {
			break
		}
		if err != nil {
			return err
		}
		a.ahead = append(a.ahead, read)
		if timed {
			a.begun, a.last = true, read.at
			return nil
		}
		bytes += len(read.record.Value)
	}
	return fmt.Errorf("reading line %d: %w", a.ahead[len(a.ahead)-1].line, errNoTime)
}

// read reads one line, and says whether it tells when it arrives.
func (a *arrivals) read() (read arrival, timed bool, err error) {
	line, err := a.lines.next()
	if err != nil {
		return arrival{}, false, err
	}
	record, at := recordOf(line)
	read = arrival{line: a.lines.number, record: record}
	if at != nil {
		read.at = max(0, instant.Instant(*at))
	}
	return read, at != nil, nil
}

// recordOf returns the record of a line: its topic follows from the event's type, its key is the subject, or what of the data it
// would be. What is no event goes where campaigns go, without a key: the engine refuses it there. at is nil without a time.
func recordOf(line []byte) (record topics.Record, at *schemas.Instant) {
	record = topics.Record{Topic: string(topics.CampaignEvents), Value: line}
	var event struct {
		Type    jsontext.Value `json:"type"`
		Subject jsontext.Value `json:"subject"`
		Time    jsontext.Value `json:"time"`
		Data    jsontext.Value `json:"data"`
	}
	// What the engine is strict about it says itself; here as much as can be is made of the line.
	if json.Unmarshal(line, &event, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) != nil {
		return record, nil
	}
	member := "campaign_id"
	switch kind := schemas.Type(textOf(event.Type)); kind {
	case schemas.PlayReported:
		record.Topic = string(topics.Plays)
	case schemas.DeviceRegistered, schemas.DeviceRemoved:
		record.Topic, member = string(topics.DeviceEvents), "store_id"
	case schemas.DeviceAck:
		record.Topic, member = string(topics.DeviceAcks), "store_id"
	}
	key := textOf(event.Subject)
	if key == "" {
		var data map[string]jsontext.Value
		if json.Unmarshal(event.Data, &data, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) == nil {
			key = textOf(data[member])
		}
	}
	if key != "" {
		record.Key = []byte(key)
	}
	var time schemas.Instant
	if text := textOf(event.Time); text != "" && time.UnmarshalText([]byte(text)) == nil {
		at = &time
	}
	return record, at
}

// textOf returns the meaning of a JSON string, "" for anything else.
func textOf(value jsontext.Value) string {
	if value.Kind() != '"' {
		return ""
	}
	text, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return ""
	}
	return string(text)
}
