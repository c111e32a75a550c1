//go:build kafka

package pgstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

const fast = "fsync=off"

func TestWrite(t *testing.T) {
	d := startDatabases(t, fast)
	for name, test := range map[string]func(*testing.T, string){
		"a campaign from schedule to release":      testWholeStory,
		"a release before its settle is parked":    testParked,
		"read again, nothing changes":              testReadAgain,
		"a gap is waited for":                      testGap,
		"other content is a conflict":              testConflicts,
		"a release that does not fit is held back": testUnfitting,
		"an overtaken owner writes nothing":        testOvertaken,
		"another topic of the same name":           testOtherTopic,
		"what a text may not hold":                 testTexts,
		"scale and size of money":                  testScale,
		"cursors":                                  testCursors,
		"mistakes of the program":                  testMistakes,
	} {
		t.Run(name, func(t *testing.T) {
			address, drop := d.fresh(t)
			t.Cleanup(drop)
			test(t, address)
		})
	}
}

func testWholeStory(t *testing.T, address string) {
	s := open(t, address)
	ctx := context.Background()
	story := spring()
	story.adjusted = 2
	result := write(t, s, story.batch())
	if result.New != 6+1+3 || result.Booked != 1 || result.Parked != 0 || len(result.Conflicts) != 0 || result.Repeated != 0 {
		t.Errorf("result: %+v", result)
	}
	mustAudit(t, s)
	entries, err := s.LedgerOf(ctx, "c-1")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range entries {
		lines = append(lines, e.Set+" "+e.Account+" "+e.Amount.Text('f'))
	}
	want := []string{
		"c-1/hold/1 hold/c-1 400.00", "c-1/hold/1 funding/USD -400.00",
		"c-1/hold/2 hold/c-1 100.00", "c-1/hold/2 funding/USD -100.00",
		"c-1/release hold/c-1 -500.00", "c-1/release revenue/USD 123.45", "c-1/release wallet/a-1/USD 376.55",
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("ledger:\n%s", strings.Join(lines, "\n"))
	}
	wallets, err := s.Wallet(ctx, "a-1")
	if err != nil || len(wallets) != 1 || wallets[0].Balance.Text('f') != "376.55" || !wallets[0].Held.IsZero() ||
		wallets[0].Spent.Text('f') != "123.45" || wallets[0].Campaigns != 1 {
		t.Errorf("wallet: %+v, %v", wallets, err)
	}
	money, found, err := s.CampaignMoney(ctx, "c-1")
	if err != nil || !found || !money.Released || money.ReleasedAmount.Text('f') != "376.55" || !money.Held.IsZero() || money.Waiting {
		t.Errorf("money: %+v, %v", money, err)
	}
	newest, found, err := s.Statement(ctx, "c-1", pgstore.Newest)
	if err != nil || !found || newest.Version != 3 || newest.AdjustedAt == nil || newest.Impressions.Text('f') != "12.50" {
		t.Errorf("newest statement: %+v, %v", newest, err)
	}
	final, found, err := s.Statement(ctx, "c-1", 1)
	if err != nil || !found || final.Version != 1 || final.AdjustedAt != nil || !strings.Contains(string(final.Body), `"c-1/1"`) {
		t.Errorf("final statement: %+v, %v", final, err)
	}
	if _, found, err := s.CampaignMoney(ctx, "c-2"); found || err != nil {
		t.Errorf("a campaign that is not there: %v, %v", found, err)
	}
}

func testParked(t *testing.T, address string) {
	s := open(t, address)
	story := spring()
	if result := write(t, s, pgstore.Batch{Releases: []pgstore.Release{story.release()}}); result.Parked != 1 || result.Booked != 0 {
		t.Errorf("before the campaign: %+v", result)
	}
	all := story.transitions()
	if result := write(t, s, pgstore.Batch{Transitions: all[:5]}); result.Booked != 0 {
		t.Errorf("before the settle: %+v", result)
	}
	money, _, err := s.CampaignMoney(context.Background(), "c-1")
	if err != nil || money.Held.Text('f') != "500.00" || money.Released || !money.Waiting || money.Settled {
		t.Errorf("before the settle: %+v, %v", money, err)
	}
	if result := write(t, s, pgstore.Batch{Transitions: all[5:]}); result.Booked != 1 {
		t.Errorf("with the settle: %+v", result)
	}
	write(t, s, pgstore.Batch{Statements: story.statements()})
	mustAudit(t, s)
	if once := dump(t, address, false); !strings.Contains(once, "pending_releases 0\n") {
		t.Errorf("it still waits:\n%s", once)
	}
}

