// Package post sends the mails that wait in the sent log, each at most once.
//
// A mail is handed to the server up to its last line. Then the log notes, so that it outlasts a crash, that it is being sent;
// only then goes the last line, by which the server takes the responsibility, and the server's answer is noted. What a crash
// leaves noted as being sent is ambiguous: it may have been taken, so it is recorded as such and never sent again. That stretch
// is passed by one mail at a time, so a crash leaves one such mail at most; an answer that takes longer than a second lets the
// next one go on.
//
// A refusal for good ends a mail, a refusal for now has it tried again with growing pauses, until it is too old. A server that
// cannot be reached, or refuses the login, says nothing about a mail: then all of them wait, untried.
package post

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/pgstore"
)

// Queue is where mails wait, and where it is noted how far each is: *pgstore.Store. Its methods return within a time of their
// own.
type Queue interface {
	ClaimMails(ctx context.Context, c pgstore.MailClaim) ([]pgstore.ClaimedMail, error)
	BeginMail(ctx context.Context, id string, claim int64) (bool, error)
	EndMail(ctx context.Context, id string, claim int64, end pgstore.MailEnd) (bool, error)
	SweepMails(ctx context.Context, w pgstore.MailSweep) (pgstore.SweptMails, error)
	MailCounts(ctx context.Context) (pgstore.MailCounts, error)
}

var _ Queue = (*pgstore.Store)(nil)

// Transport takes mails to where they are read, or sent on.
type Transport interface {
	// Carry hands one mail over. It calls commit right before what cannot be taken back, and hands nothing over unless commit
	// returns nil. Until then it ends with ctx; from then on with last, which ends later.
	Carry(ctx, last context.Context, m *pgstore.ClaimedMail, commit func() error) Answer
	// Rest is called when there is nothing to carry for a while.
	Rest()
}

// Answer is what became of one attempt.
type Answer struct {
	Verdict Verdict
	Text    string // the server's words, or why there are none
}

// Verdict says what an answer means for the mail.
type Verdict int

// The verdicts.
const (
	Accepted    Verdict = iota + 1 // by the server, which sends it on
	Refused                        // for good
	Later                          // refused for now, or the way broke before the last line
	Unknown                        // the last line went out, and no answer came
	Unreachable                    // the server takes no mail at all; it says nothing about this one
	Withheld                       // commit did not let it pass: nothing was handed over
)

// Config says what is sent, and how.
type Config struct {
	Queue     Queue
	Transport Transport
	Clock     engine.Clock
	// By names the process in the log. Another process of that name is over when this one runs.
	By string
	// Rate is how many mails may leave in a second, over all processes that send.
	Rate float64
	// MaxAge is how long after its nominal instant a mail is still tried.
	MaxAge instant.Millis
	Log    zerolog.Logger
	// Told is told of what becomes of mails; nil: nobody is.
	Told Told
	// Poll is how often is looked for mails that nobody has told of, zero: every second.
	Poll time.Duration
}

// Told is told what becomes of mails.
type Told interface {
	// Ended tells of mails that have ended, or are to be tried again (pgstore.MailWaiting).
	Ended(state pgstore.MailState, count int)
	// Answered tells how long the server took for the answer to the last line.
	Answered(took time.Duration)
	// Failed tells that the log could not be read or written; that is done again.
	Failed()
	// Counted tells how the log stands.
	Counted(c pgstore.MailCounts)
}

// The bounds of the sender.
const (
	claimFor    = time.Minute
	claimMost   = 50
	connections = 8  // that hand mails over at the same time
	slowMost    = 16 // mails more that have been on their way for longer than soon
	soon        = time.Second
	// silentMax is longer than any answer is waited for.
	silentMax  = answerMax + 5*time.Minute
	sweepEvery = 30 * time.Second
	pauseMin   = time.Second
	pauseMax   = time.Minute
	// lastMax is how long answers are waited for when the process ends.
	lastMax = 3 * time.Second
	// endMax is how long it may take then to note them.
	endMax = 2 * time.Second
)

// Sender sends mails until it ends.
type Sender struct {
	config Config
	nudged chan struct{}
	slots  chan struct{}
	slow   chan struct{}
	gate   *gate
	// soon, lastMax and endMax are the bounds of those names.
	soon, lastMax, endMax time.Duration

	mu      sync.Mutex
	waiting string        // why no mail leaves, "" when they may
	until   time.Duration // by Elapsed: when the server is tried again
	pause   time.Duration // the next one; zero: the server took the last mail
	last    string        // what was logged last
}

// New prepares a sender; nothing is reached yet.
func New(config Config) *Sender {
	if config.Told == nil {
		config.Told = nobody{}
	}
	if config.Poll <= 0 {
		config.Poll = time.Second
	}
	return &Sender{
		config: config, nudged: make(chan struct{}, 1), slots: make(chan struct{}, connections), slow: make(chan struct{}, slowMost),
		gate: newGate(soon), soon: soon, lastMax: lastMax, endMax: endMax,
	}
}

// Nudge tells that there may be new mails.
func (s *Sender) Nudge() {
	select {
	case s.nudged <- struct{}{}:
	default:
	}
}

// Waiting says why no mail leaves, "" when they may.
func (s *Sender) Waiting() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting
}

