package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// The reasons for which a line is not published.
var (
	errLineLong    = fmt.Errorf("longer than %d bytes, the most that the engine takes", schemas.RecordMaxBytes)
	errLineJSON    = errors.New("no JSON object")
	errLineSubject = errors.New("no subject")
)

// lines reads lines of bounded length.
type lines struct {
	from *bufio.Reader
	// number is that of the last line, bytes all that was read.
	number int
	bytes  int64
	buffer []byte
}

func linesOf(from io.Reader) *lines { return &lines{from: bufio.NewReaderSize(from, 64<<10)} }

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

// subjectOf returns the subject of an event in CloudEvents' JSON format. Whether the event is one that the engine takes
// is the engine's to say. Errors: errLineJSON, errLineSubject; the latter says what to add.
func subjectOf(line []byte) (string, error) {
	var event struct {
		Subject string         `json:"subject"`
		Data    jsontext.Value `json:"data"`
	}
	if line[0] != '{' {
		return "", errLineJSON
	}
	if err := json.Unmarshal(line, &event); err != nil {
		return "", fmt.Errorf("%w: %w", errLineJSON, err)
	}
	if event.Subject == "" {
		return "", fmt.Errorf("%w: add %s beside id and type; it becomes the record's key", errLineSubject, missingSubject(event.Data))
	}
	return event.Subject, nil
}

// missingSubject writes the member that an event lacks, with the campaign's id if its data names one.
func missingSubject(data []byte) string {
	var about struct {
		CampaignID string `json:"campaign_id"`
	}
	if json.Unmarshal(data, &about) != nil || !schemas.IsID(about.CampaignID) {
		return `"subject", the campaign's id,`
	}
	return fmt.Sprintf(`"subject":%q`, about.CampaignID)
}