func testReadAgain(t *testing.T, address string) {
	s := open(t, address)
	story := spring()
	story.adjusted = 1
	early := story
	early.id = "c-2"
	b := story.batch()
	b.Releases = append(b.Releases, early.release()) // parked for good
	write(t, s, b)
	before := dump(t, address, true)
	result := write(t, s, b)
	if result.New != 0 || result.Repeated != 6+2+2 || len(result.Conflicts) != 0 || result.Booked != 0 || result.Parked != 0 {
		t.Errorf("result: %+v", result)
	}
	doubled := pgstore.Batch{Transitions: append(story.transitions(), story.transitions()...), Statements: append(story.statements(), story.statements()...)}
	if result := write(t, s, doubled); result.New != 0 || len(result.Conflicts) != 0 || result.Repeated != 12+4 {
		t.Errorf("doubled: %+v", result)
	}
	mustSame(t, dump(t, address, true), before, "read again")
}

func testGap(t *testing.T, address string) {
	s := open(t, address)
	story := spring()
	all := story.transitions()
	write(t, s, pgstore.Batch{Transitions: all[2:], Releases: []pgstore.Release{story.release()}})
	money, _, err := s.CampaignMoney(context.Background(), "c-1")
	if err != nil || money.Status != "COMPLETED" || !money.Held.IsZero() || money.Settled || !money.Waiting {
		t.Errorf("behind a gap: %+v, %v", money, err)
	}
	write(t, s, pgstore.Batch{Transitions: all[1:2]})
	if result := write(t, s, pgstore.Batch{Transitions: all[:1]}); result.Booked != 1 {
		t.Errorf("gap filled: %+v", result)
	}
	write(t, s, pgstore.Batch{Statements: story.statements()})
	mustAudit(t, s)
	money, _, err = s.CampaignMoney(context.Background(), "c-1")
	if err != nil || money.Status != "COMPLETED" || !money.Released || money.Budget.Text('f') != "500.00" {
		t.Errorf("gap filled: %+v, %v", money, err)
	}
}

func testConflicts(t *testing.T, address string) {
	s := open(t, address)
	story := spring()
	waiting := story
	waiting.id = "c-2"
	b := story.batch()
	b.Releases = append(b.Releases, waiting.release())
	write(t, s, b)
	before := dump(t, address, true)
	other := story.batch()
	other.Transitions = other.Transitions[:1]
	other.Transitions[0].Campaign.Name = "Other"
	other.Releases[0].Spent, other.Releases[0].Released = amount("123.46"), amount("376.54")
	other.Releases = append(other.Releases, waiting.release())
	other.Releases[1].AdvertiserID = "a-2"
	other.Statements[0].Body = []byte(`{"plays": 11}`)
	taken := story.transitions()[3]
	taken.Sequence = 9
	other.Transitions = append(other.Transitions, taken)
	result := write(t, s, other)
	var keys []string
	for _, c := range result.Conflicts {
		keys = append(keys, c.Kind+" "+c.Key+": "+c.Reason)
		if c.Given == "" || c.Stored == "" && c.Key != "c-1/9" {
			t.Errorf("a conflict says what stands there and what came: %+v", c)
		}
	}
	want := []string{
		"transition c-1/1: other content stands under this key", "transition c-1/9: its id stands under another key",
		"release c-1/release: other content stands under this key", "release c-2/release: other content stands under this key",
		"statement c-1/1: other content stands under this key",
	}
	if strings.Join(keys, "\n") != strings.Join(want, "\n") || result.New != 0 || result.Repeated != 0 {
		t.Errorf("%+v\n%s", result, strings.Join(keys, "\n"))
	}
	mustSame(t, dump(t, address, true), before, "conflicts")
}

