package simulation

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/router"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/table"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Config says what is simulated.
type Config struct {
	Settings processors.Settings
	// Groups run, in the order of the flow; nil: all that need nothing but brokers (topics.Transacted).
	Groups []topics.Group
	// Now is where the clock stands at first.
	Now instant.Instant
	// Sign signs commands, see router.Config; nil: they are not signed.
	Sign func(value []byte) (string, error)
	// Written gets each record of each topic in the order in which they are written, published ones included; nil: nobody does.
	// It must not change the record, and may keep it. Its error ends the simulation.
	Written func(topics.Record) error
	// Rows has rows written to the table topics, too: when all is quiet, the last value of each that was changed.
	Rows bool
	// Outside returns what the world publishes at once when it sees a record; nil: nothing. It is called for each record of a
	// store's own topic.
	Outside func(topics.Record) ([]topics.Record, error)
}

// Runner is a simulation. After an error it is of no more use.
type Runner struct {
	config     Config
	groups     []*group
	readers    map[string][]*group
	now        instant.Instant
	catchingUp bool
	offsets    map[string]int64
	waiting    queue
	call       call
	broken     error
}

// New returns a simulation of empty topics.
func New(config Config) (*Runner, error) {
	if config.Groups == nil {
		config.Groups = topics.Transacted()
	}
	groups := make([]*group, len(config.Groups))
	for i, of := range config.Groups {
		g, err := newGroup(of, config.Settings)
		if err != nil {
			return nil, fmt.Errorf("preparing the simulation: %w", err)
		}
		groups[i] = g
	}
	return newRunner(config, groups), nil
}

func newRunner(config Config, groups []*group) *Runner {
	if config.Written == nil {
		config.Written = func(topics.Record) error { return nil }
	}
	return &Runner{
		config: config, groups: groups, readers: make(map[string][]*group), now: config.Now, offsets: make(map[string]int64),
	}
}

// Now returns where the clock stands.
func (r *Runner) Now() instant.Instant { return r.now }

// Drive sets the clock. What is due by then fires with the next Fire, late; RunUntil lets nothing be late.
func (r *Runner) Drive(now instant.Instant) { r.now = now }

// CatchUp says whether what is published from now on came during an outage: see engine.Context.CatchingUp.
func (r *Runner) CatchUp(on bool) { r.catchingUp = on }

// Publish has a record arrive now: it is read, with all that follows from it. Its partition, offset and timestamp are set here.
// The record's memory must not be changed any more.
func (r *Runner) Publish(record topics.Record) error {
	if err := r.put(record); err != nil {
		return err
	}
	return r.read()
}

// Fire does all that is due now, with all that follows from it.
func (r *Runner) Fire() error {
	for {
		g, due := r.first()
		take := r.takeDue
		if g == nil || due > r.now {
			if g, take = r.reviewing(), r.takeReview; g == nil {
				return r.commit()
			}
		}
		if err := r.fire(g, take); err != nil {
			return err
		}
		if err := r.read(); err != nil {
			return err
		}
	}
}

// RunUntil does all that becomes due before an instant, each at its own, and sets the clock to it. What is due at the instant
// itself waits for Fire, so that what is published at it is read before.
func (r *Runner) RunUntil(to instant.Instant) error {
	if to <= r.now {
		return nil
	}
	if err := r.commit(); err != nil {
		return err
	}
	for next := r.Next(); next < to; next = r.Next() {
		r.now = max(r.now, next) // late it is only where the clock has been driven
		if err := r.Fire(); err != nil {
			return err
		}
	}
	r.now = to
	return nil
}

// Next returns the earliest instant for which a row waits, table.Never without one.
func (r *Runner) Next() instant.Instant {
	_, due := r.first()
	if r.reviewing() != nil {
		due = min(due, r.now)
	}
	return due
}

// Counts returns what each group has counted, by its short name. See the counters of package processors.
func (r *Runner) Counts() map[string]map[string]int {
	all := make(map[string]map[string]int)
	for _, g := range r.groups {
		all[g.Short] = maps.Clone(g.counts)
	}
	return all
}

// EachRow calls visit for each row of a table topic, in the order of their keys.
func (r *Runner) EachRow(name topics.Name, visit func(key string, value []byte)) error {
	for _, g := range r.groups {
		if g.Table != name || g.rows == nil {
			continue
		}
		rows, err := g.rows.Iterator()
		if err != nil {
			return fmt.Errorf("reading the rows of %s: %w", name, err)
		}
		for rows.Next() {
			value, _ := rows.Value() // it is in memory
			visit(string(rows.Key()), value)
		}
	}
	return nil
}

// first returns the first group in the flow of those that have a row that is due earliest, and that instant.
func (r *Runner) first() (*group, instant.Instant) {
	var first *group
	due := table.Never
	for _, g := range r.groups {
		if g.onTimer == nil {
			continue
		}
		if next := g.rows.Next(); next < due {
			first, due = g, next
		}
	}
	return first, due
}

// reviewing returns the first group in the flow that has rows that are to be looked at anew, nil without one.
func (r *Runner) reviewing() *group {
	for _, g := range r.groups {
		if g.onTimer != nil && g.rows.Reviews() > 0 {
			return g
		}
	}
	return nil
}

