package main

import (
	"fmt"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// describe tells a record in a line for a person: when, where, whose, what.
func describe(r topics.Record, colour bool) string {
	at, what, style := r.Timestamp, "", timeline.Plain
	switch topics.Name(r.Topic) {
	case topics.CampaignEvents:
		what, style = describePublished(r)
	case topics.TransitionsDue:
		if event, refusal := topics.DecodeDue(r.Value); refusal == nil {
			at, what = event.Data.DecidedAt, step(event.Data)+"due"+late(event.Data)
		}
	case topics.TransitionsApplied:
		if event, refusal := topics.DecodeApplied(r.Value); refusal == nil {
			d := event.Data
			edge := fmt.Sprintf("%d: %s", d.Sequence, timeline.Edge(d.From, d.To))
			at, what, style = d.DecidedAt, step(d.Due)+edge+late(d.Due), timeline.Good
		}
	case topics.TransitionsRejected:
		if event, is := topics.Decoded[schemas.Rejected](topics.RejectedCodec{}, r.Value); is {
			at, what, style = event.Data.DecidedAt, step(event.Data.Due)+"rejected: "+string(event.Data.Reason), timeline.Bad
		}
	case topics.Plays, topics.BudgetReleased, topics.CampaignStatements:
		at, what, style = describeMoney(r)
	case topics.CampaignReadiness:
		if told, err := timeline.ReadinessOf(r); err == nil {
			at, what, style = told.At, describeReadiness(told), timeline.Good
			if told.UnreadyTotal > 0 {
				style = timeline.Caution
			}
		}
	case topics.DeadLetters:
		if event, is := topics.Decoded[schemas.Refused](topics.RefusedCodec{}, r.Value); is {
			d := event.Data
			what, style = fmt.Sprintf("%s: %s (%s/%d/%d)", d.Reason, d.Detail, d.Topic, d.Partition, d.Offset), timeline.Bad
		}
	}
	if isAboutDevices(topics.Name(r.Topic)) {
		at, what, style = describeDevices(r)
	}
	if what == "" {
		what, style = fmt.Sprintf("%d bytes at %d/%d", len(r.Value), r.Partition, r.Offset), timeline.Faint
	}
	return fmt.Sprintf("%s  %-20s  %-24s  %s", at, r.Topic, timeline.Printable(string(r.Key)),
		timeline.Paint(timeline.Printable(what), style, colour))
}

// describePublished tells an event as the engine will read it, or why it will not.
func describePublished(r topics.Record) (string, timeline.Style) {
	event, refusal := topics.DecodeCampaignEvent(r.Key, r.Value, r.Headers)
	switch {
	case refusal != nil:
		return fmt.Sprintf("cannot be taken: %s: %s", refusal.Reason, refusal.Detail), timeline.Bad
	case event.Change != nil:
		return fmt.Sprintf("%s, revision %d%s", event.Type, event.Revision(), because(event.Change.Reason)), timeline.Plain
	default:
		d := event.Definition
		return fmt.Sprintf("%s, revision %d: %s, %s to %s %s", event.Type, d.Revision, d.Name, end(d.StartsAt, d.StartsAtLocal),
			end(d.EndsAt, d.EndsAtLocal), d.TimeZone), timeline.Plain
	}
}

func describeReadiness(r *timeline.Readiness) string {
	return fmt.Sprintf("ready: %s, %d failed, %d unreachable", timeline.ReadyOf(r.DevicesReady, r.DevicesTotal), r.DevicesFailed,
		r.DevicesUnreachable)
}

// end writes an end of a window as it was given.
func end(at *schemas.Instant, local string) string {
	if at != nil {
		return at.String()
	}
	return local
}

func step(d schemas.Due) string { return fmt.Sprintf("%-10s  revision %d  ", d.Transition, d.Revision) }

// late tells a timed transition's lateness, and the reason that an operator gave.
func late(d schemas.Due) string {
	if (timeline.Step{Transition: d.Transition}).Timed() {
		return fmt.Sprintf(", %d ms late", d.LatenessMs)
	}
	return because(d.ChangeReason)
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}
