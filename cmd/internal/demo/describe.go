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
Two simulated stores with two screens each, and five campaigns of the next quarter of a minute, published to campaign-events. The
screens get their playlists from their stores' topics, signed, fetch the spots over HTTP, show them, and report to plays. UTC:

`

// howToGoOn is shown when the demonstration is over. tables says why there are no tables, "" when there are.
func howToGoOn(campaign, tables string) string {
	state := "Campaigns, statements, wallets and the ledger are in Postgres as well."
	if tables != "" {
		why := strings.Join(strings.Fields(tables), " ") // an error of several lines
		state = "There are no tables in Postgres yet, and so no wallets: " + timeline.Printable(why)
	}
	return fmt.Sprintf(`
That was the demonstration. The engine and the stores go on; what the engine holds is there when it is started again. In another
terminal:

%[1]s
%[2]s

Ctrl-C ends it.
`, hints(timeline.Printable(campaign)), state)
}

// hints are commands to go on with, and what each is for, one below the other.
func hints(campaign string) string {
	var text strings.Builder
	for _, h := range [][2]string{
		{"timeline " + campaign, "all that happened to it, and how late"},
		{"readiness " + campaign, "on how many screens it was at its start"},
		{"statement " + campaign, "what was counted, and what was not"},
		{"wallet " + advertiser, "what came back to the advertiser"},
		{"store demo-store-1", "its screens; campaignctl device demo-store-1-d1: one of them"},
		{"tail --from-beginning transitions-applied", "what was applied to all campaigns"},
		{"publish mine.jsonl", `one of your own: README, "A campaign of your own"`},
	} {
		fmt.Fprintf(&text, "  bin/campaignctl %-43s # %s\n", h[0], h[1])
	}
	return text.String()
}

// Describe returns a line for a person, and whether it is a campaign's last: its release. What it tells was written by others:
// nothing of it reaches the terminal but what can be printed.
func Describe(r *kgo.Record) (line string, released bool) {
	line, released = tellRecord(r)
	return timeline.Printable(line), released
}

func tellRecord(r *kgo.Record) (text string, released bool) {
	switch topics.Name(r.Topic) {
	case topics.TransitionsApplied:
		if event, refusal := topics.DecodeApplied(r.Value); refusal == nil {
			d := event.Data
			what := fmt.Sprintf("%9s → %-9s %s", d.From, d.To, late(d.Due))
			return line(d.DecidedAt, d.CampaignID, string(d.Transition), what), false
		}
	case topics.TransitionsRejected:
		if event, is := topics.Decoded[schemas.Rejected](topics.RejectedCodec{}, r.Value); is {
			d := event.Data
			what := fmt.Sprintf("%9s   rejected: %s", d.Status, d.Reason)
			return line(d.DecidedAt, d.CampaignID, string(d.Transition), what), false
		}
	case topics.CampaignStatements:
		if event, is := read[schemas.Statement](r.Value); is {
			return tellStatement(event), false
		}
	case topics.BudgetReleased:
		if event, is := read[schemas.Released](r.Value); is {
			d := event.Data
			return dated(event.Time, d.CampaignID, "release", fmt.Sprintf("%s of %s %s back to %s",
				d.Released.Amount, d.Budget.Amount, d.Budget.Currency, d.AdvertiserID)), true
		}
	case topics.DeadLetters:
		if event, is := topics.Decoded[schemas.Refused](topics.RefusedCodec{}, r.Value); is {
			d := event.Data
			return line(d.Timestamp, string(r.Key), "refused", fmt.Sprintf("%s (%s)", d.Reason, d.Detail)), false
		}
	}
	return "", false
}

// tellStatement tells what was counted at the lock, or what came after it.
func tellStatement(event *schemas.Event[schemas.Statement]) string {
	d := &event.Data
	if d.Late != nil && d.Version > 1 {
		return dated(event.Time, d.CampaignID, "adjust",
			fmt.Sprintf("%s; came after the lock, and not charged: %d", counted(int(d.Plays), "play"), d.Late.Plays))
	}
	text := fmt.Sprintf("%s, %s impressions, %s %s", counted(int(d.Plays), "play"), d.Impressions, d.Spent.Amount, d.Spent.Currency)
	var not []string
	for _, verdict := range schemas.Verdicts() {
		if count := d.NotCounted[verdict]; count > 0 {
			not = append(not, fmt.Sprintf("%d %s", count, verdict))
		}
	}
	if len(not) > 0 {
		text += "; not counted: " + strings.Join(not, ", ")
	}
	return dated(event.Time, d.CampaignID, "lock", text)
}

func read[D any](value []byte) (*schemas.Event[D], bool) {
	event := new(schemas.Event[D])
	return event, json.Unmarshal(value, event) == nil
}

const clockLayout = "15:04:05.000"

// line is a line of the account: when, whose, what.
func line(at schemas.Instant, whose, what, text string) string {
	return fmt.Sprintf("%s  %-22s %-11s %s", at.Time().Format(clockLayout), whose, what, text)
}

// dated is the line of an event, which may have no time.
func dated(at *schemas.Instant, whose, what, text string) string {
	if at == nil {
		at = new(schemas.Instant)
	}
	return line(*at, whose, what, text)
}

// late tells a timed transition's lateness; an operator's change has none.
func late(d schemas.Due) string {
	switch d.Transition {
	case schemas.Distribute, schemas.Start, schemas.End, schemas.Settle:
		return fmt.Sprintf("%d ms late", d.LatenessMs)
	}
	return d.ChangeReason
}
