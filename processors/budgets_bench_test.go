package processors

import (
	"fmt"
	"testing"

	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/money"
	"github.com/rmn-arms/campaign-engine/topics"
)

// buckets are parts in memory.
type buckets map[string][]byte

func (b buckets) Part(name string) []byte { return b[name] }

func (b buckets) SetPart(name string, value []byte) { b[name] = value }

// BenchmarkPlay takes plays into the accounts of a thousand campaigns, from their bytes to those of the row: all that budgets
// does for one, the engine apart.
func BenchmarkPlay(b *testing.B) {
	const campaigns, start = 1000, 1_796_115_600_000
	amount, err := money.ParseAmount("500000.00", "EUR")
	if err != nil {
		b.Fatal(err)
	}
	cpm, err := money.ParseRate("2.50")
	if err != nil {
		b.Fatal(err)
	}
	rows, parts := make([][]byte, campaigns), make([]buckets, campaigns)
	for i := range campaigns {
		parts[i] = buckets{}
		var account budget.Account
		for sequence, change := range []budget.Change{
			{To: budget.Scheduled, Kind: budget.Redefinition, DecidedAt: start, Definition: budget.Definition{
				AdvertiserID: "a-1", StartsAt: start, EndsAt: start + 1e9, Budget: amount, CPM: cpm,
			}},
			{From: budget.Scheduled, To: budget.Active, Kind: budget.Timed, ScheduledFor: start, DecidedAt: start},
		} {
			change.Sequence = int64(sequence) + 1
			if _, err := account.Apply(parts[i], &change, budget.Position{}, 0, start); err != nil {
				b.Fatal(err)
			}
		}
		rows[i] = account.AppendBinary(nil)
	}
	plays := make([][]byte, b.N)
	for i := range plays {
		plays[i] = fmt.Appendf(nil, `{"specversion":"1.0","id":"e-%d","source":"gateway","type":"play.reported","subject":"c-%d","data":{`+
			`"play_id":"c-%d-p-%d","campaign_id":"c-%d","creative_id":"cr-1","device_id":"d-1","store_id":"s-%d",`+
			`"started_at":"2026-12-01T09:30:00.000Z","ended_at":"2026-12-01T09:30:15.000Z","impressions":"12.5"}}`,
			i, i%campaigns, i%campaigns, i, i%campaigns, i%40)
	}
	key := make([][]byte, campaigns)
	for i := range key {
		key[i] = fmt.Appendf(nil, "c-%d", i)
	}
	codec := accountRows{}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		c := i % campaigns
		event, refusal := topics.DecodePlay(key[c], plays[i], nil)
		if refusal != nil {
			b.Fatal(refusal)
		}
		value, err := codec.Decode(rows[c])
		if err != nil {
			b.Fatal(err)
		}
		account, is := value.(*budget.Account)
		if !is {
			b.Fatal("the row cannot be read")
		}
		play := playOf(event.Play)
		if _, err := account.Report(parts[c], &play, budget.Position{Offset: int64(i)}, budget.HeldMax, start); err != nil {
			b.Fatal(err)
		}
		if rows[c], err = codec.Encode(account); err != nil {
			b.Fatal(err)
		}
		if _, readable := codec.DueOf(rows[c]); !readable {
			b.Fatal("the row cannot be read")
		}
	}
}
