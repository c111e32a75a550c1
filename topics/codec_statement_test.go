package topics

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/schemas"
)

func sampleReleased() *schemas.Event[schemas.Released] {
	dollars := func(amount string) schemas.Money { return schemas.Money{Amount: amount, Currency: "USD"} }
	id := schemas.ReleaseID("c-1")
	event := schemas.NewEvent(id, schemas.BudgetReleased, "c-1", 1_796_101_200_021, schemas.Released{
		ReleaseID: id, CampaignID: "c-1", AdvertiserID: "a-1",
		Budget: dollars("500.00"), Spent: dollars("123.46"), Released: dollars("376.54"),
	})
	return &event
}

// sampleStatement returns an adjusted statement of so many stores and creatives, whose texts are the longest that there may
// be, with every verdict.
func sampleStatement(lines int) *schemas.Event[schemas.Statement] {
	const at = schemas.InstantMax
	id, sum := strings.Repeat("c", schemas.IDMaxChars), strings.Repeat("9", 64)
	dollars := schemas.Money{Amount: strings.Repeat("9", schemas.DecimalMaxChars), Currency: "USD"}
	tally := schemas.Tally{Plays: 1<<63 - 1, Impressions: sum}
	adjusted := at
	s := schemas.Statement{
		StatementID: id + "/2", Version: 2, CampaignID: id, AdvertiserID: id, Revision: schemas.IntegerMax, Status: schemas.Completed,
		LockedAt: at, AdjustedAt: &adjusted, Window: schemas.Window{StartsAt: at, EndsAt: at}, Plays: tally.Plays, Impressions: sum,
		Overran: tally.Plays, Budget: dollars, Cost: sum, Spent: dollars, Released: dollars,
		ByStore: []schemas.StoreLine{}, ByStoreTotal: 10_000, ByCreative: []schemas.CreativeLine{}, ByCreativeTotal: 10_000,
		NotCounted: map[schemas.Verdict]int64{}, Late: &tally,
		Inputs: map[string]schemas.Position{
			string(Plays): {Partition: 1<<31 - 1, Offset: 1<<63 - 1}, string(TransitionsApplied): {Partition: 3, Offset: 42},
		},
	}
	for _, verdict := range schemas.Verdicts()[1:] {
		s.NotCounted[verdict] = tally.Plays
	}
	for i := range lines {
		name := fmt.Sprintf("%0*d", schemas.IDMaxChars, i)
		s.ByStore = append(s.ByStore, schemas.StoreLine{StoreID: name, Tally: tally})
		s.ByCreative = append(s.ByCreative, schemas.CreativeLine{CreativeID: name, Tally: tally})
	}
	event := schemas.NewEvent(s.StatementID, schemas.StatementAdjusted, id, at, s)
	return &event
}

// TestStatementsAreWrittenAlike: the order of a map is another each time, that of its bytes must not be.
func TestStatementsAreWrittenAlike(t *testing.T) {
	first, err := StatementCodec{}.Encode(sampleStatement(2))
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		again := sampleStatement(2)
		counts := map[schemas.Verdict]int64{}
		for _, verdict := range slices.Backward(slices.Collect(maps.Keys(again.Data.NotCounted))) {
			counts[verdict] = again.Data.NotCounted[verdict]
		}
		again.Data.NotCounted = counts
		encoded, err := StatementCodec{}.Encode(again)
		if err != nil || string(encoded) != string(first) {
			t.Fatalf("%v, first\n%s\nthen\n%s", err, first, encoded)
		}
	}
}

// TestStatementsAreValid: what is left out of a struct, nil lists included, is written as the schema wants it.
func TestStatementsAreValid(t *testing.T) {
	adjusted := sampleStatement(schemas.StatementLinesMax)
	final := *sampleStatement(0)
	final.Type, final.Data.Version, final.Data.StatementID = schemas.StatementFinal, 1, final.Data.CampaignID+"/1"
	final.Data.AdjustedAt, final.Data.Late = nil, nil
	final.Data.ByStore, final.Data.ByCreative, final.Data.NotCounted, final.Data.Inputs = nil, nil, nil, nil
	for _, event := range []*schemas.Event[schemas.Statement]{adjusted, &final} {
		encoded, err := StatementCodec{}.Encode(event)
		if err != nil {
			t.Fatal(err)
		}
		if !isValid(t, shapes(t)[event.Type], string(encoded)) {
			t.Errorf("the schema refuses %.2000s", encoded)
		}
	}
	encoded, err := ReleasedCodec{}.Encode(sampleReleased())
	if err != nil || !isValid(t, shapes(t)[schemas.BudgetReleased], string(encoded)) {
		t.Errorf("%v, the schema refuses %s", err, encoded)
	}
}

func TestLargestStatementFits(t *testing.T) {
	encoded, err := StatementCodec{}.Encode(sampleStatement(schemas.StatementLinesMax))
	if err != nil {
		t.Fatal(err)
	}
	if size := batchMaxOverheadBytes + schemas.IDMaxChars + len(encoded); size > statementMaxBytes() {
		t.Errorf("it has %d bytes, more than the %d that were derived", size, statementMaxBytes())
	}
}

func TestStatementCodecNamesWhatCannotBeWritten(t *testing.T) {
	notUTF8, tooLate := sampleStatement(1), sampleStatement(1)
	notUTF8.Data.ByStore[0].StoreID = "\xff"
	tooLate.Data.LockedAt = schemas.InstantMax + 1
	for name, event := range map[string]*schemas.Event[schemas.Statement]{"text": notUTF8, "instant": tooLate} {
		if encoded, err := (StatementCodec{}).Encode(event); err == nil || encoded != nil {
			t.Errorf("%s: got %.80s, %v", name, encoded, err)
		}
	}
}
