package processors

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/topics"
)

// TestWhatTheTablesCannotHold: a record that somebody else has written is left out and told, and holds up nothing.
func TestWhatTheTablesCannotHold(t *testing.T) {
	const money = `"budget":{"amount":"1.00","currency":"USD"},"spent":{"amount":"0.00","currency":"USD"},"released":{"amount":"1.00","currency":"USD"}`
	statement := func(more string) string {
		return `{"type":"statement.final","data":{"statement_id":"c-1/1","version":1,"campaign_id":"c-1","impressions":"1","cost":"0",` +
			money + more + `}}`
	}
	for name, c := range map[string]struct {
		topic topics.Name
		value string
		taken bool
	}{
		"a release":                      {topics.BudgetReleased, `{"type":"budget.released","data":{"campaign_id":"c-1",` + money + `}}`, true},
		"a release of no campaign":       {topics.BudgetReleased, `{"type":"budget.released","data":{` + money + `}}`, false},
		"a release of NUL":               {topics.BudgetReleased, `{"type":"budget.released","data":{"campaign_id":"c\u0000",` + money + `}}`, false},
		"a release below zero":           {topics.BudgetReleased, `{"type":"budget.released","data":{"campaign_id":"c-1","budget":{"amount":"-1"},"spent":{"amount":"0"},"released":{"amount":"0"}}}`, false},
		"a release beyond all bounds":    {topics.BudgetReleased, `{"type":"budget.released","data":{"campaign_id":"c-1","budget":{"amount":"1e999"},"spent":{"amount":"0"},"released":{"amount":"0"}}}`, false},
		"a statement":                    {topics.CampaignStatements, statement(""), true},
		"a statement with NUL":           {topics.CampaignStatements, statement(`,"note":"\u0000"`), false},
		"a statement with half a letter": {topics.CampaignStatements, statement(`,"note":"\ud800"`), false},
		"a statement without a version":  {topics.CampaignStatements, `{"type":"statement.final","data":{"statement_id":"c-1/1","campaign_id":"c-1","impressions":"1","cost":"0",` + money + `}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			var batch pgstore.Batch
			taken := project(&batch, &kgo.Record{Topic: string(c.topic), Value: []byte(c.value)})
			if taken != c.taken || len(batch.Releases)+len(batch.Statements) != map[bool]int{true: 1}[c.taken] {
				t.Errorf("it is taken: %t, %+v", taken, batch)
			}
		})
	}
}
