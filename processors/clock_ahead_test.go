package processors_test

import (
	"fmt"
	"testing"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

const minute = instant.Millis(60_000)

// noon is where these plays begin: 2026-12-01T12:00:00Z.
const noon instant.Instant = 1_796_126_400_000

// definition is the event that defines a campaign which starts and ends so many minutes after noon.
func definition(id string, revision int, starts, ends int) topics.Record {
	at := func(minutes int) string {
		return noon.Add(instant.Millis(minutes) * minute).Time().Format("2006-01-02T15:04:05.000Z")
	}
	return campaignEvent(id, "campaign.updated", revision, fmt.Sprintf(
		`"advertiser_id":"a-1","starts_at":%q,"ends_at":%q,"time_zone":"UTC","budget":{"amount":"1.00","currency":"EUR"}`,
		at(starts), at(ends)))
}

func change(id, kind string, revision int) topics.Record {
	return campaignEvent(id, kind, revision, `"reason":"because"`)
}

func campaignEvent(id, kind string, revision int, data string) topics.Record {
	return topics.Record{
		Topic: string(topics.CampaignEvents), Key: []byte(id), Partition: byKey,
		Value: fmt.Appendf(nil, `{"specversion":"1.0","id":"%[1]s-%[3]d","source":"test","type":%[2]q,"data":{"campaign_id":%[1]q,"revision":%[3]d,%[4]s}}`,
			id, kind, revision, data),
	}
}

// handOver ends the engines, and begins others whose clock is ahead by so much.
func (d *brokerDeployment) handOver(ahead instant.Millis) {
	d.t.Helper()
	d.settle()
	d.stop()
	d.ahead = ahead
	d.start(d.setup.settings)
}

// Campaigns go from an instance whose clock is five minutes ahead to one whose clock is right, and back. What the one ahead
// decides is early by the true time, by no more than that; within a campaign decisions never fall, lateness is never
// negative, no transition comes twice, no timer is lost, and what was dated by the clock ahead is counted.
func TestCampaignsOfAnInstanceThatIsAhead(t *testing.T) {
	t.Parallel()
	const ahead = 5 * minute
	d := newBroker(t, setup{now: noon, partitions: 2, settings: processors.Settings{DistributionLead: 24 * 60 * minute}})
	d.ahead = ahead
	d.start(d.setup.settings)
	book := newDueBook(t)

	// Minute 0 for all, 5 for the one ahead.
	d.publish([]topics.Record{definition("early", 1, 4, 20), definition("mid", 1, 8, 30), definition("late", 1, 40, 60)})
	d.settle()
	book.hear(d, ahead, "early/1/schedule", "early/1/distribute", "early/1/start", "mid/1/schedule", "mid/1/distribute",
		"late/1/schedule", "late/1/distribute")
	book.counted(d, 0)

	// The other one takes over at minute 0: all was decided at 12:05, and it is noon.
	d.handOver(0)
	d.publish([]topics.Record{change("early", "campaign.paused", 2), definition("late", 2, 2, 60)})
	d.settle()
	book.hear(d, 0, "early/2/pause", "late/2/reschedule", "late/2/distribute")
	book.counted(d, 3)
	d.drive(noon.Add(3 * minute))
	d.settle()
	book.hear(d, 0, "late/2/start") // armed by a clock that has not got there, and not lost
	book.counted(d, 4)
	d.drive(noon.Add(9 * minute))
	d.publish([]topics.Record{change("early", "campaign.resumed", 3)})
	d.settle()
	book.hear(d, 0, "mid/1/start", "early/3/resume") // by now the clock is past what was decided
	book.counted(d, 4)

	// And back: at minute 17 the end of minute 20 is due by the clock ahead.
	d.drive(noon.Add(17 * minute))
	d.settle()
	book.hear(d, 0)
	d.handOver(ahead)
	book.hear(d, ahead, "early/3/end", "early/3/settle")

	// The clock is corrected: the next instance is right, and nothing comes again. The cancel counts from the decision.
	d.publish([]topics.Record{change("mid", "campaign.paused", 2)})
	d.handOver(0)
	book.hear(d, ahead, "mid/2/pause")
	d.publish([]topics.Record{change("mid", "campaign.cancelled", 3)})
	d.settle()
	book.hear(d, 0, "mid/3/cancel") // settles at the cancel's instant, which the clock has yet to reach
	d.drive(noon.Add(23 * minute))
	d.settle()
	book.hear(d, 0, "mid/3/settle")
	d.drive(noon.Add(61 * minute))
	d.settle()
	book.hear(d, 0, "late/2/end", "late/2/settle")
	book.counted(d, 5)
}

// dueBook holds all dues against what is promised of them, whatever clocks decided them.
type dueBook struct {
	t       *testing.T
	ids     map[string]bool
	decided map[string]schemas.Instant
}

func newDueBook(t *testing.T) *dueBook {
	return &dueBook{t: t, ids: map[string]bool{}, decided: map[string]schemas.Instant{}}
}

// hear takes what has come since the last time, by an instance whose clock was ahead by so much: want, in each campaign's
// order.
func (b *dueBook) hear(d *brokerDeployment, ahead instant.Millis, want ...string) {
	b.t.Helper()
	truth := schemas.Instant(d.clock.Now())
	expected := map[string]bool{}
	for _, id := range want {
		expected[id] = true
	}
	for _, record := range d.outputs() {
		if record.Topic != string(topics.TransitionsDue) {
			continue
		}
		event, refusal := topics.DecodeDue(record.Value)
		if refusal != nil {
			b.t.Fatal(refusal.Detail)
		}
		due := event.Data
		switch {
		case b.ids[due.TransitionID]:
			b.t.Errorf("%s comes twice", due.TransitionID)
		case !expected[due.TransitionID]:
			b.t.Errorf("%s comes unexpected", due.TransitionID)
		case due.ScheduledFor > due.DecidedAt:
			b.t.Errorf("%s was decided before its instant", due.TransitionID)
		case due.ScheduledFor > truth+schemas.Instant(ahead) && due.ScheduledFor > b.decided[due.CampaignID]:
			b.t.Errorf("%s is earlier than the clock is ahead", due.TransitionID)
		case due.DecidedAt < b.decided[due.CampaignID]:
			b.t.Errorf("%s was decided before the one before it", due.TransitionID)
		case due.LatenessMs < 0:
			b.t.Errorf("the lateness of %s is %d", due.TransitionID, due.LatenessMs)
		}
		b.ids[due.TransitionID], b.decided[due.CampaignID] = true, due.DecidedAt
		delete(expected, due.TransitionID)
	}
	for id := range expected {
		b.t.Errorf("%s does not come", id)
	}
}

// counted holds the counter of what was dated ahead of the clock against what it should be.
func (b *dueBook) counted(d *brokerDeployment, want int) {
	b.t.Helper()
	if got := d.counted(topics.Timers)[processors.Postdated]; got != want {
		b.t.Errorf("%d dues are counted as dated ahead of the clock, not %d", got, want)
	}
}
