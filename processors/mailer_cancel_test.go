package processors_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// cancelled is the cancel of a campaign that was in a status, for a reason, at a price.
func (m *mailing) cancelled(id string, from schemas.Status, reason, cpm string) *kgo.Record {
	m.t.Helper()
	record := m.applied(id, 3, schemas.Cancel, mailStart+1234)
	var event schemas.Event[schemas.Applied]
	if err := json.Unmarshal(record.Value, &event); err != nil {
		m.t.Fatal(err)
	}
	placed, err := topics.DecodePlaced(event.Data.Campaign)
	if err != nil {
		m.t.Fatal(err)
	}
	placed.CPM = cpm
	if event.Data.Campaign, err = topics.EncodePlaced(placed); err != nil {
		m.t.Fatal(err)
	}
	event.Data.From, event.Data.To, event.Data.ChangeReason = from, schemas.Cancelled, reason
	return mailRecord(m.t, topics.TransitionsApplied, schemas.TransitionApplied, id, event.Data)
}

// TestMailsTellOfACancel: from the records to the words, what the operator and the definition said.
func TestMailsTellOfACancel(t *testing.T) {
	for from, want := range map[schemas.Status]string{
		schemas.Active: "während sie lief.", schemas.Paused: "während sie pausiert war.", schemas.Scheduled: "nach ihrem Start abgebrochen.",
	} {
		m := newMailing(t)
		m.read(append(m.story("c-1")[:3], m.cancelled("c-1", from, "Rückruf der Ware", "12.50"), m.settled("c-1"))...)
		for _, made := range m.store.mails {
			if made.Kind != "final" {
				continue
			}
			text := strings.Join(strings.Fields(mailText(t, made.Message)), " ")
			for _, fact := range []string{want, "Angegebener Grund: Rückruf der Ware", "12,50 USD je 1.000 Impressions"} {
				if !strings.Contains(text, fact) {
					t.Errorf("from %s: it does not say %q:\n%s", from, fact, text)
				}
			}
		}
		if len(m.store.mails) != 4 {
			t.Errorf("from %s: %d mails; want 4", from, len(m.store.mails))
		}
	}
}