func testUnfitting(t *testing.T, address string) {
	s := open(t, address)
	story := spring()
	for name, change := range map[string]func(*pgstore.Release){
		"budget":     func(r *pgstore.Release) { r.Budget, r.Released = amount("500.01"), amount("376.56") },
		"sum":        func(r *pgstore.Release) { r.Released = amount("376.56") },
		"currency":   func(r *pgstore.Release) { r.Currency = "EUR" },
		"advertiser": func(r *pgstore.Release) { r.AdvertiserID = "a-2" },
	} {
		story.id = "c-" + name
		r := story.release()
		change(&r)
		result := write(t, s, pgstore.Batch{Transitions: story.transitions(), Releases: []pgstore.Release{r}})
		if len(result.Conflicts) != 1 || result.Booked != 0 || result.Parked != 1 {
			t.Errorf("%s: %+v", name, result)
		}
		money, _, err := s.CampaignMoney(context.Background(), story.id)
		if err != nil || money.Held.Text('f') != "500.00" || money.Released {
			t.Errorf("%s: %+v, %v", name, money, err)
		}
	}
	mustAudit(t, s)
}

func testOvertaken(t *testing.T, address string) {
	old, present := open(t, address), open(t, address)
	first, second := spring(), spring()
	second.id = "c-2"
	at := pgstore.Partition{Topic: "t", Partition: 3}
	other := pgstore.Partition{Topic: "t", Partition: 4}
	one := first.batch()
	one.Positions = []pgstore.Advance{{Partition: at, From: pgstore.Unread, Next: 10}, {Partition: other, From: pgstore.Unread, Next: 0}}
	write(t, old, one)
	two := second.batch()
	two.Positions = []pgstore.Advance{{Partition: at, From: 10, Next: 20}, {Partition: other, From: 0, Next: 1}}
	write(t, present, two)
	before := dump(t, address, true)
	stale := spring()
	stale.id = "c-3"
	for _, from := range []int64{10, pgstore.Unread} {
		late := stale.batch()
		late.Positions = []pgstore.Advance{{Partition: other, From: 1, Next: 2}, {Partition: at, From: from, Next: 21}}
		_, err := old.Write(context.Background(), late)
		var overtaken *pgstore.OvertakenError
		if !errors.As(err, &overtaken) || !errors.Is(err, pgstore.ErrOvertaken) || overtaken.Present[at] != 20 || overtaken.Present[other] != 1 ||
			pgstore.Retryable(err) {
			t.Errorf("from %d: %v", from, err)
		}
	}
	mustSame(t, dump(t, address, true), before, "overtaken")
	positions, err := present.Positions(context.Background(), "t", "u")
	if err != nil || len(positions) != 2 || positions[at] != 20 || positions[other] != 1 {
		t.Errorf("positions: %v, %v", positions, err)
	}
	if err := present.Rewind(context.Background(), "t"); err != nil {
		t.Fatal(err)
	}
	if result := write(t, present, one); result.New != 0 || len(result.Conflicts) != 0 {
		t.Errorf("read again from the beginning: %+v", result)
	}
}

