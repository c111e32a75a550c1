//go:build kafka

package moneysuite

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/moneysuite/oracle"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/state/pgstore/pgtest"
	"github.com/rmn-arms/campaign-engine/topics"
)

var (
	campaigns = flag.Int("campaigns", 2000, "how many campaigns there are")
	plays     = flag.Int("plays", 250, "how many plays each has")
	seed      = flag.Uint64("seed", 0, "of all that is random; 0: a random one")
)

// run is a run of the test.
type run struct {
	*fleet
	postgres *postgres
	cutter   *cutter
	strikes  *strikes

	begin time.Time // of the first windows
	mu    sync.Mutex
	plan  []*planned
	byKey map[string]*planned
}

// TestMoney lets campaigns be played while engines and Postgres are killed and COMMITs are cut. Then the tables must be what
// the topics say, and the topics what an oracle makes of them; and reading everything again must change nothing.
func TestMoney(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("-seed %d: %d campaigns of %d plays", *seed, *campaigns, *plays)
	r := newRun(t)
	r.work()
	book := r.read()
	before := r.tables()
	r.judge(book, before)

	began := time.Now()
	r.stop(r.members...)
	r.rewind()
	r.start(r.members[0], "--processors", topics.Projections)
	r.must(r.projected())
	r.stop(r.members[0])
	r.mustBeSame(before, r.tables())
	t.Logf("read again from the beginning in %s", time.Since(began).Round(time.Millisecond))
	t.Logf("of %d COMMITs %d were cut before the server had them, %d before it answered, %d when it had answered",
		r.cutter.commits.Load(), r.cutter.before.Load(), r.cutter.unheard.Load(), r.cutter.answered.Load())
}

func (r *run) random(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(*seed, stream)) }

func newRun(t *testing.T) *run {
	t.Helper()
	r := &run{postgres: startPostgres(t), byKey: map[string]*planned{}}
	socket, err := r.postgres.socket()
	if err != nil {
		t.Fatal(err)
	}
	r.cutter = startCutter(t, socket, r.random(1))
	url, err := r.postgres.through(r.cutter.folder)
	if err != nil {
		t.Fatal(err)
	}
	r.fleet = startFleet(t, url, 2)
	r.strikes = planStrikes(r.random(2), *campaigns*r.early(), *campaigns)
	r.begin = time.Now().Add(time.Second).Truncate(time.Millisecond)
	r.plan = plan(r.random(3), *campaigns, *plays, r.begin)
	for _, c := range r.plan {
		r.byKey[c.id] = c
	}
	return r
}

// late is how many plays of a campaign are published after its lock, early how many before.
func (r *run) late() int  { return *plays * lateOf100 / 100 }
func (r *run) early() int { return *plays - r.late() }

// work publishes all there is, lets the strikes fall, and returns when everything is settled and projected.
func (r *run) work() {
	r.t.Helper()
	began := time.Now()
	took := func(what string) { r.t.Logf("%s after %s", what, time.Since(began).Round(time.Millisecond)) }
	var working, striking sync.WaitGroup
	working.Go(func() {
		r.publish()
		took("the plays are published")
	})
	working.Go(func() {
		r.answerFinals()
		took("the last campaign has its final statement")
	})
	striking.Go(r.strike)
	working.Wait()
	close(r.strikes.due)
	striking.Wait()
	if r.t.Failed() {
		r.t.FailNow()
	}
	r.must(r.client.Flush(r.ctx))
	r.ready()
	r.must(r.projected())
	took("all is projected")
}

// produce publishes a record; what goes wrong fails the test.
func (r *run) produce(topic topics.Name, key string, value []byte) {
	r.client.Produce(r.ctx, &kgo.Record{Topic: string(topic), Key: []byte(key), Value: value}, func(_ *kgo.Record, err error) {
		if err != nil {
			r.t.Errorf("publishing: %v", err)
		}
	})
}

// order says of which campaign each play is: those of one that ends soon come soon.
func (r *run) order(random *rand.Rand) []*planned {
	type turn struct {
		of *planned
		at int64
	}
	turns := make([]turn, 0, len(r.plan)*r.early())
	for _, c := range r.plan {
		for range r.early() {
			turns = append(turns, turn{c, random.Int64N(max(1, c.ends.Sub(r.begin).Milliseconds()))})
		}
	}
	slices.SortFunc(turns, func(a, b turn) int { return cmp.Compare(a.at, b.at) })
	order := make([]*planned, len(turns))
	for i := range turns {
		order[i] = turns[i].of
	}
	return order
}

