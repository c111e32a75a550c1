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
	if err := s.check(1, 1, "topic", "partition", "header:"); err != nil {
		return topics.Record{}, err
	}
	record, err := emptyRecord(s, s.given[0])
	record.Topic = s.either("topic", record.Topic)
	if err != nil || s.verb == "tombstone" {
		return record, err
	}
	record.Value = []byte{}
	for _, line := range s.block {
		piece, err := readValue(line, len(record.Value))
		if err != nil {
			return record, err
		}
		record.Value = append(record.Value, piece...)
	}
	return record, nil
}

// valueMaxBytes bounds what a script can ask for.
const valueMaxBytes = 16 << 20

// readValue reads one piece: | and the text behind it, or "a Go string"; before either a count and x repeat it, and
// "to", a size and x repeat it until the value, so far of that many bytes, has that size.
func readValue(line string, soFar int) (string, error) {
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
	size, fill := strings.CutPrefix(count, "to ")
	times, err := strconv.Atoi(size)
	if !is || err != nil {
		return "", fmt.Errorf(`reading a value: a line begins with |, with ", with a count and x, or with to, a size and x`)
	}
	text, err := readValue(piece, 0)
	if err != nil {
		return "", err
	}
	if fill {
		times = (times - soFar) / max(1, len(text))
	}
	if times < 0 || len(text)*times > valueMaxBytes {
		return "", fmt.Errorf("reading a value: it must have 0 to %d bytes", valueMaxBytes)
	}
	return strings.Repeat(text, times), nil
}
