package story

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestTheScriptIsTaken: time goes on in it, the engine can read all that it publishes, and plays are reported behind their start.
func TestTheScriptIsTaken(t *testing.T) {
	before := Start()
	for _, s := range script("http://127.0.0.1:1") {
		if at(s.at) < before {
			t.Errorf("%s comes behind %s", s.at, before.Time())
		}
		before = at(s.at)
		for _, e := range s.events {
			value, err := json.Marshal(schemas.NewEvent(e.id, e.kind, e.about, schemas.Instant(before), e.data))
			if err != nil {
				t.Fatal(err)
			}
			if e.topic == topics.CampaignEvents {
				if _, refusal := topics.DecodeCampaignEvent([]byte(e.about), value, nil); refusal != nil {
					t.Errorf("%s is refused: %v", e.id, refusal)
				}
				continue
			}
			event, refusal := topics.DecodePlay([]byte(e.about), value, nil)
			if refusal != nil {
				t.Errorf("%s is refused: %v", e.id, refusal)
			} else if event.Play.StartedAt >= schemas.Instant(before) || event.Play.StoreID == "" {
				t.Errorf("%s started at %s, and is reported at %s", e.id, event.Play.StartedAt, s.at)
			}
		}
	}
}

func TestMailsAreRead(t *testing.T) {
	folder := t.TempDir()
	for name, subject := range map[string]string{"b": "=?UTF-8?q?Sommerzeit_l=C3=A4uft?=", "a": "Night show has started"} {
		text := "From: a@b.example\r\nTo: \"Desk\" <desk@nordwind.example>\r\nSubject: " + subject + "\r\n\r\nHello\r\n"
		if err := os.WriteFile(filepath.Join(folder, name+".eml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := letters(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"to desk@nordwind.example: Night show has started", "to desk@nordwind.example: Sommerzeit läuft"}
	if !slices.Equal(found, want) {
		t.Errorf("%q, want %q", found, want)
	}
}
