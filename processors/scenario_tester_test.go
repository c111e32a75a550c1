package processors_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/lovoo/goka"
	"github.com/lovoo/goka/storage"
	"github.com/lovoo/goka/tester"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/table"
	"github.com/rmn-arms/campaign-engine/state/zone"
	"github.com/rmn-arms/campaign-engine/topics"
)

// testerDeployment runs the group graphs on goka's tester: one partition, no broker, no engine. What the engine does
// with timers is done here in the plainest way: rows that are due are fired one by one.
//
// Records wait until settle and are then read before anything is fired. The engine mostly does it the other way round;
// that both tell the same facts is the rule that an event's reader fires what is due first.
type testerDeployment struct {
	t        *testing.T
	settings processors.Settings // its Zones are this deployment's own
	tester   *tester.Tester
	zones    *zone.Database // as they were given
	timerDue table.DueOf
	tables   map[topics.Name]*table.Table
	heard    []*tester.QueueTracker
	topics   []topics.Name          // of heard
	onDevice []*tester.QueueTracker // of deviceTopics
	counts   map[string]*tally
	broken   chan error
	now      instant.Instant
	waiting  []topics.Record
	offsets  map[string]int64 // behind what was published, by topic
	stopped  bool
	// catchingUp holds while what came during an outage is read.
	catchingUp bool
}

// tally are the counters of one group, and how many rows it has told that it has committed.
type tally struct {
	mu     sync.Mutex
	byName map[string]int
	rows   int
}

func (c *tally) add(name string, count int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byName[name] += count
}

// addAll adds what a transaction counted, all at once: who looks sees all of it or none.
func (c *tally) addAll(byName map[string]int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, count := range byName {
		c.byName[name] += count
	}
}

func (c *tally) addRows(count int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows += count
}

func (c *tally) rowsTold() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rows
}

func (c *tally) copy() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.byName)
}

// shorts are the groups of every deployment; see also deviceShorts.
var shorts = [...]string{topics.Timers, topics.Lifecycle, topics.Budgets}

// clocked are the groups that have timers, with their tables and when a row of theirs is due; for timers see timerDue.
var clocked = []struct {
	short string
	table topics.Name
	dueOf table.DueOf
}{
	{topics.Timers, topics.CampaignEngineTimersTable, nil},
	{topics.Budgets, topics.CampaignEngineBudgetsTable, accountDue},
	{topics.Stores, topics.CampaignEngineStoresTable, engine.DuePrefix},
	{topics.Readiness, topics.CampaignEngineReadinessTable, engine.DuePrefix},
}

// timerDue is when a row of timers is due, as its codec says: that depends on the process's time zone database. One that is to be
// looked at anew is due since ever: nothing has settled before. A deployment asks once for each of its settings.
func timerDue(t *testing.T, settings processors.Settings) table.DueOf {
	t.Helper()
	graph, err := processors.Graph(topics.Timers, settings)
	if err != nil {
		t.Fatal(err)
	}
	codec := graph.GroupTable().Codec().(engine.ReviewedCodec)
	return func(row []byte) instant.Instant {
		due, review, readable := codec.ReviewOf(row)
		switch {
		case !readable: // somebody else's
			return table.Never
		case review:
			return 0
		}
		return due
	}
}

// accountDue is when an account is due.
func accountDue(row []byte) instant.Instant {
	var account budget.Account
	if account.UnmarshalBinary(row) != nil { // somebody else's
		return table.Never
	}
	return account.NextDue()
}

// isPart says whether a key of a table is that of a part of a row.
func isPart(key string) bool { return strings.Contains(key, "\x00") }

func deployOnTester(t *testing.T, s setup) deployment {
	t.Helper()
	d := &testerDeployment{
		t: t, settings: s.settings, tester: tester.New(t), zones: s.settings.Zones,
		tables: make(map[topics.Name]*table.Table), counts: make(map[string]*tally),
		broken: make(chan error, len(s.shorts())), now: s.now, offsets: make(map[string]int64),
	}
	d.settings.Zones = new(zone.Database)
	*d.settings.Zones = *databaseOf(s.settings)
	d.timerDue = timerDue(t, d.settings)
	for _, short := range s.shorts() {
		d.run(short)
	}
	for _, name := range deviceTopics {
		d.onDevice = append(d.onDevice, d.tester.NewQueueTracker(string(name)))
	}
	for _, name := range outputTopics {
		d.heard, d.topics = append(d.heard, d.tester.NewQueueTracker(string(name))), append(d.topics, name)
	}
	return d
}

