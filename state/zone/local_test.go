package zone

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestParseLocal(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"2026-12-01T00:00:00", "2026-12-01T00:00:00"},
		{"2026-12-01T23:59:59.999", "2026-12-01T23:59:59.999"},
		{"2026-12-01T23:59:59.999999999", "2026-12-01T23:59:59.999"}, // cut, not rounded
		{"2026-12-01T00:00:00.1", "2026-12-01T00:00:00.1"},
		{"2026-12-01T00:00:00.01", "2026-12-01T00:00:00.01"},
		{"2026-12-01T00:00:00.0004", "2026-12-01T00:00:00"},
		{"2024-02-29T12:00:00", "2024-02-29T12:00:00"},
		{"1969-12-31T23:59:59.5", "1969-12-31T23:59:59.5"},
		{"0000-01-01T00:00:00", "0000-01-01T00:00:00"},
		{"9999-12-31T23:59:59.999", "9999-12-31T23:59:59.999"},
	} {
		local, err := ParseLocal(c.text)
		if err != nil || local.String() != c.want {
			t.Errorf("ParseLocal(%q) = %s, %v; want %s", c.text, local, err, c.want)
		}
	}
}

func TestParseLocalRefuses(t *testing.T) {
	for _, text := range []string{
		"", "2026-12-01", "2026-12-01T00:00", "2026-12-01T0:00:00", "2026-12-01T00:0:00", "2026-1-01T00:00:00",
		"2026-12-01T00:00:00Z", "2026-12-01T00:00:00+01:00", "2026-12-01T00:00:00 ", " 2026-12-01T00:00:00",
		"2026-12-01 00:00:00", "2026-12-01t00:00:00", "2026/12/01T00:00:00", "20261201T000000",
		"2026-02-29T00:00:00", "2026-13-01T00:00:00", "2026-00-01T00:00:00", "2026-12-00T00:00:00", "2026-11-31T00:00:00",
		"2026-12-01T24:00:00", "2026-12-01T00:60:00", "2026-12-01T00:00:60", "2016-12-31T23:59:60",
		"2026-12-01T00:00:00.", "2026-12-01T00:00:00,5", "2026-12-01T00:00:00.5Z", "2026-12-01T00:00:00.1.1",
		"2026-12-01T00:00:00.1234567890", "2026-12-01T00:00:00." + strings.Repeat("0", 1<<20), "2026-12-01T00:00:00.x",
		"-026-12-01T00:00:00", "+026-12-01T00:00:00", "12026-12-01T00:00:00", "٢٠٢٦-12-01T00:00:00",
		"2026-12-01T00:00:00\x00",
		"2026-12-01T00:00:00[UTC]", "now", "today",
	} {
		if local, err := ParseLocal(text); !errors.Is(err, ErrLocal) {
			t.Errorf("ParseLocal(%.40q) = %s, %v; want ErrLocal", text, local, err)
		}
	}
}

func FuzzParseLocal(f *testing.F) {
	for _, text := range []string{"2026-12-01T00:00:00", "9999-12-31T23:59:59.999999999", "2024-02-29T00:00:00.5", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		local, err := ParseLocal(text)
		if err != nil {
			return
		}
		at, err := time.Parse(time.RFC3339Nano, text+"Z")
		if err != nil || at.UnixMilli() != int64(local) {
			t.Errorf("%q is %d, but RFC 3339 says %d, %v", text, local, at.UnixMilli(), err)
		}
		if again, err := ParseLocal(local.String()); err != nil || again != local {
			t.Errorf("%q: its text %q gives %d, %v", text, local, again, err)
		}
	})
}
