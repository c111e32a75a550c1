package schemas

import (
	"errors"
	"fmt"
	"time"
)

// Instant is a point in time as the wire knows it: whole milliseconds since 1970-01-01T00:00:00Z. It is written in
// UTC with a Z and three decimals (RFC 3339); any offset is read, and what is finer than a millisecond is cut.
type Instant int64

// InstantMax is 9999-12-31T23:59:59.999Z, the last instant that RFC 3339 can write.
const InstantMax Instant = 253_402_300_799_999

// instantLayout is the only way an instant is written.
const instantLayout = "2006-01-02T15:04:05.000Z"

// ErrInstant says that a text is not an RFC 3339 instant.
var ErrInstant = errors.New("must be an RFC 3339 instant, for example 2026-12-01T05:00:00Z")

// InstantOf cuts a time to milliseconds.
func InstantOf(at time.Time) Instant { return Instant(at.UnixMilli()) }

// Time returns the instant in UTC.
func (i Instant) Time() time.Time { return time.UnixMilli(int64(i)).UTC() }

// String returns the instant as it is written on the wire.
func (i Instant) String() string { return i.Time().Format(instantLayout) }

// AppendText implements encoding.TextAppender.
func (i Instant) AppendText(b []byte) ([]byte, error) {
	at := i.Time()
	year, month, day := at.Date()
	if year < 0 || year > 9999 {
		return b, fmt.Errorf("writing an instant: year %d is outside RFC 3339's 0000..9999", year)
	}
	// Written out: every record holds several instants, and time.Time's layouts are read anew at each call.
	hour, minute, second := at.Clock()
	millis := at.Nanosecond() / int(time.Millisecond)
	b = append(b,
		digit(year/1000), digit(year/100), digit(year/10), digit(year), '-',
		digit(int(month)/10), digit(int(month)), '-', digit(day/10), digit(day), 'T',
		digit(hour/10), digit(hour), ':', digit(minute/10), digit(minute), ':', digit(second/10), digit(second), '.',
		digit(millis/100), digit(millis/10), digit(millis), 'Z')
	return b, nil
}

// digit returns the last decimal digit of n >= 0.
func digit(n int) byte { return byte('0' + n%10) }

// MarshalText implements encoding.TextMarshaler.
func (i Instant) MarshalText() ([]byte, error) { return i.AppendText(nil) }

// UnmarshalText implements encoding.TextUnmarshaler; its error is ErrInstant.
func (i *Instant) UnmarshalText(text []byte) error {
	var at time.Time
	if !isShaped(text) {
		return ErrInstant
	}
	if err := at.UnmarshalText(text); err != nil {
		return ErrInstant
	}
	*i = InstantOf(at)
	return nil
}

// isShaped says whether a text is 2006-01-02T15:04:05, perhaps a fraction, and Z or an offset up to 23:59. time.Time
// judges the values, but also takes an hour of one digit, a comma for the point, and offsets of 24 hours or 60 minutes.
func isShaped(text []byte) bool {
	const seconds = "0000-00-00T00:00:00"
	if len(text) <= len(seconds) || !matches(text[:len(seconds)], seconds) {
		return false
	}
	rest := text[len(seconds):]
	if rest[0] == '.' {
		digits := 1
		for digits < len(rest) && isDigit(rest[digits]) {
			digits++
		}
		if digits == 1 {
			return false
		}
		rest = rest[digits:]
	}
	if len(rest) == 1 {
		return rest[0] == 'Z'
	}
	isOffset := matches(rest, "+00:00") || matches(rest, "-00:00")
	return isOffset && string(rest[1:3]) < "24" && string(rest[4:6]) < "60"
}

// matches says whether a text has a digit wherever the layout has a 0, and the layout's character elsewhere.
func matches(text []byte, layout string) bool {
	if len(text) != len(layout) {
		return false
	}
	for i, c := range text {
		if layout[i] == '0' && !isDigit(c) || layout[i] != '0' && layout[i] != c {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