// run starts one group. Rows are kept in the engine's storage: goka's own sorts all keys at each new one.
func (d *testerDeployment) run(short string) {
	d.t.Helper()
	graph, err := processors.Graph(short, d.settings)
	if err != nil {
		d.t.Fatal(err)
	}
	rows := table.NewExcept(d.dueOf(topics.Name(graph.GroupTable().Topic())), isPart)
	rows.Index()
	d.tables[topics.Name(graph.GroupTable().Topic())] = rows
	d.counts[short] = &tally{byName: make(map[string]int)}
	processor, err := goka.NewProcessor(nil, graph.GroupGraph,
		goka.WithTester(d.tester),
		goka.WithStorageBuilder(func(string, int32) (storage.Storage, error) { return rows, nil }),
		goka.WithNilHandling(goka.NilProcess),
		goka.WithLogger(silence{}),
		goka.WithContextWrapper(func(ctx goka.Context) goka.Context {
			return &testerContext{gokaContext: ctx, deployment: d, counts: d.counts[short], rows: rows}
		}),
	)
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := processor.Run(ctx); err != nil {
			d.broken <- fmt.Errorf("running %s: %w", short, err)
		}
	}()
	d.t.Cleanup(func() {
		cancel()
		<-done
	})
}

// silence is a goka logger; what goes wrong comes as an error.
type silence struct{}

func (silence) Print(...any)          {}
func (silence) Println(...any)        {}
func (silence) Printf(string, ...any) {}

// gokaContext is goka.Context under a name that does not hide its method Context.
type gokaContext = goka.Context

// testerContext is the engine's context where no engine runs. It counts, which engine.WithContext does not.
type testerContext struct {
	gokaContext
	deployment *testerDeployment
	counts     *tally
	rows       *table.Table
}

var _ engine.Context = (*testerContext)(nil)

func (c *testerContext) Now() instant.Instant { return c.deployment.now }
func (c *testerContext) CatchingUp() bool     { return c.deployment.catchingUp }
func (c *testerContext) CaughtUpAt() instant.Instant {
	if c.deployment.catchingUp {
		return budget.Never
	}
	return 0
}
func (c *testerContext) Misplaced() bool   { return false }
func (c *testerContext) Count(name string) { c.counts.add(name, 1) }

func (c *testerContext) CountSince(string, instant.Instant) {}

// Ticket and Called: what is published is read before anything else happens.
func (c *testerContext) Ticket(goka.Stream) int64 { return 1 }
func (c *testerContext) Called(int64) bool        { return true }

func (c *testerContext) Part(part string) []byte {
	value, err := c.rows.Get(engine.PartKey(c.Key(), part))
	if err != nil {
		c.Fail(err)
	}
	return value
}

func (c *testerContext) SetPart(part string, value []byte) {
	key := engine.PartKey(c.Key(), part)
	write := func() error { return c.rows.Set(key, value) }
	if value == nil {
		write = func() error { return c.rows.Delete(key) }
	}
	if err := write(); err != nil {
		c.Fail(err)
	}
}

func (d *testerDeployment) publish(records []topics.Record) {
	for i := range records {
		topic := records[i].Topic
		records[i].Partition, records[i].Offset = 0, d.offsets[topic]
		d.offsets[topic]++
	}
	d.waiting = append(d.waiting, records...)
}

func (d *testerDeployment) drive(now instant.Instant) { d.now = now }

func (d *testerDeployment) settle() {
	d.t.Helper()
	if d.stopped {
		return
	}
	for _, record := range d.waiting {
		d.consume(record)
	}
	d.waiting = nil
	d.catchingUp = false
	for d.fire() {
	}
}

// consume has one published record read, and all that follows from it.
func (d *testerDeployment) consume(record topics.Record) {
	d.t.Helper()
	headers := goka.Headers{}
	for _, header := range record.Headers {
		headers[header.Key] = header.Value
	}
	d.tester.Consume(record.Topic, string(record.Key), topics.Raw(record.Value),
		tester.WithHeaders(headers), tester.WithTime(record.Timestamp.Time()))
	d.check()
}

// check fails when a group has ended.
func (d *testerDeployment) check() {
	d.t.Helper()
	select {
	case err := <-d.broken:
		d.t.Fatal(err)
	default:
	}
}

// fire fires every row that is due, group by group, in the order of the instants and keys.
func (d *testerDeployment) fire() bool {
	d.t.Helper()
	fired := 0
	for _, group := range clocked {
		if rows, runs := d.tables[group.table]; runs {
			fired += d.fireGroup(group.short, rows, d.dueOf(group.table))
		}
	}
	return fired > 0
}

