//go:build kafka

package devicesuite

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/devicesuite/oracle"
	money "github.com/rmn-arms/campaign-engine/cmd/internal/moneysuite/oracle"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/topics"
)

var (
	stores    = flag.Int("stores", 200, "how many stores there are")
	devices   = flag.Int("devices", 10, "how many devices a store has")
	campaigns = flag.Int("campaigns", 500, "how many campaigns there are")
	length    = flag.Duration("length", 50*time.Second, "how long something happens")
	within    = flag.Duration("settle", 5*time.Minute, "how long after that all may take to be as it is to be")
	seed      = flag.Uint64("seed", 0, "of all that is random; 0: a random one")
)

// lead is the distribution lead.
const lead = 6 * time.Second

// run is a run of the test.
type run struct {
	*fleet
	stores []string
	length time.Duration
	began  time.Time
	script script

	book     *oracle.Book
	small    *follower
	journals []*tail
	money    map[topics.Name][]oracle.Record
}

// TestDevices lets campaigns come and go on devices of which much goes wrong, while engines are killed. When all is over and
// healed an oracle judges.
func TestDevices(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("-seed %d: %d campaigns on %d stores of %d devices", *seed, *campaigns, *stores, *devices)
	r := newRun(t)
	r.work()
	r.settle()
	r.endSimulations()
	r.took("the devices have ended")
	r.t.Logf("CPU: %s", r.cpu())
	r.count()
	r.commands()
	r.took("all is read")
	r.stop()
	r.judge()
	r.took("all is judged")
}

func (r *run) took(what string) {
	r.t.Logf("%s %s after the beginning", what, time.Since(r.began).Round(10*time.Millisecond))
}

func newRun(t *testing.T) *run {
	t.Helper()
	random := rand.New(rand.NewPCG(*seed, 1))
	r := &run{length: *length, book: oracle.NewBook(), money: map[topics.Name][]oracle.Record{}}
	for i := range *stores {
		r.stores = append(r.stores, fmt.Sprintf("s-%d", i))
	}
	r.fleet = startFleet(t, *seed, lead)
	p := &planner{random: random, stores: r.stores, length: r.length, content: r.content}
	for i := 3; i < len(r.stores); i += 5 {
		p.remove(r.stores[i]+"-d2", r.stores[i], p.between(r.length/4, r.length*3/4))
	}
	r.script.steps = p.plan(*campaigns)
	r.script.strikes = planStrikes(random, r.length, len(r.engines))
	keep := func(name topics.Name, also func(oracle.Record) error) func(oracle.Record) error {
		return func(record oracle.Record) error {
			r.money[name] = append(r.money[name], record)
			return also(record)
		}
	}
	nothing := func(oracle.Record) error { return nil }
	r.small = r.follow(map[topics.Name]func(oracle.Record) error{
		topics.CampaignEvents: r.book.CampaignEvent, topics.TransitionsApplied: keep(topics.TransitionsApplied, r.book.Applied),
		topics.DeviceEvents: r.book.DeviceEvent, topics.CampaignReadiness: r.book.Readiness,
		topics.Plays: keep(topics.Plays, r.book.Play), topics.CampaignStatements: keep(topics.CampaignStatements, nothing),
		topics.BudgetReleased: keep(topics.BudgetReleased, nothing),
		topics.DeadLetters:    func(record oracle.Record) error { return fmt.Errorf("a record was refused: %s", record.Value) },
	})
	return r
}

// work lets everything happen.
func (r *run) work() {
	r.t.Helper()
	r.began = time.Now().Add(time.Second)
	lines := make([]string, len(r.stores))
	for i, store := range r.stores {
		words := []string{store}
		for n := range *devices {
			words = append(words, fmt.Sprintf("%s-d%d", store, n+1))
		}
		lines[i] = strings.Join(words, " ")
	}
	r.simulate("stores", lines, r.faults(*seed, r.length)...)
	ctx, done := context.WithCancel(r.ctx)
	defer done()
	var working, watching sync.WaitGroup
	watching.Go(func() { r.watch(ctx) })
	working.Go(r.publish)
	working.Go(r.strike)
	r.join()
	working.Wait()
	done()
	watching.Wait()
	if r.t.Failed() {
		r.t.FailNow()
	}
	r.took("the script is over")
	r.ready()
	for _, s := range r.sims {
		file, err := os.Open(s.journal)
		r.must(err)
		r.t.Cleanup(func() { file.Close() })
		r.journals = append(r.journals, &tail{file: file})
	}
}

