package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/demo"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/cmd/internal/wallet"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/zone"
	"github.com/rmn-arms/campaign-engine/topics"
)

// stage is where the story is played. All of it but the channels belongs to the goroutine that tells.
type stage struct {
	Settings
	out    io.Writer
	client *kgo.Client
	base   string // of contents
	seen   *seen

	url     string         // of the tables
	without string         // why there are none, nor mails; "" if there are
	wallet  *wallet.Wallet // nil: nothing was read
	letters []string       // the mails that were written

	records chan []*kgo.Record
	lines   chan journal.Line
	failed  chan error
}

func newStage(out io.Writer, s Settings, client *kgo.Client, base string) *stage {
	return &stage{
		Settings: s, out: out, client: client, base: base, seen: newSeen(),
		records: make(chan []*kgo.Record), lines: make(chan journal.Line), failed: make(chan error),
	}
}

const (
	// patience is how long something may take that is waited for, on a slow machine too. Nothing of the story depends on it.
	patience = 30 * time.Second
	// askEvery is how often is asked what does not tell by itself.
	askEvery = 20 * time.Millisecond
)

// errInVain says that what was waited for did not come.
var errInVain = errors.New("waited in vain")

// await takes in what comes until something is met. Errors: errInVain; the context's; that of a part.
func (t *stage) await(ctx context.Context, what string, met func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("%w for %s until: %s", errInVain, patience, what))
	defer cancel()
	ask := time.NewTicker(askEvery)
	defer ask.Stop()
	for !met() {
		if err := t.next(ctx, ask.C); err != nil {
			return err
		}
	}
	return nil
}

// fly takes in what comes until the clock shows an instant.
func (t *stage) fly(ctx context.Context, night string) error {
	arrived := make(chan time.Time)
	t.Clock.FlyTo(at(night))
	defer t.Clock.AfterFunc(at(night), func() { close(arrived) })()
	for t.Clock.Now() < at(night) {
		if err := t.next(ctx, arrived); err != nil {
			return err
		}
	}
	return nil
}

// next takes in one thing that comes, or returns when something else may have happened.
func (t *stage) next(ctx context.Context, other <-chan time.Time) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-t.failed:
		return err
	case some := <-t.records:
		for _, r := range demo.InOrder(some) {
			t.take(r)
		}
	case l := <-t.lines:
		t.seen.hear(&l)
		if l.Event == journal.Offline || l.Event == journal.Online {
			t.line(l.Device, "network", string(l.Event))
		}
	case <-other:
	}
	return nil
}

// take takes a record in, and tells of it: of a release behind the lock that it comes from, which is in another topic.
func (t *stage) take(r *kgo.Record) {
	t.seen.take(r)
	line, _ := demo.Describe(r)
	c := t.seen.campaigns[string(r.Key)]
	if c == nil || line == "" {
		return
	}
	if r.Topic == string(topics.BudgetReleased) && len(c.statements) == 0 {
		c.untold = append(c.untold, line)
		return
	}
	t.say("  %s%s", line, inItsZone(r))
	if r.Topic == string(topics.CampaignStatements) {
		for _, line := range c.untold {
			t.say("  %s", line)
		}
		c.untold = nil
	}
}

// inItsZone returns what clocks in a campaign's zone showed when it was to start or to end, "" of other records.
func inItsZone(r *kgo.Record) string {
	event, refusal := topics.DecodeApplied(r.Value)
	if r.Topic != string(topics.TransitionsApplied) || refusal != nil {
		return ""
	}
	campaign, err := topics.DecodePlaced(event.Data.Campaign)
	if err != nil || event.Data.Transition != schemas.Start && event.Data.Transition != schemas.End {
		return ""
	}
	in, err := zone.Load(campaign.TimeZone)
	if err != nil {
		return ""
	}
	return ", " + in.Display(instant.Instant(event.Data.ScheduledFor))
}

// line tells of something that no record tells of.
func (t *stage) line(whose, what, text string) {
	t.say("  %s  %-22s %-11s %s", t.Clock.Now().Time().Format("15:04:05.000"), whose, what, text)
}

func (t *stage) say(format string, arguments ...any) { fmt.Fprintf(t.out, format+"\n", arguments...) }

// tell plays the script, shows what has come of it, and compares that with what must be.
func (t *stage) tell(ctx context.Context) error {
	t.say(heading, t.Clock.rate)
	broken := t.act(ctx)
	if broken != nil && !errors.Is(broken, errInVain) {
		return broken
	}
	found := append(t.seen.facts(), section{mailsTitle, t.letters})
	wallets, err := t.wallets(ctx)
	switch {
	case errors.Is(err, errInVain):
		broken = errors.Join(broken, err)
	case err != nil:
		return err
	}
	if err := t.show(); err != nil {
		return err
	}
	return t.judge(append(found, wallets...), broken)
}

const heading = `
Three campaigns in two stores, on the night on which 02:00 becomes 03:00 in Berlin. The engine's clock flies through it, %d times
as fast as time; when something happens it goes as fast as time does until all has come of it that was to come. Times are UTC.`

// act makes one step after the other. Its error is errInVain when something did not come that the script waits for.
func (t *stage) act(ctx context.Context) error {
	for _, s := range script(t.base) {
		if err := t.fly(ctx, s.at); err != nil {
			return err
		}
		t.say("\n%s  (%s in Berlin)  %s", s.at, wallOf(s.at), s.says)
		if err := t.publish(ctx, s.events); err != nil {
			return err
		}
		for _, wanted := range s.until {
			if err := t.await(ctx, s.at+", "+wanted.what, func() bool { return wanted.met(t.seen) }); err != nil {
				return err
			}
			if wanted.tells != nil {
				t.line(wanted.tells(t.seen))
			}
		}
		if err := t.awaitLetters(ctx, s.mails); err != nil {
			return err
		}
		if s.screens {
			if err := t.look(ctx, &s); err != nil {
				return err
			}
		}
	}
	return nil
}

// look notes what is on the screens when all that the step waits for holds at once: one that was seen to show a film may be
// between two of them by now, and shows nothing.
func (t *stage) look(ctx context.Context, s *step) error {
	together := func() bool { return !slices.ContainsFunc(s.until, func(one sight) bool { return !one.met(t.seen) }) }
	if err := t.await(ctx, s.at+", all of it at once", together); err != nil {
		return err
	}
	t.line("all", "screens", t.seen.look(s.at))
	return nil
}

// wallOf returns what clocks in Berlin show at an instant of the night.
func wallOf(night string) string {
	in, err := zone.Load(berlin)
	if err != nil {
		return "?"
	}
	return in.LocalAt(at(night)).String()[len("2027-03-28T"):][:len("02:30")]
}
