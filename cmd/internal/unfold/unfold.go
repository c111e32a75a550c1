// Package unfold writes records as lines of JSON, for campaignctl tail --json and campaignd simulate.
package unfold

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rmn-arms/campaign-engine/topics"
)

// Line writes a record as a line of JSON, without its end: where it stands, its headers but for those that are the event's
// attributes, and, last, the event in CloudEvents' JSON format. A value that is no event stands in value_base64; a tombstone has
// neither.
func Line(r topics.Record) string { return string(AppendLine(nil, r)) }

// AppendLine appends a Line.
func AppendLine(line []byte, r topics.Record) []byte {
	place, err := json.Marshal(struct {
		Topic     string `json:"topic"`
		Partition int32  `json:"partition"`
		Offset    int64  `json:"offset"`
		// Timestamp is in ms since 1970 on the wire, and may be outside the years that RFC 3339 can write.
		Timestamp string            `json:"timestamp"`
		Key       string            `json:"key"`
		Headers   map[string]string `json:"headers,omitempty"`
	}{r.Topic, r.Partition, r.Offset, r.Timestamp.String(), string(r.Key), headersOf(r)})
	if err != nil {
		return append(line, err.Error()...) // nothing in it can fail
	}
	line = append(line, place[:len(place)-1]...)
	if event := eventOf(r); event != nil {
		line = append(append(line, `,"event":`...), event...)
	} else if r.Value != nil {
		line = append(append(append(line, `,"value_base64":"`...), base64.StdEncoding.EncodeToString(r.Value)...), '"')
	}
	return append(line, '}')
}

// headersOf returns the headers that are no attributes of the event: the signature of a command, a trace. Of those of one
// name the last.
func headersOf(r topics.Record) map[string]string {
	headers := make(map[string]string)
	for _, header := range r.Headers {
		if !strings.HasPrefix(header.Key, attributePrefix) {
			headers[header.Key] = string(header.Value)
		}
	}
	return headers
}

// attributePrefix begins the headers that are attributes of an event in binary mode.
const attributePrefix = "ce_"

// eventOf returns the event of a record in structured or binary mode in one line, or nil if it is none.
func eventOf(r topics.Record) []byte {
	event := jsontext.Value(r.Value)
	if !event.IsValid() {
		return nil
	}
	if bytes.ContainsAny(event, "\r\n") {
		event = event.Clone()
		if event.Compact() != nil {
			return nil
		}
	}
	attributes := make(map[string]string)
	for _, header := range r.Headers {
		if name, is := strings.CutPrefix(header.Key, attributePrefix); is {
			attributes[name] = string(header.Value)
		}
	}
	if attributes["specversion"] == "" {
		return event
	}
	line := []byte("{")
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		quoted, nameErr := jsontext.AppendQuote(nil, name)
		value, valueErr := jsontext.AppendQuote(nil, attributes[name])
		if nameErr != nil || valueErr != nil { // no UTF-8
			return nil
		}
		line = append(append(append(append(line, quoted...), ':'), value...), ',')
	}
	return append(append(append(line, `"data":`...), event...), '}')
}
