package reconcile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/cmd/internal/reconcile"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/topics"
)

// books are the topics and the ledger of some campaigns; as they are made, they agree.
type books struct {
	t       *testing.T
	records []topics.Record
	ledger  tables
}

// tables are the ledger.
type tables struct {
	holds      []pgstore.CampaignHold
	releases   []pgstore.BookedRelease
	statements []pgstore.Statement
	wallets    []pgstore.Balance
	audit      []pgstore.Break
	fails      error // at the end of the statements
}

func walk[T any](rows []T, fails error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
		if fails != nil {
			yield(*new(T), fails)
		}
	}
}

func (l *tables) Holds(context.Context) iter.Seq2[pgstore.CampaignHold, error] {
	return walk(l.holds, nil)
}
func (l *tables) Releases(context.Context) iter.Seq2[pgstore.BookedRelease, error] {
	return walk(l.releases, nil)
}
func (l *tables) Statements(context.Context) iter.Seq2[pgstore.Statement, error] {
	return walk(l.statements, l.fails)
}
func (l *tables) Wallets(context.Context) iter.Seq2[pgstore.Balance, error] {
	return walk(l.wallets, nil)
}
func (l *tables) Audit(context.Context) ([]pgstore.Break, error) { return l.audit, nil }

func amount(text string) apd.Decimal {
	d, _, err := apd.NewFromString(text)
	if err != nil {
		panic(err)
	}
	return *d
}

func usd(amount string) schemas.Money { return schemas.Money{Amount: amount, Currency: "USD"} }

// add writes a record behind those of its topic.
func (b *books) add(topic topics.Name, value []byte, err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	offset := int64(0)
	for _, r := range b.records {
		if r.Topic == string(topic) {
			offset++
		}
	}
	b.records = append(b.records, topics.Record{Topic: string(topic), Offset: offset, Value: value})
}

func (b *books) applied(id, advertiser, budget string, sequence int64, transition schemas.Transition, to schemas.Status) {
	placed, err := topics.EncodePlaced(schemas.Placed{CampaignID: id, Revision: 1, AdvertiserID: advertiser, TimeZone: "UTC", StartsAt: 1,
		EndsAt: 2, Budget: usd(budget)})
	if err != nil {
		b.t.Fatal(err)
	}
	due := schemas.Due{TransitionID: fmt.Sprintf("%s/1/%s", id, transition), CampaignID: id, Revision: 1, Transition: transition, Campaign: placed}
	event := schemas.NewEvent(due.TransitionID+"/applied", schemas.TransitionApplied, id, 0,
		schemas.Applied{Due: due, To: to, Sequence: sequence})
	if transition != schemas.Schedule {
		event.Data.From = to
	}
	value, err := topics.EncodeApplied(&event)
	b.add(topics.TransitionsApplied, value, err)
}

func (b *books) released(id, advertiser, budget, spent, released string) {
	event := schemas.NewEvent(id, schemas.BudgetReleased, id, 0, schemas.Released{ReleaseID: schemas.ReleaseID(id), CampaignID: id,
		AdvertiserID: advertiser, Budget: usd(budget), Spent: usd(spent), Released: usd(released)})
	value, err := topics.ReleasedCodec{}.Encode(&event)
	b.add(topics.BudgetReleased, value, err)
}

func (b *books) stated(id, advertiser string, version int64, budget, spent, released string) {
	data := schemas.Statement{StatementID: fmt.Sprintf("%s/%d", id, version), Version: version, CampaignID: id, AdvertiserID: advertiser,
		Plays: 7, Impressions: "12.5", Budget: usd(budget), Cost: spent, Spent: usd(spent), Released: usd(released)}
	event := schemas.NewEvent(data.StatementID, schemas.StatementFinal, id, 0, data)
	value, err := topics.StatementCodec{}.Encode(&event)
	b.add(topics.CampaignStatements, value, err)
	var body bytes.Buffer
	var raw schemas.RawEvent
	if err := errors.Join(json.Unmarshal(value, &raw), json.Indent(&body, raw.Data, "", " ")); err != nil { // other spaces than the topic's
		b.t.Fatal(err)
	}
	b.ledger.statements = append(b.ledger.statements, pgstore.Statement{CampaignID: id, Version: version, AdvertiserID: advertiser, Plays: 7,
		Impressions: amount("12.50"), Currency: "USD", Budget: amount(budget), Cost: amount(spent), Spent: amount(spent),
		Released: amount(released), Body: body.Bytes()})
}