// read brings the book up to date, but for commands.
func (r *run) read(ctx context.Context) error {
	errs := []error{r.small.read(ctx)}
	for _, j := range r.journals {
		errs = append(errs, j.read(r.book.Line))
	}
	return errors.Join(errs...)
}

// settle waits until all is as it is to be. What is not in time is judged.
func (r *run) settle() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.ctx, *within)
	defer cancel()
	if err := proctest.Await(ctx, func(ctx context.Context) error {
		if err := r.read(ctx); err != nil {
			return err
		}
		return r.book.Unsettled(time.Now())
	}); err != nil {
		r.t.Errorf("all is not settled %s after the end: %v", *within, err)
	}
	r.took("all is settled")
}

// count reads to the end, and waits until all plays of campaigns that are over stand in statements, and judges these.
func (r *run) count() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.ctx, *within)
	defer cancel()
	var book *money.Book
	if err := proctest.Await(ctx, func(ctx context.Context) error {
		if err := r.read(ctx); err != nil {
			return err
		}
		book = r.accounts()
		return book.Unfinished()
	}); err != nil {
		r.t.Errorf("the plays are not counted: %v", err)
	}
	if err := book.Judge(); err != nil {
		r.t.Errorf("the statements contradict the plays:\n%v", err)
	}
	r.t.Logf("what became of the plays of %d campaigns that are over: %v", len(book.Campaigns()), book.Verdicts())
}

// accounts are those of the campaigns that are over.
func (r *run) accounts() *money.Book {
	r.t.Helper()
	book := money.NewBook(money.Names{Applied: string(topics.TransitionsApplied), Plays: string(topics.Plays)})
	over := r.book.Over()
	for name, take := range map[topics.Name]func(money.Record) error{
		topics.TransitionsApplied: book.Applied, topics.Plays: book.Play, topics.CampaignStatements: book.Statement,
		topics.BudgetReleased: book.Release,
	} {
		for _, record := range r.money[name] {
			if over[record.Key] {
				r.must(take(money.Record{Partition: record.Partition, Offset: record.Offset, Key: record.Key, Value: record.Value}))
			}
		}
	}
	return book
}

// commands reads commands and the stores' topics, until neither has anything of which the other knows nothing: a device that has
// not answered is sent its command once more at any time.
func (r *run) commands() {
	r.t.Helper()
	r.must(r.book.Keys(r.jwks()))
	into := map[topics.Name]func(oracle.Record) error{}
	for _, store := range r.stores {
		into[topics.StoreTopic(store)] = func(record oracle.Record) error { return r.book.Routed(store, record) }
	}
	made, routed := r.follow(map[topics.Name]func(oracle.Record) error{topics.DeviceCommands: r.book.Command}), r.follow(into)
	for known := -1; known != r.book.Counts.Commands; {
		r.must(made.read(r.ctx))
		known = r.book.Counts.Commands
		r.must(r.allRouted())
		r.must(routed.read(r.ctx))
		r.must(made.read(r.ctx))
	}
}

func (r *run) judge() {
	r.t.Helper()
	if err := r.book.Judge(true); err != nil {
		r.t.Errorf("devices, commands and readiness contradict what they follow from:\n%v", err)
	}
	c := r.book.Counts
	r.t.Logf("%+v", c)
	r.t.Logf("spots of devices with a right clock began late by %s, ended late by %s", quantiles(r.book.StartLate), quantiles(r.book.StopLate))
	r.t.Logf("commands were made after %s, and obeyed after %s more", quantiles(r.book.MadeLate), quantiles(r.book.ObeyLate))
	if c.Attacks == 0 || c.Refused == 0 || c.Wiped == 0 || c.WrongClocks == 0 || c.Offline == 0 || c.FetchFaults == 0 {
		r.t.Errorf("some of what was to go wrong did not: %+v", c)
	}
}

// quantiles are those of milliseconds.
func quantiles(all []int64) string {
	if len(all) == 0 {
		return "nothing"
	}
	slices.Sort(all)
	at := func(per1000 int) int64 { return all[min(len(all)*per1000/1000, len(all)-1)] }
	return fmt.Sprintf("p50 %d ms, p99 %d ms, at most %d ms (%d)", at(500), at(990), all[len(all)-1], len(all))
}
