package processors_test

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rmn-arms/campaign-engine/topics"
)

// rawRecord makes the record of a record or tombstone verb. The lines below record are the pieces of its value, which
// are put together without anything between them; without lines the value is empty.
func rawRecord(s *step) (topics.Record, error) {
	if err := s.check(1, 1, "partition", "header:"); err != nil {
		return topics.Record{}, err
	}
	record, err := emptyRecord(s, s.given[0])
	if err != nil || s.verb == "tombstone" {
		return record, err
	}
	value := strings.Builder{}
	for _, line := range s.block {
		piece, err := readValue(line)
		if err != nil {
			return record, err
		}
		value.WriteString(piece)
	}
	record.Value = []byte(value.String())
	return record, nil
}

// valueMaxBytes bounds what a script can ask for.
const valueMaxBytes = 16 << 20

// readValue reads one piece: | and the text behind it, "a Go string", or a count, an x, and a piece to be repeated.
func readValue(line string) (string, error) {
	if text, is := strings.CutPrefix(line, "|"); is {
		return strings.TrimPrefix(text, " "), nil
	}
	if strings.HasPrefix(line, `"`) {
		text, err := strconv.Unquote(line)
		if err != nil {
			return "", fmt.Errorf("reading a value: %w", err)
		}
		return text, nil
	}
	count, piece, is := strings.Cut(line, " x ")
	times, err := strconv.Atoi(count)
	if !is || err != nil {
		return "", fmt.Errorf(`reading a value: a line begins with |, with ", or with a count and x`)
	}
	text, err := readValue(piece)
	if err != nil || times < 0 || len(text)*times > valueMaxBytes {
		return "", fmt.Errorf("reading a value: it must have at most %d bytes (%w)", valueMaxBytes, err)
	}
	return strings.Repeat(text, times), nil
}