// settle makes a whole campaign, whose budget was once another.
func (b *books) settle(id, advertiser, budget, spent, released string) {
	b.applied(id, advertiser, "1.00", 1, schemas.Schedule, schemas.Scheduled)
	b.applied(id, advertiser, budget, 2, schemas.Reschedule, schemas.Scheduled)
	b.applied(id, advertiser, budget, 3, schemas.Settle, schemas.Completed)
	b.stated(id, advertiser, 1, budget, spent, released)
	b.stated(id, advertiser, 2, budget, spent, released)
	b.released(id, advertiser, budget, spent, released)
	b.ledger.holds = append(b.ledger.holds, pgstore.CampaignHold{CampaignID: id, AdvertiserID: advertiser, Currency: "USD"})
	r := pgstore.BookedRelease{Release: pgstore.Release{CampaignID: id, AdvertiserID: advertiser, Currency: "USD", Budget: amount(budget),
		Spent: amount(spent), Released: amount(released)}}
	r.Ledger.Budget, r.Ledger.Spent, r.Ledger.Released = amount(budget), amount(spent), amount(released)
	b.ledger.releases = append(b.ledger.releases, r)
}

// agreeing are two settled campaigns of an advertiser, one of another, and one that runs.
func agreeing(t *testing.T) *books {
	b := &books{t: t}
	b.settle("c-1", "a-1", "500.00", "0.63", "499.37")
	b.settle("c-2", "a-1", "10.00", "10.00", "0.00")
	b.settle("c-3", "a-2", "3.10", "0.00", "3.10")
	b.applied("c-4", "a-2", "77.00", 1, schemas.Schedule, schemas.Scheduled)
	b.ledger.holds = append(b.ledger.holds, pgstore.CampaignHold{CampaignID: "c-4", AdvertiserID: "a-2", Currency: "USD", Balance: amount("77")})
	b.ledger.wallets = []pgstore.Balance{
		{Account: "wallet/a-1/USD", AdvertiserID: "a-1", Currency: "USD", Amount: amount("499.37")},
		{Account: "wallet/a-2/USD", AdvertiserID: "a-2", Currency: "USD", Amount: amount("3.1")},
	}
	return b
}

// everything says that all was written to the ledger.
func everything(topics.Name, int32) int64 { return 1 << 40 }

// answered is later than all settlements.
const answered = 1

func (b *books) compare(projected reconcile.Projected, advertiser string) *reconcile.Result {
	b.t.Helper()
	fold := reconcile.NewFold(projected, advertiser, 0, answered)
	for _, r := range b.records {
		fold.Add(r)
	}
	result, err := fold.Compare(context.Background(), &b.ledger)
	if err != nil {
		b.t.Fatal(err)
	}
	return result
}

// lose takes what one campaign has in topics out of them and of the ledger: as if it had never been written.
func (b *books) lose(from ...topics.Name) {
	for _, topic := range from {
		b.records = without(b.records, topic, "c-1")
	}
	b.ledger.holds[0].Balance = amount("500")
	b.ledger.releases, b.ledger.wallets = b.ledger.releases[1:], b.ledger.wallets[1:]
	if slices.Contains(from, topics.CampaignStatements) {
		b.ledger.statements = b.ledger.statements[2:]
	}
}

func without(records []topics.Record, topic topics.Name, id string) []topics.Record {
	return slices.DeleteFunc(records, func(r topics.Record) bool {
		return r.Topic == string(topic) && bytes.Contains(r.Value, []byte(`"`+id+`"`))
	})
}

// TestARecentSettlementMayWait: its plays are still being read.
func TestARecentSettlementMayWait(t *testing.T) {
	b := agreeing(t)
	b.lose(topics.BudgetReleased, topics.CampaignStatements)
	fold := reconcile.NewFold(everything, "", 0, 0)
	for _, r := range b.records {
		fold.Add(r)
	}
	result, err := fold.Compare(t.Context(), &b.ledger)
	if err != nil || result.Count > 0 {
		t.Errorf("%v: %+v", err, result.Breaks)
	}
}