// put writes a record to its topic, and has those who read it wait for it.
func (r *Runner) put(record topics.Record) error {
	record.Partition, record.Offset, record.Timestamp = 0, r.offsets[record.Topic], schemas.Instant(r.now)
	r.offsets[record.Topic]++
	if err := r.config.Written(record); err != nil {
		return fmt.Errorf("writing to %s: %w", record.Topic, err)
	}
	readers, known := r.readers[record.Topic]
	if !known {
		for _, g := range r.groups {
			if g.reads(record.Topic) {
				readers = append(readers, g)
			}
		}
		r.readers[record.Topic] = readers
	}
	for _, g := range readers {
		r.waiting.put(delivery{g, record})
	}
	return nil
}

// read has all records read that wait.
func (r *Runner) read() error {
	for {
		next, more := r.waiting.take()
		if !more {
			return r.broken
		}
		err := error(nil)
		if next.to.PerStore {
			err = r.route(next.to, next.record)
		} else {
			err = r.hand(next.to, next.record)
		}
		if err == nil {
			err = r.broken
		}
		if err != nil {
			return err
		}
	}
}

// hand has a group read a record, from bytes that are its own.
func (r *Runner) hand(to *group, record topics.Record) error {
	in := to.inputs[record.Topic]
	record.Value = bytes.Clone(record.Value)
	var message any
	if record.Value != nil { // a tombstone comes as a nil message
		decoded, err := in.codec.Decode(record.Value)
		if err != nil {
			return r.failed(to, string(record.Key), fmt.Errorf("decoding %s: %w", record.Position(), err))
		}
		message = decoded
	}
	return r.invoke(to, record, func() { in.callback(&r.call, message) })
}

// takeDue takes the first row of a group that is due.
func (r *Runner) takeDue(g *group) (key string, due instant.Instant) {
	g.rows.TakeDue(r.now, 1, func(taken string, at instant.Instant) { key, due = taken, at })
	return key, due
}

// takeReview takes the first row of a group that is to be looked at anew.
func (r *Runner) takeReview(g *group) (key string, due instant.Instant) {
	g.rows.TakeReviews(1, func(taken string) { key = taken })
	return key, r.now
}

// fire takes a row of a group, and has it answered.
func (r *Runner) fire(g *group, take func(*group) (key string, due instant.Instant)) error {
	key, due := take(g)
	record := topics.Record{Topic: g.timers, Key: []byte(key), Timestamp: schemas.Instant(r.now)}
	if err := r.invoke(g, record, func() { g.onTimer(&r.call, due) }); err != nil {
		return err
	}
	if key, found := g.rows.Unanswered(); found {
		return r.failed(g, key, errors.New("its row was left due: it would fire for ever"))
	}
	return nil
}

// invoke runs a callback. A panic of it, and what it fails with, is an error that says of which group and key it is.
func (r *Runner) invoke(g *group, record topics.Record, callback func()) (err error) {
	r.call = call{runner: r, group: g, record: record}
	defer func() {
		switch cause := recover().(type) {
		case nil:
		case failure:
			err = r.failed(g, string(record.Key), cause.err)
		default:
			err = r.failed(g, string(record.Key), fmt.Errorf("%s/%d: panic: %v\n%s", record.Topic, record.Offset, cause, debug.Stack()))
		}
	}()
	callback()
	return nil
}

func (r *Runner) failed(g *group, key string, err error) error {
	return fmt.Errorf("simulating %s at %s, key %q: %w", g.Short, schemas.Instant(r.now), key, err)
}

// route does the router's step.
func (r *Runner) route(g *group, record topics.Record) error {
	given := &kgo.Record{
		Topic: record.Topic, Partition: record.Partition, Offset: record.Offset, Timestamp: record.Timestamp.Time(),
		Key: record.Key, Value: record.Value,
	}
	for _, header := range record.Headers {
		given.Headers = append(given.Headers, kgo.RecordHeader(header))
	}
	routed, refusal, err := router.Route(given, r.config.Sign)
	switch {
	case err != nil:
		return r.failed(g, string(record.Key), err)
	case refusal != nil:
		g.counts[router.Unroutable]++
		return nil
	}
	g.counts[router.Routed]++
	record.Topic, record.Key, record.Headers = routed.Topic, routed.Key, topics.HeadersOf(routed.Headers)
	if err := r.put(record); err != nil {
		return err
	}
	return r.tellOutside(g, record)
}

// tellOutside shows the world a record, and publishes what it answers.
func (r *Runner) tellOutside(g *group, record topics.Record) error {
	if r.config.Outside == nil {
		return nil
	}
	answers, err := r.config.Outside(record)
	if err != nil {
		return r.failed(g, string(record.Key), err)
	}
	for _, answer := range answers {
		if err := r.put(answer); err != nil {
			return err
		}
	}
	return nil
}

// commit keeps what was written to the rows, and tells it.
func (r *Runner) commit() error {
	for _, g := range r.groups {
		if g.rows == nil {
			continue
		}
		var failed error
		if r.config.Rows {
			g.rows.Changes(func(key string, value []byte) {
				if failed == nil {
					failed = r.put(topics.Record{Topic: string(g.Table), Key: []byte(key), Value: value})
				}
			})
		}
		g.rows.Commit(0)
		if failed != nil {
			return failed
		}
	}
	return nil
}