// Run sends until ctx ends; then it waits a few seconds for answers to what is on its way.
func (s *Sender) Run(ctx context.Context) {
	last, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var posting sync.WaitGroup
	defer func() {
		timer := time.AfterFunc(s.lastMax, cancel)
		defer timer.Stop()
		posting.Wait()
		s.config.Transport.Rest()
	}()
	by, swept := s.config.By, time.Duration(math.MinInt64)
	for ctx.Err() == nil {
		if now := s.config.Clock.Elapsed(); swept == math.MinInt64 || now-swept >= sweepEvery {
			if s.sweep(ctx, by) {
				by = ""
			}
			swept = now
		}
		claimed := s.claim(ctx)
		departures := departuresOf(claimed)
		for i := range claimed {
			if !s.hold(ctx, departures[i].C) {
				s.giveBack(ctx, claimed[i:])
				break
			}
			m, place := &claimed[i], s.take()
			posting.Go(func() { s.post(ctx, last, m, place) })
		}
		for _, departure := range departures {
			departure.Stop()
		}
		if len(claimed) == 0 && !s.isBusy() {
			s.config.Transport.Rest()
		}
		if len(claimed) == 0 {
			s.rest(ctx)
		}
	}
}

// sweep ends mails that nobody else would. Its result says whether it has; by is this process while it has not yet.
func (s *Sender) sweep(ctx context.Context, by string) bool {
	swept, err := s.config.Queue.SweepMails(ctx, pgstore.MailSweep{
		By: by, Silent: silentMax, Before: s.config.Clock.Now().Add(-s.config.MaxAge), Late: s.late(),
	})
	var counts pgstore.MailCounts
	if err == nil {
		counts, err = s.config.Queue.MailCounts(ctx)
	}
	if err != nil {
		s.failed(ctx, err, "looking after mails has failed, and is tried again")
		return false
	}
	s.config.Told.Counted(counts)
	s.config.Told.Ended(pgstore.MailAmbiguous, int(swept.Ambiguous))
	s.config.Told.Ended(pgstore.MailFailed, int(swept.Failed))
	if swept.Ambiguous > 0 {
		s.config.Log.Error().Int64("mails", swept.Ambiguous).Str("to_see_them", "campaignctl mails --state ambiguous").
			Msg("a process ended before it heard whether the server took these mails: they are not sent again")
	}
	if swept.Failed > 0 {
		s.config.Log.Error().Int64("mails", swept.Failed).Str("to_see_them", "campaignctl mails --state failed").
			Msg("mails were not taken in time, and are given up")
	}
	return true
}

// late says why mails that nobody has in hand were not taken in time.
func (s *Sender) late() string {
	if waiting := s.Waiting(); waiting != "" {
		return "not taken within " + s.maxAge() + ": " + waiting
	}
	return "not taken within " + s.maxAge()
}

func (s *Sender) maxAge() string { return (time.Duration(s.config.MaxAge) * time.Millisecond).String() }

// claim takes mails in hand: as many as may leave in a second, and one while it is not known whether the server takes any.
func (s *Sender) claim(ctx context.Context) []pgstore.ClaimedMail {
	most := max(1, min(claimMost, int(s.config.Rate)))
	s.mu.Lock()
	if s.until > s.config.Clock.Elapsed() {
		most = 0
	} else if s.pause > 0 {
		most = 1
	}
	s.mu.Unlock()
	if most == 0 {
		return nil
	}
	claimed, err := s.config.Queue.ClaimMails(ctx, pgstore.MailClaim{
		By: s.config.By, Now: s.config.Clock.Now(), Most: most, For: claimFor,
		Every: time.Duration(float64(time.Second) / s.config.Rate),
	})
	if err != nil {
		s.failed(ctx, err, "taking mails in hand has failed, and is tried again")
	}
	return claimed
}

// failed notes that the log did not answer.
func (s *Sender) failed(ctx context.Context, err error, what string) {
	if ctx.Err() != nil {
		return
	}
	s.config.Told.Failed()
	s.mu.Lock()
	told := s.last == err.Error()
	s.last = err.Error()
	s.mu.Unlock()
	if !told { // the same again and again is told once
		s.config.Log.Error().Err(err).Msg(what)
	}
}

// departuresOf returns what tells, for each mail, when it may leave: all of it is reckoned from now.
func departuresOf(claimed []pgstore.ClaimedMail) []*time.Timer {
	departures := make([]*time.Timer, len(claimed))
	for i := range claimed {
		departures[i] = time.NewTimer(claimed[i].After)
	}
	return departures
}

// hold waits until a mail may leave. False: it may not any more, since ctx has ended or the server is away.
func (s *Sender) hold(ctx context.Context, departure <-chan time.Time) bool {
	select {
	case <-ctx.Done():
	case <-departure:
	}
	select {
	case <-ctx.Done():
	case s.slots <- struct{}{}:
		s.mu.Lock()
		defer s.mu.Unlock()
		if ctx.Err() == nil && s.until <= s.config.Clock.Elapsed() {
			return true
		}
		<-s.slots
	}
	return false
}

// giveBack lets others have mails that were taken in hand and not begun.
func (s *Sender) giveBack(ctx context.Context, mails []pgstore.ClaimedMail) {
	for i := range mails {
		if !s.end(ctx, &mails[i], pgstore.MailEnd{State: pgstore.MailWaiting, Answer: mails[i].Answer}) {
			return // in a while they are nobody's by themselves
		}
	}
}

// rest waits for something to do.
func (s *Sender) rest(ctx context.Context) { wait(ctx, s.config.Poll, s.nudged) }

// isBusy reports whether mails are on their way.
func (s *Sender) isBusy() bool { return len(s.slots) > 0 || len(s.slow) > 0 }

// wait returns when the time has passed, ctx has ended, or somebody nudges.
func wait(ctx context.Context, d time.Duration, nudged <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-nudged:
	}
}

// errWithheld says that a mail is another's, or has ended.
var errWithheld = errors.New("the mail is in another's hand")

type nobody struct{}

func (nobody) Ended(pgstore.MailState, int) {}
func (nobody) Answered(time.Duration)       {}
func (nobody) Failed()                      {}
func (nobody) Counted(pgstore.MailCounts)   {}
