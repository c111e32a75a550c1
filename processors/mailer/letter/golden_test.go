package letter_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	state "github.com/rmn-arms/campaign-engine/state/mail"
)

var update = flag.Bool("update", false, "rewrite the mails in testdata")

// letters are those of every situation.
func letters() map[string]state.Letter {
	return map[string]state.Letter{
		"started": started(), "started-late": startedLate(), "ended": ended(), "ended-no-plays": noPlays(), "ended-provisional": provisional(),
		"ended-so-far": soFar(), "ended-nothing-so-far": nothingSoFar(), "ended-no-stores": noStores(), "never-started": never(),
		"cancelled": cancelled(), "cancelled-paused-so-far": cancelledPaused(), "cancelled-before-start": cancelledBefore(),
		"long-names": longNames(),
	}
}

// TestTextAndHTMLSayTheSame compares them word for word. Long ids are broken in the text's tables, so those are left out.
func TestTextAndHTMLSayTheSame(t *testing.T) {
	for name, l := range letters() {
		for _, locale := range []string{"en", "de"} {
			if name != "long-names" {
				parse(t, render(t, in(locale, l)).Bytes).sameWords(t)
			}
		}
	}
}

// TestGoldenMails compares whole mails, byte for byte.
func TestGoldenMails(t *testing.T) {
	for name, l := range letters() {
		for _, locale := range []string{"en", "de"} {
			got := render(t, in(locale, l)).Bytes
			path := filepath.Join("testdata", name+"."+locale+".eml")
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs (-want +got), -update rewrites it:\n%s", path, cmp.Diff(string(want), string(got)))
			}
		}
	}
}
