package oracle

import (
	"fmt"
	"time"
	_ "time/tzdata" // the machine may have no zones
)

// instant reads RFC 3339 and cuts to milliseconds.
func instant(text string) (int64, error) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return 0, fmt.Errorf("reading an instant: %w", err)
	}
	return at.UnixMilli(), nil
}

// local puts a wall-clock time on the time line. Times that a change of the clocks skips or repeats are not for here: the
// run plants none that is to be accepted.
func local(text, zone string) (int64, error) {
	location, err := time.LoadLocation(zone)
	if err != nil {
		return 0, fmt.Errorf("loading a zone: %w", err)
	}
	at, err := time.ParseInLocation("2006-01-02T15:04:05.999999999", text, location)
	if err != nil {
		return 0, fmt.Errorf("reading a wall-clock time: %w", err)
	}
	return at.UnixMilli(), nil
}
