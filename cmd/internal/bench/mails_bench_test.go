//go:build bench

package bench

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/mailtest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/state/pgstore/pgtest"
	"github.com/rmn-arms/campaign-engine/topics"
)

var (
	mailing  = flag.Int("mailing", 5000, "campaigns of two contacts each that start at one instant")
	mailRate = flag.Int("mail-rate", 200, "mails that may leave in a second")
)

// TestMails measures how late campaigns of one instant start without mails and with them, and when their mails are out.
func TestMails(t *testing.T) {
	r := newRig(t, kafkatest.Start(t, kafkatest.Options{}))
	url, server := pgtest.Start(t).URL("owner", "postgres"), mailtest.Start(t)
	with := []string{
		"--database-url", url, "--smtp-url", server.URL(), "--mail-from", "Campaigns <campaigns@bench.example>",
		"--mail-rate", fmt.Sprint(*mailRate),
	}
	var without []string
	for _, group := range topics.Groups() {
		if group.Short != topics.Mailer {
			without = append(without, group.Short)
		}
	}
	r.start("--database-url", url, "--processors", strings.Join(without, ","))
	r.mails("mails-none", nil)
	r.stop()
	r.start(with...)
	r.caughtUp(url)
	r.mails("mails", server)
	r.stop()
}

// caughtUp waits until what was started before mails were made is recorded.
func (r *rig) caughtUp(url string) {
	r.t.Helper()
	r.must(proctest.Await(r.ctx, func(ctx context.Context) error {
		rows, err := pgtest.Query(ctx, url, "SELECT count(*)::text FROM campaign_engine.mails WHERE state <> 'waiting'")
		if err == nil && rows[0] != fmt.Sprint(2**mailing) {
			err = fmt.Errorf("%s mails of before are out", rows[0])
		}
		return err
	}))
}

// mails lets campaigns of one instant start, and waits for their mails.
func (r *rig) mails(prefix string, server *mailtest.Server) {
	r.t.Helper()
	count := *mailing
	instant := time.Now().Add(15 * time.Second).Truncate(time.Second)
	found := r.lookAtEach(topics.TransitionsApplied, prefix, "start", count)
	scheduled := r.look(topics.TransitionsApplied, prefix, "distribute", count)
	before := 0
	if server != nil {
		before = len(server.Times())
	}
	r.send(count, func(i int) *kgo.Record { return contacted(fmt.Sprintf("%s-%07d", prefix, i), instant) })
	r.await(scheduled)
	if left := time.Until(instant); left < 500*time.Millisecond {
		r.t.Logf("%s: all were scheduled only %s before the instant: not a measurement", prefix, left)
	}
	engine, broker := r.cpu()
	seen := r.await(found)
	p50, p99, most := seen.quantiles()
	what := fmt.Sprintf("%d campaigns of one instant, without mails", count)
	if server == nil {
		r.report(what, fmt.Sprintf("p50 %s, p99 %s, max %s", ms(p50), ms(p99), ms(most)), "until applied is visible")
		return
	}
	r.every(50*time.Millisecond, "the mails", func() bool { return len(server.Times()) >= before+2*count })
	engineAfter, brokerAfter := r.cpu()
	times := server.Times()[before:]
	lasted := times[len(times)-1].Sub(times[0])
	r.report(strings.Replace(what, "without mails", "with mails", 1), fmt.Sprintf("p50 %s, p99 %s, max %s", ms(p50), ms(p99), ms(most)),
		fmt.Sprintf("until applied is visible; %d mails, the first after %s, all within %s: %.1f/s of %d/s; CPU: engine %.1f s + broker %.1f s",
			len(times), ms(times[0].Sub(instant)), lasted.Round(100*time.Millisecond), float64(len(times)-1)/lasted.Seconds(), *mailRate,
			(engineAfter-engine).Seconds(), (brokerAfter-broker).Seconds()))
	for id, taken := range server.Taken() {
		if taken != 1 {
			r.t.Errorf("%s was taken %d times", id, taken)
		}
	}
}

// contacted returns the event that creates a campaign with two contacts.
func contacted(id string, starts time.Time) *kgo.Record {
	record := campaign(id, starts)
	people := fmt.Sprintf(`,"contacts":[{"email":"desk@%[1]s.example","name":"Desk","locale":"en"},`+
		`{"email":"buero@%[1]s.example","name":"Büro","locale":"de"}]}}`, id)
	record.Value = append(record.Value[:len(record.Value)-len("}}")], people...)
	return record
}
