package run

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/processors/mailer/letter"
	"github.com/rmn-arms/campaign-engine/processors/mailer/post"
	"github.com/rmn-arms/campaign-engine/processors/sink"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Mails says how mails are made and sent.
type Mails struct {
	Sender    letter.Sender
	Transport post.Transport
	// To says in a phrase where mails go, for the log.
	To string
	// Rate is how many may leave in a second, over all processes.
	Rate float64
	// MaxAge is how long after its nominal instant a mail is made, and tried, which it is as long after it was made, too.
	MaxAge instant.Millis
}

// ageless is longer than any clock goes on that somebody drives.
const ageless = instant.Millis(processors.DrivenLast)

// maxAge returns MaxAge by this clock. By one that somebody drives mails get old while they are being made: there they never are
// too old.
func (m *Mails) maxAge(clock engine.Clock) instant.Millis {
	if _, driven := clock.(engine.DrivenClock); driven {
		return ageless
	}
	return m.MaxAge
}

// mailer is the process's part in mails: it makes them of facts, and sends them. Whatever becomes of it, the groups go on.
type mailer struct {
	group    topics.Group
	connect  []kgo.Opt
	instance string
	database func(context.Context) (string, error)
	settings processors.Settings
	mails    Mails
	clock    engine.Clock
	log      zerolog.Logger
	metrics  *metrics

	reading
	sender atomic.Pointer[post.Sender] // nil before there is a database
}

func newMailer(s Settings, group topics.Group, m *metrics) *mailer {
	return &mailer{
		group: group, connect: s.Connect, instance: s.Instance, database: s.Database, settings: s.Campaigns, mails: s.Mails,
		clock: s.Clock, metrics: m, log: s.Log.With().Str("processor", group.Short).Logger(),
		reading: reading{waiting: "looking for the database"},
	}
}

// run makes and sends mails until ctx ends.
func (m *mailer) run(ctx context.Context) {
	url, err := m.database(ctx)
	if err != nil {
		if ctx.Err() == nil {
			m.log.Warn().Err(err).Msg("there is no database: no mails are made or sent; the process goes on without")
			m.wait("no mails are made or sent: " + err.Error())
		}
		return
	}
	store := opening{m.log, "the database is open: mails go to " + m.mails.To, func(err error) {
		m.metrics.mails.failures.Inc()
		m.wait(err.Error())
	}}.open(ctx, url)
	if store == nil {
		return
	}
	defer store.Close()
	reader, keeper, sender := m.parts(store)
	m.begin(reader)
	m.sender.Store(sender)
	var running sync.WaitGroup
	running.Go(func() { reader.Run(ctx) })
	running.Go(func() { keeper.Wake(ctx, m.wakeFailed) })
	running.Go(func() { sender.Run(ctx) })
	running.Wait()
}

// parts returns what reads topics, what makes mails, and what sends them.
func (m *mailer) parts(store *pgstore.Store) (*sink.Sink, *processors.Mailer, *post.Sender) {
	maxAge := m.mails.maxAge(m.clock)
	sender := post.New(post.Config{
		Queue: store, Transport: m.mails.Transport, Clock: m.clock, By: m.instance, From: m.mails.Sender.Address(),
		Rate: m.mails.Rate, MaxAge: maxAge, Log: m.log, Told: m.metrics.mails,
	})
	keeper := processors.NewMailer(processors.MailerConfig{
		Store: store, Campaigns: m.settings, Sender: m.mails.Sender, MaxAge: maxAge, Clock: m.clock,
		Told: func(told processors.Mailed) {
			m.made(told)
			if told.Waiting > 0 {
				sender.Nudge()
			}
		},
	})
	reader := sink.New(sink.Config{
		Connect: m.connect, Group: m.group.ID(), Instance: m.instance, Topics: processors.MailedTopics(), Keeper: keeper,
		Elapsed: m.clock.Elapsed, Log: m.log, Failed: m.metrics.mails.failures.Inc,
		Kept: func(records int, _ time.Duration) {
			m.metrics.mails.records.WithLabelValues(mailRead).Add(float64(records))
		},
	})
	return reader, keeper, sender
}

func (m *mailer) wakeFailed(err error) {
	m.metrics.mails.failures.Inc()
	m.log.Error().Err(err).Msg("looking for campaigns that are due has failed, and is tried again")
}

// made tells of mails that were made: what could not be read is for a person to look into.
func (m *mailer) made(told processors.Mailed) {
	m.metrics.mails.made(told)
	if len(told.Broken) > 0 {
		m.log.Error().Strs("campaigns", told.Broken).
			Msg("rows of mail_campaigns cannot be read: nothing is mailed of these campaigns until the rows are repaired, or removed, " +
				"and a mailer starts anew")
	}
	if told.Skipped > 0 {
		m.log.Info().Int("mails", told.Skipped).Str("to_see_them", "campaignctl mails --state skipped").
			Msg("mails tell of something too long ago: they are recorded, and not sent")
	}
	if told.MailResult.Failed > 0 {
		m.log.Error().Int("mails", told.MailResult.Failed).Str("to_see_them", "campaignctl mails --state failed").
			Msg("mails could not be written: they are recorded, and not sent")
	}
	for topic, count := range told.Unreadable {
		m.log.Error().Str("topic", string(topic)).Int("records", count).
			Msg("records that only the engine may write cannot be read: nothing is mailed about them")
	}
}

// serverWaits says why no mail leaves, "" when they may.
func (m *mailer) serverWaits() string {
	if sender := m.sender.Load(); sender != nil {
		return sender.Waiting()
	}
	return ""
}

// waitsFor says what mails wait for.
func (m *mailer) waitsFor() []string {
	var lines []string
	if waiting := m.overview().Waiting; waiting != "" {
		lines = append(lines, waiting)
	}
	if waiting := m.serverWaits(); waiting != "" {
		lines = append(lines, "mails wait: "+waiting)
	}
	return lines
}