func (d *testerDeployment) fireGroup(short string, rows *table.Table, dueOf table.DueOf) int {
	d.t.Helper()
	type alarm struct {
		key string
		due instant.Instant
	}
	var alarms []alarm
	rows.TakeDue(d.now, duesMax, func(key string, due instant.Instant) { alarms = append(alarms, alarm{key, due}) })
	stream := engine.TimerStream(groupNamed(d.t, short))
	for _, each := range alarms {
		d.tester.Consume(string(stream), each.key, each.due, tester.WithTime(d.now.Time()))
		d.check()
		if row, err := rows.Get(each.key); err != nil || row != nil && dueOf(row) <= each.due {
			d.t.Fatalf("%s was left due: it would fire for ever (%v)", each.key, err)
		}
	}
	rows.Commit(0)
	return len(alarms)
}

// dueOf is when a row of a table is due.
func (d *testerDeployment) dueOf(name topics.Name) table.DueOf {
	d.t.Helper()
	if name == topics.CampaignEngineTimersTable {
		return d.timerDue
	}
	for _, group := range clocked {
		if group.table == name {
			return group.dueOf
		}
	}
	return nil
}

// duesMax is more than any script has.
const duesMax = 1_000_000

func groupNamed(t *testing.T, short string) goka.Group {
	t.Helper()
	group, known := topics.GroupNamed(short)
	if !known {
		t.Fatalf("there is no group %s", short)
	}
	return goka.Group(group.ID())
}

func (d *testerDeployment) stop() { d.stopped = true }

// start has what came meanwhile read as an engine does that catches up. The groups have been running all the time, so of
// their settings the time zone database alone can change.
func (d *testerDeployment) start(settings processors.Settings) {
	d.t.Helper()
	zones := settings.Zones
	if settings.Zones = d.settings.Zones; settings != d.settings {
		d.t.Fatal("other settings need: deployment only=broker")
	}
	if zones != d.zones {
		d.zones = zones
		*d.settings.Zones = *databaseOf(processors.Settings{Zones: zones})
		d.dateAnew(topics.CampaignEngineTimersTable)
	}
	d.stopped, d.catchingUp = false, true
	d.settle()
}

// databaseOf is the time zone database that settings stand for.
func databaseOf(settings processors.Settings) *zone.Database {
	if settings.Zones == nil {
		return zone.Default()
	}
	return settings.Zones
}

// dateAnew asks each row of a table again when it is due, as a recovery does.
func (d *testerDeployment) dateAnew(name topics.Name) {
	d.t.Helper()
	rows := d.tables[name]
	for key, row := range d.rows(name) {
		rows.Load(key, row, rows.Offset()-1)
	}
}

func (d *testerDeployment) next() instant.Instant {
	next := table.Never
	for _, group := range clocked {
		if rows, runs := d.tables[group.table]; runs {
			next = min(next, rows.Next())
		}
	}
	return next
}

func (d *testerDeployment) outputs() []topics.Record { return drained(d.topics, d.heard) }

func (d *testerDeployment) deviceOutputs() []topics.Record {
	return drained(deviceTopics[:], d.onDevice)
}

// drained takes what has come on topics.
func drained(names []topics.Name, trackers []*tester.QueueTracker) []topics.Record {
	var records []topics.Record
	for i, tracker := range trackers {
		for {
			offset := tracker.NextOffset()
			key, value, more := tracker.NextRaw()
			if !more {
				break
			}
			records = append(records, topics.Record{
				Topic: string(names[i]), Offset: offset, Key: []byte(key), Value: value,
			})
		}
	}
	return records
}

func (d *testerDeployment) rows(name topics.Name) map[string][]byte {
	d.t.Helper()
	all := make(map[string][]byte)
	iterator, err := d.tables[name].Iterator()
	if err != nil {
		d.t.Fatal(err)
	}
	defer iterator.Release()
	for iterator.Next() {
		row, err := iterator.Value()
		if err != nil {
			d.t.Fatal(err)
		}
		all[string(iterator.Key())] = row
	}
	return all
}

func (d *testerDeployment) counted(short string) map[string]int { return d.counts[short].copy() }

// outputTopics are the outputs, dues before what becomes of them.
var outputTopics = [...]topics.Name{
	topics.TransitionsDue, topics.TransitionsApplied, topics.TransitionsRejected, topics.BudgetReleased,
	topics.CampaignStatements, topics.DeadLetters,
}

var _ deployment = (*testerDeployment)(nil)
