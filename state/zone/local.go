package zone

import (
	"errors"
	"time"
)

// Local is a wall-clock time without a zone: milliseconds from 1970-01-01T00:00:00 on the wall's own calendar.
type Local int64

// ErrLocal says that a text is not a wall-clock time.
var ErrLocal = errors.New("must be a wall-clock time without offset, for example 2026-12-01T00:00:00")

const (
	localLayout      = "2006-01-02T15:04:05"
	fractionMaxCount = 9 // digits
)

// ParseLocal reads a date and time of RFC 3339 without its offset, year 0000 to 9999. A fraction of up to 9 digits is
// cut to milliseconds; there is no leap second. Its error is ErrLocal.
func ParseLocal(text string) (Local, error) {
	if len(text) < len(localLayout) || !shaped(text[:len(localLayout)]) {
		return 0, ErrLocal
	}
	at, err := time.Parse(localLayout, text[:len(localLayout)])
	if err != nil {
		return 0, ErrLocal
	}
	millis, ok := parseFraction(text[len(localLayout):])
	if !ok {
		return 0, ErrLocal
	}
	return Local(at.UnixMilli() + millis), nil
}

// shaped says whether digits stand where localLayout has digits, and its separators where it has them: time.Parse
// alone also takes an hour of one digit.
func shaped(text string) bool {
	for i := range len(localLayout) {
		if isDigit(localLayout[i]) != isDigit(text[i]) || !isDigit(text[i]) && text[i] != localLayout[i] {
			return false
		}
	}
	return true
}

// parseFraction reads "" or a point and digits, as whole milliseconds.
func parseFraction(text string) (millis int64, ok bool) {
	if text == "" {
		return 0, true
	}
	digits := text[1:]
	if text[0] != '.' || digits == "" || len(digits) > fractionMaxCount {
		return 0, false
	}
	for i := range max(3, len(digits)) {
		digit := byte('0')
		if i < len(digits) {
			digit = digits[i]
		}
		if !isDigit(digit) {
			return 0, false
		}
		if i < 3 {
			millis = millis*10 + int64(digit-'0')
		}
	}
	return millis, true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// String returns the time as ParseLocal reads it, with its fraction only if there is one.
func (l Local) String() string { return time.UnixMilli(int64(l)).UTC().Format(localLayout + ".999") }
