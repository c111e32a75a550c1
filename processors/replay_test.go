package processors_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/zone"
	"github.com/rmn-arms/campaign-engine/state/zone/zonetest"
	"github.com/rmn-arms/campaign-engine/topics"
)

var seed = flag.Uint64("seed", 0, "of the replayed life; 0 takes another one each time and prints it")

// TestReplay lets a deployment live through a life that is drawn at random, and replays it in the ways that the
// contract promises something about.
func TestReplay(t *testing.T) {
	drawn := *seed
	if drawn == 0 {
		drawn = rand.Uint64()
	}
	t.Logf("-seed %d", drawn)
	l := drawLife(t, rand.New(rand.NewPCG(drawn, 0)))
	first := newBroker(t, l.setup)
	told := first.live(l.moves)
	if len(told) == 0 {
		t.Fatal("it tells nothing")
	}
	t.Logf("%d windows were rezoned", first.counted(topics.Timers)[processors.Rezoned])

	t.Run("in an empty deployment", func(t *testing.T) {
		// The very records, not what they were made of: as they stand in the first deployment.
		second := newBroker(t, l.setup)
		again := second.live(copied(l.moves, append(first.stored(topics.CampaignEvents), first.stored(topics.Plays)...)))
		same(t, unplacedTold(t, told), unplacedTold(t, again))
		same(t, unplacedRowsOf(first), unplacedRowsOf(second))
	})
	t.Run("lifecycle alone, over transitions-due", func(t *testing.T) {
		second := newBroker(t, l.setup)
		for _, record := range first.stored(topics.TransitionsDue) {
			second.publish([]topics.Record{record})
		}
		second.begin(topics.Lifecycle)
		second.ready()
		second.settle()
		outcomes := []topics.Name{topics.TransitionsApplied, topics.TransitionsRejected}
		same(t, of(told, outcomes...), of(byKeyAndPartition(second.outputs()), outcomes...))
	})
	t.Run("into the living deployment", func(t *testing.T) {
		before := rowsOf(first)
		records := first.stored(topics.CampaignEvents)
		first.publish(records)
		first.settle()
		same(t, map[place][]string{}, of(byKeyAndPartition(first.outputs()), answers[:]...))
		same(t, before, rowsOf(first))
	})
	t.Run("into the living deployment, which has lost its positions", func(t *testing.T) {
		before := rowsOf(first)
		dues := first.reading.counts[topics.TransitionsDue]
		first.losePositions(shorts[:]...)
		first.published += first.published + len(first.stored(topics.CampaignEngineTimersLoop))
		first.reread = first.reading.counts[topics.TransitionsApplied] + first.played + len(first.stored(topics.CampaignEngineBudgetsLoop))
		first.start(first.setup.settings)
		first.awaitDuesTaken(2 * dues)
		if got := first.counted(topics.Lifecycle)[processors.Duplicates]; got != dues {
			t.Errorf("of %d dues that were read again, %d were counted as duplicates", dues, got)
		}
		first.settle()
		same(t, map[place][]string{}, of(byKeyAndPartition(first.outputs()), answers[:]...))
		same(t, before, rowsOf(first))
	})
}

// answers are the outputs that a replay leaves alone.
var answers = [...]topics.Name{
	topics.TransitionsDue, topics.TransitionsApplied, topics.TransitionsRejected, topics.BudgetReleased, topics.CampaignStatements,
}

// unplacedTold returns what any deployment tells that has lived the same life: statements without where transitions-applied lay,
// whose offsets differ with the transactions that filled it.
func unplacedTold(t *testing.T, told map[place][]string) map[place][]string {
	t.Helper()
	unplaced := maps.Clone(told)
	for at, values := range told {
		if at.topic != string(topics.CampaignStatements) {
			continue
		}
		unplaced[at] = nil
		for _, value := range values {
			decoded, err := topics.StatementCodec{}.Decode([]byte(value))
			if err != nil {
				t.Fatal(err)
			}
			event := decoded.(*schemas.Event[schemas.Statement])
			delete(event.Data.Inputs, string(topics.TransitionsApplied))
			encoded, err := topics.StatementCodec{}.Encode(event)
			if err != nil {
				t.Fatal(err)
			}
			unplaced[at] = append(unplaced[at], string(encoded))
		}
	}
	return unplaced
}

