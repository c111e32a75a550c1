package zone

import (
	"errors"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

func parseLocal(t *testing.T, text string) Local {
	t.Helper()
	local, err := ParseLocal(text)
	if err != nil {
		t.Fatalf("ParseLocal(%q): %v", text, err)
	}
	return local
}

func write(at instant.Instant) string { return at.Time().Format("2006-01-02T15:04:05.999Z") }

// resolutions are wall-clock times by earlier, later and compatible, and what reject says of them.
var resolutions = []struct {
	what, zone, local          string
	earlier, later, compatible string
	reject                     error
}{
	{"plain", "America/New_York", "2026-12-01T00:00:00",
		"2026-12-01T05:00:00Z", "2026-12-01T05:00:00Z", "2026-12-01T05:00:00Z", nil},
	{"no rules at all", "UTC", "9999-12-31T23:59:59.999",
		"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z", nil},
	{"gap, its first instant", "America/New_York", "2026-03-08T02:00:00",
		"2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z", ErrSkipped},
	{"gap, its middle", "America/New_York", "2026-03-08T02:30:00",
		"2026-03-08T06:30:00Z", "2026-03-08T07:30:00Z", "2026-03-08T07:30:00Z", ErrSkipped},
	{"gap, its last millisecond", "America/New_York", "2026-03-08T02:59:59.999",
		"2026-03-08T06:59:59.999Z", "2026-03-08T07:59:59.999Z", "2026-03-08T07:59:59.999Z", ErrSkipped},
	{"a millisecond before the gap", "America/New_York", "2026-03-08T01:59:59.999",
		"2026-03-08T06:59:59.999Z", "2026-03-08T06:59:59.999Z", "2026-03-08T06:59:59.999Z", nil},
	{"just after the gap", "America/New_York", "2026-03-08T03:00:00",
		"2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z", nil},
	{"overlap, its first instant", "America/New_York", "2026-11-01T01:00:00",
		"2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z", "2026-11-01T05:00:00Z", ErrRepeated},
	{"overlap, its last millisecond", "America/New_York", "2026-11-01T01:59:59.999",
		"2026-11-01T05:59:59.999Z", "2026-11-01T06:59:59.999Z", "2026-11-01T05:59:59.999Z", ErrRepeated},
	{"a millisecond before the overlap", "America/New_York", "2026-11-01T00:59:59.999",
		"2026-11-01T04:59:59.999Z", "2026-11-01T04:59:59.999Z", "2026-11-01T04:59:59.999Z", nil},
	{"just after the overlap", "America/New_York", "2026-11-01T02:00:00",
		"2026-11-01T07:00:00Z", "2026-11-01T07:00:00Z", "2026-11-01T07:00:00Z", nil},
	{"gap by the rule, far ahead", "Europe/Berlin", "9999-03-28T02:30:00",
		"9999-03-28T00:30:00Z", "9999-03-28T01:30:00Z", "9999-03-28T01:30:00Z", ErrSkipped},
	{"overlap by the rule, far ahead", "Europe/Berlin", "9999-10-31T02:30:00",
		"9999-10-31T00:30:00Z", "9999-10-31T01:30:00Z", "9999-10-31T00:30:00Z", ErrRepeated},
	{"last day of a leap year by the rule", "Europe/Berlin", "2096-12-31T12:00:00",
		"2096-12-31T11:00:00Z", "2096-12-31T11:00:00Z", "2096-12-31T11:00:00Z", nil},
	{"turn of a leap year by the rule", "Pacific/Auckland", "2097-01-01T00:00:00",
		"2096-12-31T11:00:00Z", "2096-12-31T11:00:00Z", "2096-12-31T11:00:00Z", nil},
	{"midnight is skipped", "America/Sao_Paulo", "2018-11-04T00:00:00",
		"2018-11-04T02:00:00Z", "2018-11-04T03:00:00Z", "2018-11-04T03:00:00Z", ErrSkipped},
	{"midnight is repeated", "America/Havana", "2026-11-01T00:00:00",
		"2026-11-01T04:00:00Z", "2026-11-01T05:00:00Z", "2026-11-01T04:00:00Z", ErrRepeated},
	{"shift of 30 minutes, gap", "Australia/Lord_Howe", "2026-10-04T02:15:00",
		"2026-10-03T15:15:00Z", "2026-10-03T15:45:00Z", "2026-10-03T15:45:00Z", ErrSkipped},
	{"shift of 30 minutes, overlap", "Australia/Lord_Howe", "2026-04-05T01:45:00",
		"2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z", "2026-04-04T14:45:00Z", ErrRepeated},
	{"shift of 30 minutes, just before the overlap", "Australia/Lord_Howe", "2026-04-05T01:29:59.999",
		"2026-04-04T14:29:59.999Z", "2026-04-04T14:29:59.999Z", "2026-04-04T14:29:59.999Z", nil},
	{"shift of two hours, gap", "Antarctica/Troll", "2026-03-29T02:00:00",
		"2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z", "2026-03-29T02:00:00Z", ErrSkipped},
	{"a whole day skipped", "Pacific/Apia", "2011-12-30T12:00:00",
		"2011-12-29T22:00:00Z", "2011-12-30T22:00:00Z", "2011-12-30T22:00:00Z", ErrSkipped},
	{"a whole day repeated", "Pacific/Kwajalein", "1969-09-30T12:00:00",
		"1969-09-30T01:00:00Z", "1969-10-01T00:00:00Z", "1969-09-30T01:00:00Z", ErrRepeated},
	{"negative summer time, gap", "Europe/Dublin", "2026-03-29T01:30:00",
		"2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "2026-03-29T01:30:00Z", ErrSkipped},
	{"negative summer time, overlap", "Europe/Dublin", "2026-10-25T01:30:00",
		"2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z", ErrRepeated},
	{"before standard time: seconds in the offset", "Europe/Amsterdam", "1900-01-01T00:00:00",
		"1899-12-31T23:40:28Z", "1899-12-31T23:40:28Z", "1899-12-31T23:40:28Z", nil},
	{"overlap of seconds, the end of local mean time", "America/New_York", "1883-11-18T12:00:00",
		"1883-11-18T16:56:02Z", "1883-11-18T17:00:00Z", "1883-11-18T16:56:02Z", ErrRepeated},
	{"year 0", "America/New_York", "0000-01-01T00:00:00",
		"0000-01-01T04:56:02Z", "0000-01-01T04:56:02Z", "0000-01-01T04:56:02Z", nil},
	{"Alaska becomes American: a whole day and seconds", "America/Juneau", "1867-10-19T12:00:00",
		"1867-10-18T20:57:41Z", "1867-10-19T20:57:41Z", "1867-10-18T20:57:41Z", ErrRepeated},
	{"no change of the offset, of the rule's name only", "Europe/Lisbon", "1996-03-31T01:30:00",
		"1996-03-31T00:30:00Z", "1996-03-31T00:30:00Z", "1996-03-31T00:30:00Z", nil},
	{"Ramadan's pause of summer time", "Africa/Casablanca", "2026-02-15T02:30:00",
		"2026-02-15T01:30:00Z", "2026-02-15T02:30:00Z", "2026-02-15T01:30:00Z", ErrRepeated},
}

// TestResolve: what reject says must follow from the others.
func TestResolve(t *testing.T) {
	for _, c := range resolutions {
		zone, local := load(t, c.zone), parseLocal(t, c.local)
		for how, want := range map[Disambiguation]string{
			Earlier: c.earlier, Later: c.later, Compatible: c.compatible, "": c.compatible, Reject: c.compatible,
		} {
			at, err := zone.Resolve(local, how)
			switch {
			case how == Reject && c.reject != nil:
				if !errors.Is(err, c.reject) {
					t.Errorf("%s: %s in %s, reject: %v; want %v", c.what, c.local, c.zone, err, c.reject)
				}
			case err != nil || write(at) != want:
				t.Errorf("%s: %s in %s, %q: %s, %v; want %s", c.what, c.local, c.zone, how, write(at), err, want)
			}
		}
	}
}

func TestResolveRefusesAnUnknownDisambiguation(t *testing.T) {
	for _, how := range []Disambiguation{"Compatible", "first", " ", "reject "} {
		if _, err := load(t, "UTC").Resolve(0, how); !errors.Is(err, ErrDisambiguation) || how.Valid() {
			t.Errorf("Resolve by %q: %v, valid %v; want ErrDisambiguation", how, err, how.Valid())
		}
	}
}

func TestDisplay(t *testing.T) {
	for _, c := range []struct{ zone, at, want string }{
		{"America/New_York", "2026-12-01T05:00:00Z", "2026-12-01 00:00:00 -05:00 EST"},
		{"America/New_York", "2026-11-01T05:30:00Z", "2026-11-01 01:30:00 -04:00 EDT"},
		{"America/New_York", "2026-11-01T06:30:00.021Z", "2026-11-01 01:30:00.021 -05:00 EST"},
		{"America/Sao_Paulo", "2026-12-01T03:00:00Z", "2026-12-01 00:00:00 -03:00"},
		{"Asia/Kolkata", "2026-12-01T00:00:00Z", "2026-12-01 05:30:00 +05:30 IST"},
		{"Asia/Dubai", "2026-12-01T00:00:00Z", "2026-12-01 04:00:00 +04:00"},
		{"UTC", "9999-12-31T23:59:59.999Z", "9999-12-31 23:59:59.999 +00:00 UTC"},
		{"Africa/Monrovia", "1970-01-01T00:00:00Z", "1969-12-31 23:15:30 -00:44:30 MMT"},
		{"Africa/Accra", "1915-11-01T23:00:52Z", "1915-11-01 23:00:00 -00:00:52 LMT"},
		{"Asia/Kathmandu", "2026-12-01T00:00:00Z", "2026-12-01 05:45:00 +05:45"},
		{"Pacific/Kiritimati", "2026-12-01T00:00:00Z", "2026-12-01 14:00:00 +14:00"},
	} {
		at, err := time.Parse(time.RFC3339Nano, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := load(t, c.zone).Display(instant.Of(at)); got != c.want {
			t.Errorf("%s in %s is displayed %q; want %q", c.at, c.zone, got, c.want)
		}
	}
}
