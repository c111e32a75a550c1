package letter

import "testing"

func TestCleanCutsBetweenWhatIsDrawnAsOne(t *testing.T) {
	for text, want := range map[string]string{
		"abcdefg":                   "abcde…",
		"abcde":                     "abcde",
		"abcd efg":                  "abcd…",
		"abcde\u0301f":              "abcd…",
		"abcd\u0301ef":              "abcd\u0301…",
		"ab👩\u200d👧\u200d👧":         "ab…",
		"abcd👍🏽x":                   "abcd…",
		"abcd❤\ufe0fx":              "abcd…",
		"abc🏴\U000e0067\U000e0062x": "abc…",
		"\u0301\u0301\u0301\u0301\u0301\u0301\u0301": "…",
		"שלום שלום":                                  "שלום…",
	} {
		if got := clean(text, 6); got != want {
			t.Errorf("%q is cut to %q; want %q", text, got, want)
		}
	}
}
