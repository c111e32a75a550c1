package schemas_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/rmn-arms/campaign-engine/schemas"
)

func TestInstantIsReadFromAnyOffsetAndWrittenInUTC(t *testing.T) {
	cases := map[string]string{
		"2026-12-01T05:00:00Z":             "2026-12-01T05:00:00.000Z",
		"2026-12-01T00:00:00-05:00":        "2026-12-01T05:00:00.000Z",
		"2026-12-01T05:00:00.0019999Z":     "2026-12-01T05:00:00.001Z",
		"2026-12-01T05:00:00.0000000001Z":  "2026-12-01T05:00:00.000Z",
		"1969-12-31T23:59:59.9999Z":        "1969-12-31T23:59:59.999Z",
		"2024-02-29T23:59:59.5+00:00":      "2024-02-29T23:59:59.500Z",
		"0000-01-01T00:00:00Z":             "0000-01-01T00:00:00.000Z",
		"9999-12-31T23:59:59.999999+23:59": "9999-12-31T00:00:59.999Z",
		"9999-12-31T23:59:59.999Z":         schemas.InstantMax.String(),
	}
	for text, want := range cases {
		var at schemas.Instant
		if err := at.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if written, err := at.MarshalText(); err != nil || string(written) != want || at.String() != want {
			t.Errorf("%s is written as %s, %v, not %s", text, written, err, want)
		}
	}
}

func TestInstantRefusesWhatRFC3339DoesNotHave(t *testing.T) {
	for _, text := range []string{
		"", "Z", "2026-12-01", "2026-12-01T05:00Z", "2026-12-01T05:00:00", "2026-12-01 05:00:00Z", "2026-12-01t05:00:00z",
		"2026-12-01T5:00:00Z", "2026-12-01T05:00:00,5Z", "2026-12-01T05:00:00.Z", "2026-13-01T05:00:00Z",
		"2026-02-29T05:00:00Z",
		"2026-12-01T24:00:00Z", "2026-12-01T05:60:00Z", "2026-12-01T23:59:60Z", "2026-12-01T05:00:00+24:00",
		"2026-12-01T05:00:00+00:60", "2026-12-01T05:00:00+0000", "2026-12-01T05:00:00+00", "12026-12-01T05:00:00Z",
		"-001-12-01T05:00:00Z",
	} {
		at := schemas.Instant(7)
		if err := at.UnmarshalText([]byte(text)); !errors.Is(err, schemas.ErrInstant) || at != 7 {
			t.Errorf("%q is read as %v, %v", text, at, err)
		}
	}
}

func TestInstantBeyondTheYear9999IsNotWritten(t *testing.T) {
	for _, at := range []schemas.Instant{schemas.InstantMax + 1, -1 << 63} {
		if text, err := json.Marshal(at); err == nil {
			t.Errorf("%d is written as %s", at, text)
		}
	}
}