// losePositions stops engines and has the brokers forget how far they have read, as they do when an outage is longer than
// they keep positions. Inputs will be read again, and so will what is still in the loop: some of what was carried comes twice.
func (d *brokerDeployment) losePositions(groups ...string) {
	d.t.Helper()
	d.halt(groups...)
	ctx, cancel := context.WithTimeout(d.t.Context(), brokerDeadline)
	defer cancel()
	for _, short := range groups {
		group, _ := topics.GroupNamed(short)
		if _, err := d.admin.DeleteGroup(ctx, group.ID()); err != nil {
			d.t.Fatalf("deleting the group of %s: %v", short, err)
		}
	}
}

// awaitDuesTaken waits until the lifecycle has accounted for so many dues, those that it read again included.
func (d *brokerDeployment) awaitDuesTaken(want int) {
	d.t.Helper()
	deadline := time.After(brokerDeadline)
	for duesTaken(d.counted(topics.Lifecycle)) < want {
		select {
		case <-d.changed:
			d.alive()
		case <-deadline:
			d.t.Fatalf("lifecycle has not accounted for %d dues: %v", want, d.counted(topics.Lifecycle))
		}
	}
}

// duesTaken adds up what became of the dues that were read.
func duesTaken(counted map[string]int) int {
	taken := counted[processors.Applied] + counted[processors.Rejected] + counted[processors.Duplicates]
	for name, count := range counted {
		if strings.HasPrefix(name, processors.Refused) {
			taken += count
		}
	}
	return taken
}

func same[V any](t *testing.T, want, got V) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(place{})); diff != "" {
		t.Errorf("the replay differs (-first +replayed):\n%s", diff)
	}
}

// life is what is done to a deployment from outside.
type life struct {
	setup setup
	moves []move
}

// move is one thing that is done: records are published, the clock is driven, the engines are stopped or started, with a time zone
// database.
type move struct {
	publish     []topics.Record
	drive       instant.Instant
	stop, start bool
	zones       *zone.Database
}

// live plays moves from the start of the engines on, and returns all that was told.
func (d *brokerDeployment) live(moves []move) map[place][]string {
	d.t.Helper()
	d.start(d.setup.settings)
	for _, m := range moves {
		switch {
		case m.publish != nil && m.publish[0].Topic == string(topics.Plays):
			// Whether a play comes before a lock of the same instant is up to nobody.
			d.settle()
			d.publish(m.publish)
			d.settle()
		case m.publish != nil:
			d.publish(m.publish)
		case m.stop:
			d.settle()
			d.stop()
		case m.start:
			d.setup.settings.Zones = m.zones
			d.start(d.setup.settings)
		default:
			d.settle()
			d.drive(m.drive)
		}
	}
	d.settle()
	return byKeyAndPartition(d.outputs())
}

// place is where records have an order that means something.
type place struct {
	topic     string
	partition int32
	key       string
}

func byKeyAndPartition(records []topics.Record) map[place][]string {
	told := make(map[place][]string)
	for _, record := range records {
		at := place{record.Topic, record.Partition, string(record.Key)}
		told[at] = append(told[at], string(record.Value))
	}
	return told
}

// of returns what was told on some topics.
func of(told map[place][]string, some ...topics.Name) map[place][]string {
	told = maps.Clone(told)
	maps.DeleteFunc(told, func(at place, _ []string) bool { return !slices.Contains(some, topics.Name(at.topic)) })
	return told
}

func rowsOf(d *brokerDeployment) map[string]string {
	rows := make(map[string]string)
	for _, table := range tables {
		for key, row := range d.rows(table) {
			rows[string(table)+" "+key] = string(row)
		}
	}
	return rows
}

// unplacedRowsOf returns the rows that any deployment comes to that has lived the same life.
func unplacedRowsOf(d *brokerDeployment) map[string]string {
	rows := rowsOf(d)
	for key, row := range rows {
		table, under, _ := strings.Cut(key, " ")
		rows[key] = string(unplaced(d.t, topics.Name(table), under, []byte(row)))
	}
	return rows
}