// found are the breaks in the form "class kind key".
func found(r *reconcile.Result) []string {
	all := []string{}
	for _, b := range r.Breaks {
		all = append(all, fmt.Sprintf("%s %s %s", b.Class, b.Kind, b.Key))
	}
	return all
}

// plantedBreaks are single differences between topics and ledger, and what is found of each.
var plantedBreaks = []struct {
	name  string
	plant func(*books)
	want  []string
}{
	{"none", func(*books) {}, []string{}},
	{"a campaign is not in the ledger", func(b *books) { b.ledger.holds = b.ledger.holds[1:] }, []string{"missing campaign c-1"}},
	{"a campaign is in the ledger alone", func(b *books) {
		b.ledger.holds = append(b.ledger.holds, pgstore.CampaignHold{CampaignID: "c-9", Currency: "USD"})
	}, []string{"extra campaign c-9"}},
	{"a hold is too small by a cent", func(b *books) { b.ledger.holds[3].Balance = amount("76.99") }, []string{"amount hold c-4"}},
	{"a hold is left after the release", func(b *books) { b.ledger.holds[0].Balance = amount("500") }, []string{"amount hold c-1"}},
	{"a hold is in another currency", func(b *books) { b.ledger.holds[3].Currency = "EUR" }, []string{"currency hold c-4"}},
	{"a campaign is another's", func(b *books) { b.ledger.holds[3].AdvertiserID = "a-1" }, []string{"content campaign c-4"}},
	{"a release is not in the ledger", func(b *books) { b.ledger.releases = b.ledger.releases[1:] }, []string{"missing release c-1/release"}},
	{"a release waits, and nothing is to come", func(b *books) {
		r := &b.ledger.releases[0]
		r.Waiting = true
		r.Ledger.Budget, r.Ledger.Spent, r.Ledger.Released = apd.Decimal{}, apd.Decimal{}, apd.Decimal{}
	}, []string{"missing release c-1/release"}},
	{"a release is in the ledger alone", func(b *books) {
		b.ledger.releases = append(b.ledger.releases, pgstore.BookedRelease{Release: pgstore.Release{CampaignID: "c-9", AdvertiserID: "a-1"}})
	}, []string{"extra release c-9/release"}},
	{"a release stands in the topics twice", func(b *books) { b.released("c-3", "a-2", "3.10", "0.00", "3.10") },
		[]string{"duplicate release c-3/release"}},
	{"a release says another amount", func(b *books) { b.ledger.releases[0].Spent = amount("0.64") }, []string{"amount release c-1/release"}},
	{"the entries say another amount", func(b *books) { b.ledger.releases[0].Ledger.Released = amount("499.36") },
		[]string{"amount release c-1/release"}},
	{"a release is in another currency", func(b *books) { b.ledger.releases[0].Currency = "JPY" }, []string{"currency release c-1/release"}},
	{"a release goes to another", func(b *books) { b.ledger.releases[0].AdvertiserID = "a-2" }, []string{"content release c-1/release"}},
	{"a statement is not in the ledger", func(b *books) { b.ledger.statements = b.ledger.statements[1:] }, []string{"missing statement c-1/1"}},
	{"a statement is in the ledger alone", func(b *books) {
		s := b.ledger.statements[1]
		s.Version = 3
		b.ledger.statements = append(b.ledger.statements, s)
	}, []string{"extra statement c-1/3"}},
	{"a statement stands in the topics twice", func(b *books) {
		b.stated("c-1", "a-1", 2, "500.00", "0.63", "499.37")
		b.ledger.statements = b.ledger.statements[:6]
	}, []string{"duplicate statement c-1/2"}},
	{"a statement says another amount", func(b *books) { b.ledger.statements[0].Released = amount("1") }, []string{"amount statement c-1/1"}},
	{"a statement counts other plays", func(b *books) { b.ledger.statements[0].Plays++ }, []string{"amount statement c-1/1"}},
	{"a statement is in another currency", func(b *books) { b.ledger.statements[0].Currency = "EUR" }, []string{"currency statement c-1/1"}},
	{"a statement's document says something else", func(b *books) {
		b.ledger.statements[0].Body = bytes.Replace(b.ledger.statements[0].Body, []byte(`"12.5"`), []byte(`"12.6"`), 1)
	}, []string{"content statement c-1/1"}},
	{"a wallet is not in the ledger", func(b *books) { b.ledger.wallets = b.ledger.wallets[1:] }, []string{"missing wallet wallet/a-1/USD"}},
	{"a wallet has too much", func(b *books) { b.ledger.wallets[0].Amount = amount("499.38") }, []string{"amount wallet wallet/a-1/USD"}},
	{"a wallet comes from nowhere", func(b *books) {
		b.ledger.wallets = append(b.ledger.wallets, pgstore.Balance{Account: "wallet/a-9/USD", AdvertiserID: "a-9", Currency: "USD"})
	}, []string{"extra wallet wallet/a-9/USD"}},
	{"a transition stands in the topics twice", func(b *books) {
		b.applied("c-4", "a-2", "1.00", 1, schemas.Schedule, schemas.Scheduled)
	}, []string{"duplicate transition c-4/1"}},
	{"the ledger contradicts itself", func(b *books) { b.ledger.audit = []pgstore.Break{{Place: "set x", What: "its entries sum to 1"}} },
		[]string{"unbalanced ledger set x"}},
	{"a settlement has neither release nor statement anywhere", func(b *books) {
		b.lose(topics.BudgetReleased, topics.CampaignStatements)
	}, []string{"missing release c-1/release", "missing statement c-1/1"}},
	{"a settlement has no release anywhere", func(b *books) { b.lose(topics.BudgetReleased) }, []string{"missing release c-1/release"}},
	{"a release is in the ledger, and the topics have lost it", func(b *books) {
		b.records = without(b.records, topics.BudgetReleased, "c-1")
		b.ledger.holds[0].Balance = amount("500")
		b.ledger.wallets = b.ledger.wallets[1:]
	}, []string{"extra release c-1/release"}},
	{"two at once", func(b *books) {
		b.ledger.holds[3].Balance = amount("0")
		b.ledger.wallets = nil
	}, []string{"amount hold c-4", "missing wallet wallet/a-1/USD", "missing wallet wallet/a-2/USD"}},
}

