package demo

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

const heading = `
Five campaigns of the next ten seconds, published to campaign-events. UTC, and what became of each:

`

// howToGoOn is shown when the demonstration is over.
func howToGoOn(campaign string) string {
	return fmt.Sprintf(`
That was the demonstration. The engine goes on, and keeps what it holds when it is started again. In another terminal:

  bin/campaignctl timeline %s
  bin/campaignctl tail --from-beginning transitions-applied
  bin/campaignctl publish mine.jsonl      # one of your own: README, "A campaign of your own"

Ctrl-C ends it.
`, timeline.Printable(campaign))
}

// describe returns a line for a person, and whether it settles a campaign. What it tells was written by others: nothing of
// it reaches the terminal but what can be printed.
func describe(r *kgo.Record) (line string, settled bool) {
	line, settled = tellRecord(r)
	return timeline.Printable(line), settled
}

func tellRecord(r *kgo.Record) (line string, settled bool) {
	switch topics.Name(r.Topic) {
	case topics.TransitionsApplied:
		event, refusal := topics.DecodeApplied(r.Value)
		if refusal != nil {
			return "", false
		}
		d := event.Data
		return fmt.Sprintf("%s  %-22s %-11s %9s → %-9s %s",
			clock(d.DecidedAt), d.CampaignID, d.Transition, d.From, d.To, late(d.Due)), d.Transition == schemas.Settle
	case topics.TransitionsRejected:
		event, ok := decoded[schemas.Rejected](topics.RejectedCodec{}, r.Value)
		if !ok {
			return "", false
		}
		d := event.Data
		return fmt.Sprintf("%s  %-22s %-11s %9s   rejected: %s",
			clock(d.DecidedAt), d.CampaignID, d.Transition, d.Status, d.Reason), false
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

func decoded[D any](codec interface{ Decode([]byte) (any, error) }, value []byte) (*schemas.Event[D], bool) {
	message, err := codec.Decode(value)
	if err != nil {
		return nil, false
	}
	event, ok := message.(*schemas.Event[D])
	return event, ok
}

func clock(at schemas.Instant) string { return at.Time().Format("15:04:05.000") }

// late tells a timed transition's lateness; an operator's change has none.
func late(d schemas.Due) string {
	switch d.Transition {
	case schemas.Distribute, schemas.Start, schemas.End, schemas.Settle:
		return fmt.Sprintf("%d ms late", d.LatenessMs)
	}
	return d.ChangeReason
}
