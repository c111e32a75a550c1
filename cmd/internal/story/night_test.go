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
	for name, mail := range map[string]struct{ subject, text string }{
		"b": {"=?UTF-8?q?Sommerzeit_l=C3=A4uft?=", "Hallo,\r\n\r\nImpressions: 7\r\n"},
		"a": {"Night show has ended", "Hello,\r\n\r\nPlays:       6\r\nSpent so far: 1\r\nSpent:=C2=A0 13.22=C2=A0USD\r\n\r\nPlays that count: 7\r\n"},
	} {
		text := "From: a@b.example\r\nTo: \"Desk\" <desk@nordwind.example>\r\nSubject: " + mail.subject +
			"\r\nContent-Type: multipart/alternative;\r\n boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=UTF-8\r\n" +
			"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + mail.text + "\r\n--x\r\nContent-Type: text/html\r\n\r\nSpent: 9\r\n--x--\r\n"
		if err := os.WriteFile(filepath.Join(folder, name+".eml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := letters(folder)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"to desk@nordwind.example: Night show has ended; Plays 6; Spent 13.22 USD", "to desk@nordwind.example: Sommerzeit läuft",
	}
	if !slices.Equal(found, want) {
		t.Errorf("%q, want %q", found, want)
	}
	cut := []byte("From: a@b.example\r\nTo: desk@nordwind.example\r\nSubject: x\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n")
	if err := os.WriteFile(filepath.Join(folder, "c.eml"), cut, 0o644); err != nil {
		t.Fatal(err)
	}
	if found, err := letters(folder); err == nil {
		t.Errorf("a mail that is cut is read: %q", found)
	}
}