func TestPlantedBreaks(t *testing.T) {
	for _, c := range plantedBreaks {
		t.Run(c.name, func(t *testing.T) {
			b := agreeing(t)
			c.plant(b)
			got := b.compare(everything, "")
			if diff := cmp.Diff(c.want, found(got)); diff != "" || got.Count != int64(len(c.want)) {
				t.Errorf("%d breaks (-want +got):\n%s", got.Count, diff)
			}
		})
	}
}

// TestWhatIsNotProjectedYetIsNoBreak cuts the ledger's positions at each offset of each topic: the ledger is then as it was
// when it was written up to there, or, where positions were set back, as it is at the end.
func TestWhatIsNotProjectedYetIsNoBreak(t *testing.T) {
	whole := agreeing(t)
	last := make(map[topics.Name]int64)
	for _, r := range whole.records {
		last[topics.Name(r.Topic)] = r.Offset + 1
	}
	for _, topic := range reconcile.Topics() {
		for position := range last[topic] {
			projected := func(of topics.Name, _ int32) int64 {
				if of == topic {
					return position
				}
				return last[of]
			}
			result := whole.compare(projected, "")
			if len(result.Breaks) > 0 {
				t.Errorf("with %s written up to %d of %d: %v", topic, position, last[topic], result.Breaks)
			}
			behind := result.NotYet.Transitions + result.NotYet.Releases + result.NotYet.Statements
			if behind != last[topic]-position {
				t.Errorf("with %s written up to %d of %d, %d are not yet there", topic, position, last[topic], behind)
			}
		}
	}
	empty := &books{t: t, records: whole.records}
	if result := empty.compare(func(topics.Name, int32) int64 { return 0 }, ""); len(result.Breaks) > 0 || result.NotYet.Releases != 3 {
		t.Errorf("an empty ledger that nothing was written to: %+v", result)
	}
}