// stored returns the committed records of a topic, each partition in its order.
func (d *brokerDeployment) stored(topic topics.Name) []topics.Record {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), brokerDeadline)
	defer cancel()
	ends, err := d.admin.ListCommittedOffsets(ctx, string(topic))
	if err != nil {
		d.t.Fatal(err)
	}
	client := d.connect(kgo.ConsumeTopics(string(topic)), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		readCommitted(), kgo.KeepControlRecords())
	starts, err := d.admin.ListStartOffsets(ctx, string(topic))
	if err != nil {
		d.t.Fatal(err)
	}
	var records []topics.Record
	at := make(map[int32]int64)
	starts.Each(func(start kadm.ListedOffset) { at[start.Partition] = start.Offset })
	for _, end := range ends[string(topic)] {
		for at[end.Partition] < end.Offset {
			fetches := client.PollFetches(ctx)
			if err := fetches.Err0(); err != nil {
				d.t.Fatal(err)
			}
			fetches.EachRecord(func(r *kgo.Record) {
				at[r.Partition] = r.Offset + 1
				if !r.Attrs.IsControl() {
					records = append(records, topics.Record{
						Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Timestamp: schemas.InstantOf(r.Timestamp),
						Key: r.Key, Headers: topics.HeadersOf(r.Headers), Value: r.Value,
					})
				}
			})
		}
	}
	return records
}

// copied returns the moves with their records replaced by those that are stored at the same positions.
func copied(moves []move, stored []topics.Record) []move {
	at := make(map[string]topics.Record, len(stored))
	for _, record := range stored {
		at[record.Position()] = record
	}
	again := make([]move, len(moves))
	for i, m := range moves {
		again[i] = m
		again[i].publish = nil
		for _, record := range m.publish {
			again[i].publish = append(again[i].publish, at[record.Position()])
		}
	}
	return again
}

const (
	lifeCampaigns = 60
	lifeMoves     = 150

	lifePartitions = 4
)