// publish publishes the campaigns, and their plays in a random order, with the changes between them.
func (r *run) publish() {
	random := r.random(4)
	for _, c := range r.plan {
		r.produce(topics.CampaignEvents, c.id, c.event("campaign.created", c.cpm))
	}
	for _, c := range r.order(random) {
		r.mu.Lock()
		change, changes := c.changes[c.published]
		value := c.play(random)
		r.mu.Unlock()
		if changes {
			r.produce(topics.CampaignEvents, c.id, c.event(change.what, change.cpm))
		}
		r.produce(topics.Plays, c.id, value)
		r.strikes.advance()
	}
}

// answerFinals publishes the late plays of each campaign as soon as its final statement is there.
func (r *run) answerFinals() {
	random := r.random(5)
	seen := map[string]bool{}
	if err := r.follow(topics.CampaignStatements, func(record *kgo.Record) bool {
		c := r.byKey[string(record.Key)]
		if seen[c.id] {
			return false
		}
		seen[c.id] = true
		for range r.late() {
			r.mu.Lock()
			value := c.play(random)
			r.mu.Unlock()
			r.produce(topics.Plays, c.id, value)
		}
		r.strikes.advance()
		return len(seen) == len(r.plan)
	}); err != nil {
		r.t.Errorf("%v", err)
	}
}

// strike kills what is due.
func (r *run) strike() {
	random := r.random(6)
	for s := range r.strikes.due {
		r.t.Logf("kill -9 of %s", s.what)
		switch s.what {
		case aServer:
			if err := r.postgres.kill(); err != nil {
				r.t.Errorf("%v", err)
			}
		case anEngine:
			m := r.members[random.IntN(len(r.members))]
			if err := m.process.Kill(); err != nil {
				r.t.Errorf("%v", err)
			}
			r.start(m)
		}
	}
}

// read reads the topics, and waits until no statement is missing any more.
func (r *run) read() *oracle.Book {
	r.t.Helper()
	book := r.inputs()
	r.must(proctest.Await(r.ctx, func(context.Context) error {
		book.Forget()
		r.each(topics.CampaignStatements, book.Statement)
		r.each(topics.BudgetReleased, book.Release)
		return book.Unfinished()
	}))
	r.must(r.projected())
	return book
}

// inputs reads what statements are made of.
func (r *run) inputs() *oracle.Book {
	r.t.Helper()
	book := oracle.NewBook(oracle.Names{Applied: string(topics.TransitionsApplied), Plays: string(topics.Plays)})
	r.each(topics.TransitionsApplied, book.Applied)
	r.each(topics.Plays, book.Play)
	r.each(topics.DeadLetters, func(record oracle.Record) error {
		return fmt.Errorf("a record was refused: %s", record.Value)
	})
	return book
}

// projected waits until the tables hold the topics up to their ends.
func (r *run) projected() error {
	return proctest.Await(r.ctx, func(ctx context.Context) error {
		rows, err := pgtest.Query(ctx, r.postgres.url(),
			"SELECT topic || ' ' || partition || ' ' || next_offset FROM campaign_engine.source_positions")
		if err != nil {
			return err
		}
		for _, name := range processors.ProjectedTopics() {
			ends, err := r.ends(ctx, topics.Name(name))
			if err != nil {
				return err
			}
			for partition, end := range ends {
				if want := fmt.Sprintf("%s %d %d", name, partition, end); end > 0 && !slices.Contains(rows, want) {
					return fmt.Errorf("awaiting position %q, there are %q", want, rows)
				}
			}
		}
		return nil
	})
}

func (r *run) tables() map[string][]string {
	r.t.Helper()
	rows, err := pgtest.Tables(r.ctx, r.postgres.url())
	r.must(err)
	return rows
}

func (r *run) judge(book *oracle.Book, rows map[string][]string) {
	r.t.Helper()
	r.t.Logf("what became of the plays: %v", book.Verdicts())
	if err := book.Judge(); err != nil {
		r.t.Errorf("the topics contradict themselves:\n%v", err)
	}
	if err := book.JudgeTables(&oracle.Tables{
		Campaigns: rows["campaigns"], Transitions: rows["campaign_transitions"], Releases: rows["releases"],
		Pending: rows["pending_releases"], Statements: rows["statements"], Accounts: rows["accounts"], Entries: rows["entries"],
	}); err != nil {
		r.t.Errorf("the tables contradict the topics:\n%v", err)
	}
	if got := book.Campaigns(); len(got) != len(r.plan) {
		r.t.Errorf("there are %d campaigns, want %d", len(got), len(r.plan))
	}
}

// rewind forgets how far the topics were read.
func (r *run) rewind() {
	r.t.Helper()
	_, err := pgtest.Query(r.ctx, r.postgres.url(), "DELETE FROM campaign_engine.source_positions")
	r.must(err)
}

func (r *run) mustBeSame(before, after map[string][]string) {
	r.t.Helper()
	for table, rows := range before {
		if !slices.Equal(rows, after[table]) {
			r.t.Errorf("table %s has changed from %d rows to %d other ones", table, len(rows), len(after[table]))
		}
	}
}
