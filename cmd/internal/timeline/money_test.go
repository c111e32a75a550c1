package timeline_test

import (
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

func TestMoneyBeforeAndAfterTheLock(t *testing.T) {
	for name, c := range map[string]struct {
		of   *story
		want timeline.Money
	}{
		"counted": {aBusyOne(t), timeline.Money{Provisional: true, Budget: dollars("500.00"), Held: dollars("499.37"), Spent: dollars("0.63"),
			Released: dollars("0.00"), Plays: 250, Impressions: "251.25", NotCounted: 7}},
		"locked": {settled(t), timeline.Money{Budget: dollars("500.00"), Held: dollars("0.00"), Spent: dollars("0.09"),
			Released: dollars("499.91"), Plays: 3, Impressions: "37.5", NotCounted: 3}},
	} {
		if got := told(t, c.of).Money; got == nil || *got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
	if got := told(t, onlyRefused(t)); got.Money != nil || got.MoneyError != "" {
		t.Errorf("of a campaign that nobody accepted: %+v %q", got.Money, got.MoneyError)
	}
}

func TestMoneyThatCannotBeRead(t *testing.T) {
	s := justPublished(t)
	s.add(topics.CampaignEngineBudgetsTable, []byte("of a later version"))
	if got := told(t, s); got.Money != nil || got.MoneyError != "the engine's table holds a row of another version" {
		t.Errorf("%+v, %q", got.Money, got.MoneyError)
	}
	fold := timeline.For("c-1")
	for _, r := range settled(t).records {
		fold.Add(r)
	}
	fold.WithoutMoney("nobody let us in")
	if got, _ := fold.Timeline(); got.Money != nil || got.MoneyError != "nobody let us in" {
		t.Errorf("%+v, %q", got.Money, got.MoneyError)
	}
}

// TestNothingIsHeldInEveryCurrency: what is held after the lock is written with the decimals of its currency.
func TestNothingIsHeldInEveryCurrency(t *testing.T) {
	for budget, want := range map[string]string{"500.00": "0.00", "0.05": "0.00", "1200": "0", "0": "0", "12.345": "0.000"} {
		s := settled(t)
		event := schemas.NewEvent("x", schemas.StatementAdjusted, s.id, 0, schemas.Statement{Version: 0, Budget: dollars(budget)})
		value, err := topics.StatementCodec{}.Encode(&event)
		if err != nil {
			t.Fatal(err)
		}
		s.add(topics.CampaignStatements, value)
		if got := told(t, s).Money.Held.Amount; got != want {
			t.Errorf("of %s nothing is written %q, want %q", budget, got, want)
		}
	}
}
