package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// The reasons for which an event is not published.
var (
	errLineLong    = fmt.Errorf("longer than %d bytes, the most that the engine takes", schemas.RecordMaxBytes)
	errLineJSON    = errors.New("no JSON object")
	errLineSubject = errors.New("no subject, and no campaign_id in its data")
)

// place says where in an input an event stands.
type place struct {
	unit   string // line, or event where the input is an array
	number int
}

func (p place) String() string { return fmt.Sprintf("%s %d", p.unit, p.number) }

// source is an input of events.
type source interface {
	// next returns the next event without the space around it. It is good until the next call. Errors: io.EOF; errLineLong,
	// after which the next one can be read.
	next() ([]byte, error)
	// at returns where the last event stands, and how many bytes have been read.
	at() (place, int64)
}

// byteOrderMark is what some programs put before a text in UTF-8. It is no part of it.
const byteOrderMark = "\ufeff"

// sourceOf returns the events of an input: those of an array, if it begins like one, else its lines.
func sourceOf(input io.Reader) source {
	from := bufio.NewReaderSize(input, 64<<10)
	if begin, _ := from.Peek(len(byteOrderMark)); string(begin) == byteOrderMark {
		_, _ = from.Discard(len(byteOrderMark))
	}
	for i := 1; ; i++ {
		begin, _ := from.Peek(i)
		if len(begin) < i || !bytes.ContainsRune([]byte(" \t\r\n"), rune(begin[i-1])) {
			if bytes.HasSuffix(begin, []byte("[")) {
				return arrayOf(from)
			}
			return &lines{from: from}
		}
	}
}

// lines reads lines of bounded length.
type lines struct {
	from *bufio.Reader
	// number is that of the last line, bytes all that was read.
	number int
	bytes  int64
	buffer []byte
}

func linesOf(from io.Reader) *lines { return &lines{from: bufio.NewReaderSize(from, 64<<10)} }

func (l *lines) at() (place, int64) { return place{"line", l.number}, l.bytes }

// next returns the next line that is not blank, without the space around it. It is good until the next call. Errors:
// io.EOF; errLineLong, after which the next line can be read.
func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.line()
		if err != nil {
			return nil, err
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, nil
		}
	}
}

func (l *lines) line() ([]byte, error) {
	l.number++
	l.buffer = l.buffer[:0]
	for tooLong := false; ; {
		piece, err := l.from.ReadSlice('\n')
		l.bytes += int64(len(piece))
		if tooLong = tooLong || len(l.buffer)+len(piece) > schemas.RecordMaxBytes+len("\r\n"); !tooLong {
			l.buffer = append(l.buffer, piece...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && (!errors.Is(err, io.EOF) || len(l.buffer) == 0 && !tooLong):
			return nil, err
		case tooLong || len(bytes.TrimSpace(l.buffer)) > schemas.RecordMaxBytes:
			return nil, errLineLong
		}
		return l.buffer, nil
	}
}

// keyOf returns the key of an event in CloudEvents' JSON format: its subject, or the campaign that its data names, since a
// subject is optional. It also returns its type. Whether the event is one that the engine takes is the engine's to say. Errors:
// errLineJSON; errLineSubject, which says what to add.
func keyOf(line []byte) (key string, kind schemas.Type, err error) {
	var event struct {
		Subject string         `json:"subject"`
		Type    jsontext.Value `json:"type"`
		Data    jsontext.Value `json:"data"`
	}
	if line[0] != '{' {
		return "", "", errLineJSON
	}
	if err := json.Unmarshal(line, &event); err != nil {
		return "", "", fmt.Errorf("%w: %w", errLineJSON, err)
	}
	_ = json.Unmarshal(event.Type, &kind) // one that is no text is refused by the engine
	if event.Subject != "" {
		return event.Subject, kind, nil
	}
	var about struct {
		CampaignID string `json:"campaign_id"`
	}
	if json.Unmarshal(event.Data, &about) != nil || about.CampaignID == "" {
		return "", kind, fmt.Errorf(`%w: add "subject", the campaign's id, beside id and type (for devices: their store's); `+
			`it becomes the record's key`, errLineSubject)
	}
	return about.CampaignID, kind, nil
}

// errLineTopic says that an event is not for the topic that it was to go to.
var errLineTopic = errors.New("is for another topic")

// homes are the topics of events that come from outside, but for those of campaigns: what is of another topic is refused there.
var homes = map[schemas.Type]topics.Name{
	schemas.PlayReported: topics.Plays, schemas.DeviceRegistered: topics.DeviceEvents, schemas.DeviceRemoved: topics.DeviceEvents,
	schemas.DeviceAck: topics.DeviceAcks,
}

// fits says whether events of a type may go to a topic, as far as both are known. Error: errLineTopic.
func fits(kind schemas.Type, to topics.Name) error {
	home, foreign := homes[kind]
	switch {
	case foreign && home != to && isInput(to):
	case strings.HasPrefix(string(kind), "campaign.") && to != topics.CampaignEvents && isInput(to):
		home = topics.CampaignEvents
	default:
		return nil
	}
	return fmt.Errorf("%s %w, and would be refused there: publish it with --topic %s", kind, errLineTopic, home)
}

func isInput(name topics.Name) bool {
	return name == topics.CampaignEvents || slices.Contains(slices.Collect(maps.Values(homes)), name)
}