// TestReleaseBeforeItsSettle: the tables read a release before the settle that it answers to, and it waits.
func TestReleaseBeforeItsSettle(t *testing.T) {
	b := agreeing(t)
	settle := int64(2) // of c-1
	r := &b.ledger.releases[0]
	r.Waiting = true
	r.Ledger.Budget, r.Ledger.Spent, r.Ledger.Released = apd.Decimal{}, apd.Decimal{}, apd.Decimal{}
	b.records = slices.DeleteFunc(b.records, func(r topics.Record) bool { // later ones are of other campaigns
		return r.Topic == string(topics.TransitionsApplied) && r.Offset > settle
	})
	b.ledger.holds, b.ledger.releases = b.ledger.holds[:1], b.ledger.releases[:1]
	b.ledger.holds[0].Balance = amount("500")
	b.ledger.statements, b.ledger.wallets = b.ledger.statements[:2], nil
	b.records = slices.DeleteFunc(b.records, func(r topics.Record) bool {
		return r.Topic == string(topics.BudgetReleased) && r.Offset > 0 || r.Topic == string(topics.CampaignStatements) && r.Offset > 1
	})
	projected := func(topic topics.Name, _ int32) int64 {
		if topic == topics.TransitionsApplied {
			return settle
		}
		return 1 << 40
	}
	if got := b.compare(projected, ""); len(got.Breaks) > 0 {
		t.Errorf("%+v", got.Breaks)
	}
	if got, want := found(b.compare(everything, "")), []string{"amount hold c-1", "missing release c-1/release", "missing wallet wallet/a-1/USD"}; !slices.Equal(got, want) {
		t.Errorf("with the settle written: %v, want %v", got, want)
	}
}

// TestTopicsMayComeInAnyOrder: within one topic records keep their order, between them they do not.
func TestTopicsMayComeInAnyOrder(t *testing.T) {
	const seed = 1
	draw := rand.New(rand.NewPCG(seed, 0))
	b := agreeing(t)
	b.ledger.wallets[0].Amount = amount("1")
	want := b.compare(everything, "")
	for range 20 {
		order := slices.Clone(reconcile.Topics())
		draw.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		slices.SortStableFunc(b.records, func(x, y topics.Record) int {
			return slices.Index(order, topics.Name(x.Topic)) - slices.Index(order, topics.Name(y.Topic))
		})
		if diff := cmp.Diff(want, b.compare(everything, "")); diff != "" {
			t.Fatalf("seed %d, in the order %v (-want +got):\n%s", seed, order, diff)
		}
	}
}

func TestOneAdvertiser(t *testing.T) {
	b := agreeing(t)
	b.ledger.wallets[1].Amount = amount("0") // another's
	if got := b.compare(everything, "a-1"); len(got.Breaks) > 0 || got.Topics.Campaigns != 2 || got.Ledger.Releases != 2 || got.Ledger.Wallets != 1 {
		t.Errorf("%+v", got)
	}
	if got := found(b.compare(everything, "a-2")); !slices.Equal(got, []string{"amount wallet wallet/a-2/USD"}) {
		t.Errorf("%v", got)
	}
}

func TestManyBreaksAreCountedAndCut(t *testing.T) {
	b := agreeing(t)
	fold := reconcile.NewFold(everything, "", 2, answered)
	for _, r := range b.records {
		fold.Add(r)
	}
	fold.Add(topics.Record{Topic: string(topics.BudgetReleased), Value: []byte("{}")})
	result, err := fold.Compare(t.Context(), &tables{})
	if err != nil || len(result.Breaks) != 2 || result.Count != 4+3+6+2 || result.ByClass[reconcile.Missing] != result.Count || result.Unreadable != 1 {
		t.Errorf("%v: %+v", err, result)
	}
	var out strings.Builder
	if err := result.Write(&out, false); err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{
		"BREAK    WHAT      KEY  DETAIL\nmissing  campaign  c-1  500.00 USD are to be held, or were released\n",
		"and 13 more; --limit 0 shows all\n", "Breaks      15: 15 missing\n", "Unreadable  records 1",
	} {
		if !strings.Contains(out.String(), says) {
			t.Errorf("%q is not in\n%s", says, out.String())
		}
	}
}

func TestLedgerThatFails(t *testing.T) {
	b := agreeing(t)
	b.ledger.fails = errors.New("the connection was lost")
	fold := reconcile.NewFold(everything, "", 0, answered)
	if _, err := fold.Compare(t.Context(), &b.ledger); !errors.Is(err, b.ledger.fails) {
		t.Errorf("%v", err)
	}
}
