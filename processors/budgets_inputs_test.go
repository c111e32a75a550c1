package processors_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

const (
	accountCampaigns  = 14
	accountPlays      = 9 // of each campaign
	accountPartitions = 2
)

// accountInputs are inputs of the accounts: campaigns whose window is over, and their plays. What becomes of them does not depend
// on what is read first.
type accountInputs struct {
	applied, plays []topics.Record
	// late are plays that come after the lock.
	late []topics.Record
	// now is the instant at which all campaigns settle.
	now instant.Instant
}

// newAccountInputs makes the transitions by playing the campaigns on goka's tester.
func newAccountInputs(t *testing.T) *accountInputs {
	t.Helper()
	began := instant.Of(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
	in := &accountInputs{now: began.Add(18 * 60 * minute)}
	var events []topics.Record
	event := func(format string, arguments ...any) topics.Record {
		s, err := parseStep(0, fmt.Sprintf(format, arguments...))
		if err != nil {
			t.Fatal(err)
		}
		record, err := eventRecord(s, fmt.Sprintf("e-%d", len(events)+len(in.plays)+len(in.late)), schemas.Instant(began))
		if err != nil {
			t.Fatal(err)
		}
		record.Timestamp = schemas.Instant(began)
		return record
	}
	foreign := func(record topics.Record, n int) topics.Record {
		if belongs := topics.PartitionOf(record.Key, accountPartitions); n%3 == 0 { // a gateway with another partitioner
			record.Partition = (belongs + 1) % accountPartitions
		}
		return record
	}
	for n := range accountCampaigns {
		id := fmt.Sprintf("c-%d", n)
		events = append(events, event("create %s rev=1 starts=2026-12-01T10:00:00Z ends=2026-12-01T18:00:00Z cpm=1000 budget=5.00/USD", id))
		for p := range accountPlays {
			// Two are repeats, two are outside, and not all that are left are within the budget.
			in.plays = append(in.plays, foreign(event("play %s id=p-%d started=2026-12-01T%02d:00:00Z impressions=1.5 store=s-%d",
				id, p%7, 9+p%10, p%3), n))
		}
		in.late = append(in.late, foreign(event("play %s id=late started=2026-12-01T11:00:00Z", id), n))
	}
	in.plays = append(in.plays, event("play c-unknown id=p-1 started=2026-12-01T11:00:00Z"), event("play c-0 id=bad partition=%d",
		topics.PartitionOf([]byte("c-0"), accountPartitions)))
	d := deployOnTester(t, setup{partitions: 1, now: began, settings: processors.Settings{}})
	d.publish(events)
	d.settle()
	for d.next() <= in.now {
		d.drive(d.next())
		d.settle()
	}
	in.applied = byTopic(d.outputs())[topics.TransitionsApplied]
	for i := range in.applied {
		in.applied[i].Partition = byKey
	}
	return in
}

// deployment makes a deployment that has the inputs, and no engine yet.
func (in *accountInputs) deployment(t *testing.T) *brokerDeployment {
	t.Helper()
	d := newBroker(t, setup{partitions: accountPartitions, now: in.now})
	for _, records := range [][]topics.Record{in.applied, in.plays} {
		for _, record := range records { // one by one, so that each lies at the same offset in every deployment
			d.publish([]topics.Record{record})
		}
	}
	return d
}

// lateOnes publishes the plays that come after the lock, and lets them be stated.
func (in *accountInputs) lateOnes(d *brokerDeployment) {
	d.t.Helper()
	for _, record := range in.late {
		d.publish([]topics.Record{record})
	}
	d.settle()
	d.drive(in.now.Add(500))
	d.settle()
}

// accountsTold are what accounts have told, and their rows.
func accountsTold(d *brokerDeployment) map[string][]string {
	d.t.Helper()
	told := make(map[string][]string)
	for _, topic := range [...]topics.Name{topics.BudgetReleased, topics.CampaignStatements, topics.DeadLetters} {
		for _, record := range d.stored(topic) {
			at := string(topic) + " " + string(record.Key)
			told[at] = append(told[at], string(record.Value))
		}
	}
	for key, row := range rowsOf(d) {
		told[strings.ReplaceAll(key, "\x00", "/")] = []string{row}
	}
	return told
}

// budgetsAlone lets the accounts come to rest over the inputs, with nothing going wrong.
func (in *accountInputs) budgetsAlone(t *testing.T) *brokerDeployment {
	t.Helper()
	d := in.deployment(t)
	d.begin(topics.Budgets)
	d.ready()
	d.settle()
	in.lateOnes(d)
	written := d.reading.counts
	if written[topics.BudgetReleased] != accountCampaigns || written[topics.CampaignStatements] != 2*accountCampaigns {
		t.Fatalf("of %d campaigns there are %d releases, and %d statements", accountCampaigns, written[topics.BudgetReleased],
			written[topics.CampaignStatements])
	}
	return d
}