func testOtherTopic(t *testing.T, address string) {
	s := open(t, address)
	at := pgstore.Partition{Topic: "t"}
	given := pgstore.TopicID{1}
	b := spring().batch()
	b.Positions = []pgstore.Advance{{Partition: at, From: pgstore.Unread, Next: 1}} // as written before ids were known
	write(t, s, b)
	write(t, s, pgstore.Batch{Positions: []pgstore.Advance{{Partition: at, From: 1, Next: 2, TopicID: given}}})
	write(t, s, pgstore.Batch{Positions: []pgstore.Advance{{Partition: at, From: 2, Next: 3}}})
	before := dump(t, address, true)
	for name, err := range map[string]error{
		"looking": s.CheckTopics(t.Context(), map[string]pgstore.TopicID{"t": {2}, "u": {3}}),
		"writing": func() error {
			_, err := s.Write(t.Context(), pgstore.Batch{Positions: []pgstore.Advance{{Partition: at, From: 3, Next: 4, TopicID: pgstore.TopicID{2}}}})
			return err
		}(),
	} {
		if err == nil || !strings.Contains(err.Error(), "written from another topic t ") || pgstore.Retryable(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	mustSame(t, dump(t, address, true), before, "another topic")
	for _, same := range []map[string]pgstore.TopicID{{"t": given}, {"t": {}}, {"u": {2}}, nil} {
		if err := s.CheckTopics(t.Context(), same); err != nil {
			t.Errorf("%v: %v", same, err)
		}
	}
	if err := s.Rewind(t.Context(), "t"); err != nil { // its records are lost, and its tables are kept
		t.Fatal(err)
	}
	again := spring().batch()
	again.Positions = []pgstore.Advance{{Partition: at, From: pgstore.Unread, Next: 1, TopicID: pgstore.TopicID{2}}}
	if result := write(t, s, again); result.New != 0 || len(result.Conflicts) != 0 {
		t.Errorf("written on from the new topic: %+v", result)
	}
	if err := s.CheckTopics(t.Context(), map[string]pgstore.TopicID{"t": {2}}); err != nil {
		t.Error(err)
	}
}

func testTexts(t *testing.T, address string) {
	s := open(t, address)
	story := spring()
	b := story.batch()
	for i := range b.Transitions {
		b.Transitions[i].Campaign.Name = "a\x00b\xff 'quoted' {\"x\"} \\ Ωmega"
		b.Transitions[i].ChangeReason = "\x00"
	}
	write(t, s, b)
	if result := write(t, s, b); result.New != 0 || len(result.Conflicts) != 0 {
		t.Errorf("read again: %+v", result)
	}
}

func testScale(t *testing.T, address string) {
	s := open(t, address)
	big := story{
		id: "c-big", advertiser: "a-1", currency: "USD", budgets: []string{"999999999999999999999999999999.999999999999"},
		spent: "0.000000000001", released: "999999999999999999999999999999.999999999998",
	}
	yen := story{id: "c-yen", advertiser: "a-1", currency: "JPY", budgets: []string{"1000"}, spent: "0", released: "1000"}
	none := story{id: "c-none", advertiser: "a-1", currency: "KWD", budgets: []string{"0.000"}, spent: "0.000", released: "0.000"}
	for _, story := range []story{big, yen, none} {
		if result := write(t, s, story.batch()); result.Booked != 1 {
			t.Errorf("%s: %+v", story.id, result)
		}
	}
	mustAudit(t, s)
	wallets, err := s.Wallet(context.Background(), "a-1")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, w := range wallets {
		lines = append(lines, w.Currency+" "+w.Balance.Text('f')+" "+w.Spent.Text('f'))
	}
	want := "JPY 1000 0|KWD 0 0.000|USD 999999999999999999999999999999.999999999998 0.000000000001"
	if got := strings.Join(lines, "|"); got != want {
		t.Errorf("wallets %s, want %s", got, want)
	}
}

func testCursors(t *testing.T, address string) {
	s := open(t, address)
	var b pgstore.Batch
	const count = 2500
	for i := range count {
		story := spring()
		story.id = "c-" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + "-" + amountText(i)
		more := story.batch()
		b.Transitions, b.Releases, b.Statements = append(b.Transitions, more.Transitions...), append(b.Releases, more.Releases...), append(b.Statements, more.Statements...)
	}
	b.Transitions = b.Transitions[:len(b.Transitions)-1] // the last campaign is not settled
	write(t, s, b)
	releases, waiting, last := 0, 0, ""
	for r, err := range s.Releases(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		if r.ID() <= last {
			t.Fatalf("%s after %s", r.ID(), last)
		}
		last = r.ID()
		releases++
		if r.Waiting {
			waiting++
		} else if r.Ledger.Budget.Cmp(&r.Budget) != 0 || r.Ledger.Spent.Cmp(&r.Spent) != 0 || r.Ledger.Released.Cmp(&r.Released) != 0 {
			t.Fatalf("the ledger says something else: %+v", r)
		}
	}
	statements := 0
	for _, err := range s.Statements(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		statements++
	}
	if releases != count || waiting != 1 || statements != count {
		t.Errorf("%d releases, %d of them waiting, %d statements", releases, waiting, statements)
	}
}

func testMistakes(t *testing.T, address string) {
	s := open(t, address)
	nan := spring().release()
	nan.Spent.Form = 2 // apd.NaN and apd.Infinite are not money
	at := pgstore.Partition{Topic: "t"}
	for name, b := range map[string]pgstore.Batch{
		"NaN":           {Releases: []pgstore.Release{nan}},
		"back":          {Positions: []pgstore.Advance{{Partition: at, From: 2, Next: 1}}},
		"twice":         {Positions: []pgstore.Advance{{Partition: at, From: 2, Next: 2}, {Partition: at, From: 2, Next: 2}}},
		"no JSON":       {Statements: []pgstore.Statement{{CampaignID: "c-1", Version: 1, Body: []byte("{")}}},
		"no transition": {Transitions: []pgstore.Transition{{}}},
	} {
		if _, err := s.Write(context.Background(), b); err == nil || pgstore.Retryable(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if result := write(t, s, pgstore.Batch{}); result.New != 0 {
		t.Errorf("nothing: %+v", result)
	}
}
