// Package instant is time as the engine reckons with it: whole milliseconds, in UTC.
package instant

import "time"

// Instant is a point in time in milliseconds since 1970-01-01T00:00:00Z.
type Instant int64

// Millis is a length of elapsed time in milliseconds; a day is always 86,400,000 of them.
type Millis int64

// The limits of what the engine accepts: both can be written as RFC 3339.
const (
	Min Instant = 0               // 1970-01-01T00:00:00.000Z
	Max Instant = 253402300799999 // 9999-12-31T23:59:59.999Z
)

// Of cuts a time to milliseconds.
func Of(at time.Time) Instant { return Instant(at.UnixMilli()) }

// Time returns the instant in UTC.
func (i Instant) Time() time.Time { return time.UnixMilli(int64(i)).UTC() }

// Add returns the instant d later; a negative d goes back.
func (i Instant) Add(d Millis) Instant { return i + Instant(d) }

// Sub returns the elapsed time from j to i.
func (i Instant) Sub(j Instant) Millis { return Millis(i - j) }