// drawLife draws campaigns of some hours within some days, changes of all kinds in and out of order, duplicates,
// what must be refused, outages, and a clock that jumps.
func drawLife(t *testing.T, r *rand.Rand) life {
	t.Helper()
	began := instant.Of(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
	l := life{setup: setup{
		partitions: lifePartitions, now: began,
		settings: processors.Settings{DistributionLead: 24 * 3_600_000, SettlementGrace: 600_000},
	}}
	draw := drawing{t: t, Rand: r, now: began, revisions: make(map[string]int)}
	releases := releasesOfLife(t)
	stopped := false
	for range lifeMoves {
		switch n := r.IntN(100); {
		case n < 40:
			l.moves = append(l.moves, move{publish: draw.records()})
		case n < 55:
			if plays := draw.plays(); len(plays) > 0 {
				l.moves = append(l.moves, move{publish: plays})
			}
		case n < 92:
			draw.now = draw.now.Add(instant.Millis(r.Int64N(4 * 3_600_000)))
			l.moves = append(l.moves, move{drive: draw.now})
		case n < 95:
			draw.now = draw.now.Add(-instant.Millis(r.Int64N(600_000)))
			l.moves = append(l.moves, move{drive: draw.now})
		default:
			stopped = !stopped
			l.moves = append(l.moves, move{stop: stopped, start: !stopped, zones: releases[r.IntN(len(releases))]})
		}
	}
	if stopped {
		l.moves = append(l.moves, move{start: true})
	}
	return l
}

// zoneOfLife is where half of the campaigns have their wall clocks; its clocks are an hour apart from release to release.
const zoneOfLife = "Europe/Berlin"

func releasesOfLife(t *testing.T) []*zone.Database {
	t.Helper()
	releases := []*zone.Database{nil, zone.Default()} // two ways to say the same
	for _, r := range [][2]string{{"2031a", "Europe/Athens"}, {"2031b", "Europe/London"}} {
		release, err := zonetest.Release(r[0], map[string]string{zoneOfLife: r[1]})
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
	}
	return releases
}

// window writes a window, each end as an instant or in wall-clock time.
func (d *drawing) window(starts, ends string) string {
	words := []string{"zone=" + zoneOfLife}
	for _, end := range [][2]string{{"starts", starts}, {"ends", ends}} {
		if d.IntN(2) == 0 {
			words = append(words, end[0]+"="+end[1])
		} else {
			words = append(words, end[0]+"_local="+strings.TrimSuffix(end[1], "Z"))
		}
	}
	return strings.Join(words, " ")
}

// drawing draws events.
type drawing struct {
	*rand.Rand
	t         *testing.T
	now       instant.Instant
	revisions map[string]int // the highest of each campaign so far
	events    int
	last      []topics.Record
}

func (d *drawing) records() []topics.Record {
	if len(d.last) > 0 && d.IntN(10) == 0 {
		return append([]topics.Record(nil), d.last...) // a producer that sends its batch twice
	}
	var records []topics.Record
	for range 1 + d.IntN(8) {
		record := d.event(d.line())
		record.Timestamp = schemas.Instant(d.now)
		records = append(records, record)
	}
	d.last = append([]topics.Record(nil), records...)
	return records
}

// plays draws plays of campaigns that have been defined: around now, some repeated, some invalid.
func (d *drawing) plays() []topics.Record {
	var records []topics.Record
	for range 1 + d.IntN(12) {
		id := fmt.Sprintf("c-%d", d.IntN(lifeCampaigns))
		if d.revisions[id] == 0 {
			continue
		}
		started := d.now.Add(instant.Millis(d.Int64N(12*3_600_000) - 9*3_600_000))
		record := d.event(fmt.Sprintf("play %s id=p-%d started=%s impressions=%d store=s-%d", id, d.IntN(40), schemas.Instant(started),
			d.IntN(9000)-100, d.IntN(3)))
		record.Timestamp = schemas.Instant(d.now)
		records = append(records, record)
	}
	return records
}

// line writes an event as a script would.
func (d *drawing) line() string {
	id := fmt.Sprintf("c-%d", d.IntN(lifeCampaigns))
	at := func(from, to int) string {
		return schemas.Instant(d.now.Add(instant.Millis(from*3_600_000 + d.IntN((to-from)*3_600_000)))).String()
	}
	if d.IntN(100) < 5 {
		return d.doubtful(at)
	}
	newest := d.revisions[id]
	if newest == 0 || d.IntN(100) < 35 {
		d.revisions[id]++
		// Of any zone's hour the first window is one, and is accepted: plays that were refused since nobody knew their campaign count
		// when they are read again, once somebody does.
		ends := at(48, 72)
		if newest == 0 {
			ends = at(51, 72)
		}
		return fmt.Sprintf("update %s rev=%d %s grace=%d name=%d cpm=%d",
			id, newest+1, d.window(at(-6, 48), ends), d.IntN(7200), d.IntN(3), d.IntN(9))
	}
	switch n := d.IntN(100); {
	case n < 10: // in conflict, or stale
		return fmt.Sprintf("pause %s rev=%d reason=%d", id, 1+d.IntN(newest), d.IntN(1000))
	case n < 15:
		return fmt.Sprintf("pause ghost-%d rev=1", d.IntN(9))
	case n < 20:
		return fmt.Sprintf("update %s rev=%d starts=%s ends=%s zone=Nowhere", id, newest+1, at(-6, 48), at(48, 72))
	case n < 25: // refused, also once the campaign is over: see I8
		other := [...]string{"advertiser=a-2", "budget=7.00/EUR"}[d.IntN(2)]
		return fmt.Sprintf("update %s rev=%d starts=%s ends=%s %s", id, newest+1, at(-6, 48), at(48, 72), other)
	}
	d.revisions[id] += 1 + d.IntN(3)
	verb := [...]string{"pause", "pause", "resume", "resume", "cancel"}[d.IntN(5)]
	return fmt.Sprintf("%s %s rev=%d", verb, id, d.revisions[id])
}

// doubtful writes a definition that may be refused, the first ones of its campaign too. Nothing is played of it: what was refused
// since nobody knew it then would count when it is read again.
func (d *drawing) doubtful(at func(from, to int) string) string {
	id := fmt.Sprintf("doubtful-%d", d.IntN(5))
	d.revisions[id]++
	return fmt.Sprintf("update %s rev=%d %s", id, d.revisions[id], d.window(at(-6, 72), at(0, 48)))
}

func (d *drawing) event(line string) topics.Record {
	d.t.Helper()
	s, err := parseStep(0, line)
	if err != nil {
		d.t.Fatal(err)
	}
	d.events++
	record, err := eventRecord(s, fmt.Sprintf("e-%d", d.events), schemas.Instant(d.now))
	if err != nil {
		d.t.Fatal(err)
	}
	if belongs := topics.PartitionOf(record.Key, lifePartitions); topics.PartitionOf(record.Key, 5) == 0 {
		record.Partition = (belongs + 1) % lifePartitions // a producer with another partitioner
	}
	return record
}
