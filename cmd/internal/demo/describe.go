package demo

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

const heading = `
Five campaigns of the next ten seconds, published to campaign-events, and what the screens of two stores have shown of them,
published to plays. UTC, and what became of each:

`

// howToGoOn is shown when the demonstration is over. tables says why there are no tables, "" when there are.
func howToGoOn(campaign, tables string) string {
	state := "Campaigns, statements, wallets and the ledger are in Postgres as well."
	if tables != "" {
		why := strings.Join(strings.Fields(tables), " ") // an error of several lines
		state = "There are no tables in Postgres yet, and so no wallets: " + timeline.Printable(why)
	}
	return fmt.Sprintf(`
That was the demonstration. The engine goes on, and keeps what it holds when it is started again. In another terminal:

  bin/campaignctl timeline %[1]s
  bin/campaignctl statement %[1]s    # what was counted, and what was not
  bin/campaignctl wallet %[2]s            # what came back to the advertiser
  bin/campaignctl tail --from-beginning transitions-applied
  bin/campaignctl publish mine.jsonl                # one of your own: README, "A campaign of your own"

%[3]s

Ctrl-C ends it.
`, timeline.Printable(campaign), advertiser, state)
}

// describe returns a line for a person, and whether it is a campaign's last: its release. What it tells was written by others:
// nothing of it reaches the terminal but what can be printed.
func describe(r *kgo.Record) (line string, released bool) {
	line, released = tellRecord(r)
	return timeline.Printable(line), released
}

func tellRecord(r *kgo.Record) (line string, released bool) {
	switch topics.Name(r.Topic) {
	case topics.TransitionsApplied:
		event, refusal := topics.DecodeApplied(r.Value)
		if refusal != nil {
			return "", false
		}
		d := event.Data
		return fmt.Sprintf("%s  %-22s %-11s %9s → %-9s %s",
			clock(d.DecidedAt), d.CampaignID, d.Transition, d.From, d.To, late(d.Due)), false
	case topics.TransitionsRejected:
		event, ok := decoded[schemas.Rejected](topics.RejectedCodec{}, r.Value)
		if !ok {
			return "", false
		}
		d := event.Data
		return fmt.Sprintf("%s  %-22s %-11s %9s   rejected: %s",
			clock(d.DecidedAt), d.CampaignID, d.Transition, d.Status, d.Reason), false
	case topics.CampaignStatements:
		event, ok := read[schemas.Statement](r.Value)
		if !ok {
			return "", false
		}
		return tellStatement(event), false
	case topics.BudgetReleased:
		event, ok := read[schemas.Released](r.Value)
		if !ok {
			return "", false
		}
		d := event.Data
		return fmt.Sprintf("%s  %-22s %-11s released %s of %s %s to %s",
			dated(event.Time), d.CampaignID, "release", d.Released.Amount, d.Budget.Amount, d.Budget.Currency, d.AdvertiserID), true
	case topics.DeadLetters:
		event, ok := decoded[schemas.Refused](topics.RefusedCodec{}, r.Value)
		if !ok {
			return "", false
		}
		return fmt.Sprintf("%s  %-22s refused: %s (%s)",
			clock(event.Data.Timestamp), r.Key, event.Data.Reason, event.Data.Detail), false
	}
	return "", false
}

// tellStatement tells what was counted at the lock, or what came after it.
func tellStatement(event *schemas.Event[schemas.Statement]) string {
	d := &event.Data
	if d.Late != nil && d.Version > 1 {
		return fmt.Sprintf("%s  %-22s %-11s %d plays; came after the lock, and not charged: %d",
			dated(event.Time), d.CampaignID, "adjust", d.Plays, d.Late.Plays)
	}
	line := fmt.Sprintf("%s  %-22s %-11s %d plays, %s impressions, %s %s",
		dated(event.Time), d.CampaignID, "lock", d.Plays, d.Impressions, d.Spent.Amount, d.Spent.Currency)
	var not []string
	for _, verdict := range schemas.Verdicts() {
		if count := d.NotCounted[verdict]; count > 0 {
			not = append(not, fmt.Sprintf("%d %s", count, verdict))
		}
	}
	if len(not) > 0 {
		line += "; not counted: " + strings.Join(not, ", ")
	}
	return line
}

func read[D any](value []byte) (*schemas.Event[D], bool) {
	event := new(schemas.Event[D])
	return event, json.Unmarshal(value, event) == nil
}

func decoded[D any](codec interface{ Decode([]byte) (any, error) }, value []byte) (*schemas.Event[D], bool) {
	message, err := codec.Decode(value)
	if err != nil {
		return nil, false
	}
	event, ok := message.(*schemas.Event[D])
	return event, ok
}

const clockLayout = "15:04:05.000"

func clock(at schemas.Instant) string { return at.Time().Format(clockLayout) }

// dated tells the time of an event, if it has one.
func dated(at *schemas.Instant) string {
	if at == nil {
		return strings.Repeat(" ", len(clockLayout))
	}
	return clock(*at)
}

// late tells a timed transition's lateness; an operator's change has none.
func late(d schemas.Due) string {
	switch d.Transition {
	case schemas.Distribute, schemas.Start, schemas.End, schemas.Settle:
		return fmt.Sprintf("%d ms late", d.LatenessMs)
	}
	return d.ChangeReason
}
