package letter

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/instant"
	state "github.com/rmn-arms/campaign-engine/state/mail"
)

// TestLanguagesSayTheSame holds that no text is missing in a language, and that each takes what the same text takes in English.
func TestLanguagesSayTheSame(t *testing.T) {
	want := textsOf(t, reflect.ValueOf(english))
	for _, l := range languages {
		got := textsOf(t, reflect.ValueOf(*l))
		if len(got) != len(want) {
			t.Fatalf("%s has %d texts; want %d", l.tag, len(got), len(want))
		}
		for i, text := range got {
			if text == "" || strings.TrimSpace(text) != text && !strings.HasPrefix(text, noBreak) || strings.Count(text, "%s") != strings.Count(want[i], "%s") ||
				strings.Count(text, "%[") != strings.Count(want[i], "%[") {
				t.Errorf("%s: %q; in English %q", l.tag, text, want[i])
			}
		}
	}
}

// textsOf returns all texts in a value, in the order of its fields and keys.
func textsOf(t *testing.T, v reflect.Value) (texts []string) {
	t.Helper()
	switch v.Kind() {
	case reflect.String:
		return []string{v.String()}
	case reflect.Struct:
		for i := range v.NumField() {
			texts = append(texts, textsOf(t, v.Field(i))...)
		}
	case reflect.Array:
		for i := range v.Len() {
			texts = append(texts, textsOf(t, v.Index(i))...)
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			texts = append(texts, key.String(), v.MapIndex(key).String())
		}
	default:
		t.Fatalf("a language has a %s: say here what texts it has", v.Kind())
	}
	return texts
}

func TestLasting(t *testing.T) {
	for ms, want := range map[int64][2]string{
		61_000:        {"1 minute 1 second", "1 Minute 1 Sekunde"},
		120_999:       {"2 minutes", "2 Minuten"},
		3_600_000:     {"1 hour", "1 Stunde"},
		7_325_000:     {"2 hours 2 minutes", "2 Stunden 2 Minuten"},
		90_061_000:    {"1 day 1 hour", "1 Tag 1 Stunde"},
		86_400_000_00: {"100 days", "100 Tage"},
		999:           {"0 seconds", "0 Sekunden"},
		-5:            {"0 seconds", "0 Sekunden"},
	} {
		for i, l := range []*language{&english, &german} {
			if got := strings.ReplaceAll(l.lasting(instant.Millis(ms)), noBreak, " "); got != want[i] {
				t.Errorf("%d ms is %q; want %q", ms, got, want[i])
			}
		}
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string][2]string{
		"0": {"0", "0"}, "12": {"12", "12"}, "123": {"123", "123"}, "1234": {"1,234", "1.234"}, "123456": {"123,456", "123.456"},
		"1234567.000001": {"1,234,567.000001", "1.234.567,000001"}, "0.50": {"0.50", "0,50"},
		"": {"", ""}, "-1": {"-1", "-1"}, "1e9": {"1e9", "1e9"}, "1.": {"1.", "1."}, ".5": {".5", ".5"}, "1.2.3": {"1.2.3", "1.2.3"},
	} {
		for i, l := range []*language{&english, &german} {
			if got := l.number(text); got != want[i] {
				t.Errorf("%q in %s is %q; want %q", text, l.tag, got, want[i])
			}
		}
	}
}

// TestAShareIsCut: no campaign is said to be whole that is not.
func TestAShareIsCut(t *testing.T) {
	for _, c := range []struct {
		ready, total int64
		want         string
	}{
		{12, 12, "12 / 12 (100.0%)"}, {9999, 10_000, "9,999 / 10,000 (99.9%)"}, {0, 3, "0 / 3 (0.0%)"}, {1, 3, "1 / 3 (33.3%)"},
		{0, 0, "0 / 0"}, {2, 1, "2 / 1"}, {-1, 1, "-1 / 1"},
	} {
		if got := english.ready(&state.AtStart{Ready: c.ready, Total: c.total}); got != c.want {
			t.Errorf("%d of %d is %q; want %q", c.ready, c.total, got, c.want)
		}
	}
}
