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
	if year := at.Year(); year < 0 || year > 9999 {
		return b, fmt.Errorf("writing an instant: year %d is outside RFC 3339's 0000..9999", year)
	}
	return at.AppendFormat(b, instantLayout), nil
}

// MarshalText implements encoding.TextMarshaler.
func (i Instant) MarshalText() ([]byte, error) { return i.AppendText(nil) }

// UnmarshalText implements encoding.TextUnmarshaler; its error is ErrInstant.
func (i *Instant) UnmarshalText(text []byte) error {
	var at time.Time
	if err := at.UnmarshalText(text); err != nil || !isOffset(text) {
		return ErrInstant
	}
	*i = InstantOf(at)
	return nil
}

// isOffset says whether an instant ends in a Z or in an offset up to 23:59: time.Time also takes 24 hours and 60 minutes.
func isOffset(text []byte) bool {
	hour, minute := len(text)-len("00:00"), len(text)-len("00")
	return text[len(text)-1] == 'Z' || string(text[hour:hour+2]) < "24" && string(text[minute:]) < "60"
}
