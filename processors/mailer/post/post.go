// Package post sends the mails that wait in the sent log, each at most once.
//
// A mail is handed to the server up to its last line. Then the log notes, so that it outlasts a crash, that it is being sent;
// only then goes the last line, by which the server takes the responsibility, and the server's answer is noted. What a crash
// leaves noted as being sent is ambiguous: it may have been taken, so it is recorded as such and never sent again. That stretch
// is passed by one mail at a time, so a crash leaves one such mail at most; an answer that takes longer than a second, and twice
// as long as the last one, lets the next one go on.
//
// A refusal for good ends a mail, a refusal for now has it tried again with growing pauses, until it is too old. A server that
// cannot be reached, or refuses the login or the sender, says nothing about a mail: then all of them wait, untried. A sender that
// is none any more is the mail's own trouble. After a last line without an answer mails go on one by one.
//
// A provisional mail that was put off until the final one has left is skipped.
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
	"github.com/rmn-arms/campaign-engine/state/mail"
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
	// Rest is called when there is nothing to carry for a while; it returns within two seconds.
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
	Unsent                         // the server takes no mail of this one's sender
)

// Config says what is sent, and how.
type Config struct {
	Queue     Queue
	Transport Transport
	Clock     engine.Clock
	// By names the process in the log. Another process of that name is over when this one runs.
	By string
	// From is the address that mails are from now; those that were made before may be from another.
	From string
	// Rate is how many mails may leave in a second, over all processes that send.
	Rate float64
	// MaxAge is how long after its nominal instant, and after it was made, a mail is still tried.
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
	claimFor  = time.Minute
	claimMost = 50
	soon      = time.Second
	gateMost  = 10 * time.Second // that one mail's answer keeps others from their last lines
	// silentMax is longer than any answer is waited for.
	silentMax  = answerMax + 5*time.Minute
	sweepEvery = 30 * time.Second
	// textFor is how long the text is kept of a mail that was not sent.
	textFor  = 30 * 24 * time.Hour
	pauseMin = time.Second
	pauseMax = time.Minute
	// lastMax is how long answers are waited for when the process ends.
	lastMax = 3 * time.Second
	// endMax is how long it may take then to note them.
	endMax = 2 * time.Second
)

// Sender sends mails until it ends.
type Sender struct {
	config Config
	nudged chan struct{}
	places *places
	gate   *gate
	way    way
	// lastMax and endMax are the bounds of those names.
	lastMax, endMax time.Duration
	lost            bool // the answer to a claim
	others          bool // have their turn: those that are not of domains or campaigns without a free place lately

	mu   sync.Mutex
	last string // what was logged last
}

// shift is how long a run goes on.
type shift struct {
	ctx    context.Context // until it is to end
	last   context.Context // until answers are waited for no longer
	noting context.Context // until what became of mails is noted no longer
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
		config: config, nudged: make(chan struct{}, 1), places: newPlaces(soon), gate: newGate(soon, gateMost),
		lastMax: lastMax, endMax: endMax,
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
func (s *Sender) Waiting() string { return s.way.closed(s.config.Clock.Elapsed()) }

// Run sends until ctx ends; then it waits a few seconds for answers to what is on its way.
func (s *Sender) Run(ctx context.Context) {
	of, cancel := s.begin(ctx)
	defer cancel()
	var posting sync.WaitGroup
	defer func() {
		posting.Wait()
		s.config.Transport.Rest()
	}()
	by, swept := s.config.By, time.Duration(math.MinInt64)
	for ctx.Err() == nil {
		if now := s.config.Clock.Elapsed(); by != "" || now-swept >= sweepEvery {
			if s.sweep(ctx, by) {
				by = ""
			}
			swept = now
		}
		if by != "" { // what this process had in hand before may be on its way yet, for all that is known
			s.rest(ctx)
			continue
		}
		claimed, probe := s.claim(ctx)
		s.send(of, claimed, probe, &posting)
		if len(claimed) == 0 {
			if ids, _, _ := s.places.standing(); len(ids) == 0 {
				s.config.Transport.Rest()
			}
			s.rest(ctx)
		}
	}
}

// begin returns how long a run goes on that ctx ends.
func (s *Sender) begin(ctx context.Context) (of shift, cancel func()) {
	last, endLast := context.WithCancel(context.WithoutCancel(ctx))
	noting, endNoting := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(s.lastMax, endLast)
		time.AfterFunc(s.lastMax+s.endMax, endNoting)
	})
	return shift{ctx, last, noting}, func() {
		stop()
		endLast()
		endNoting()
	}
}

// send hands over what was taken in hand, each mail when it may leave.
func (s *Sender) send(of shift, claimed []pgstore.ClaimedMail, probe bool, posting *sync.WaitGroup) {
	departures := departuresOf(claimed)
	defer func() {
		for _, departure := range departures {
			departure.Stop()
		}
	}()
	probed := func() {}
	if probe {
		probed = sync.OnceFunc(s.way.probed)
	}
	for i := range claimed {
		m := &claimed[i]
		if m.Overtaken {
			s.end(of, m, overtaken)
			probed()
			continue
		}
		place, got := s.hold(of.ctx, departures[i].C, m, probed)
		switch got {
		case given:
			posting.Go(func() {
				defer probed()
				s.post(of, m, place)
			})
			continue
		case busy:
			if aside := s.places.stepAside(&m.Mail, probed); aside != nil {
				posting.Go(func() {
					defer probed()
					s.postAside(of, m, aside)
				})
				continue
			}
			fallthrough
		case crowded:
			s.giveBack(of, claimed[i:i+1])
			probed()
			continue
		}
		s.giveBack(of, claimed[i:])
		probed()
		break
	}
}

// sweep ends mails that nobody else would. Its result says whether it has; by is this process while it has not yet.
func (s *Sender) sweep(ctx context.Context, by string) bool {
	swept, err := s.config.Queue.SweepMails(ctx, pgstore.MailSweep{
		By: by, Silent: silentMax, Before: s.config.Clock.Now().Add(-s.config.MaxAge), Late: s.late(), Keep: textFor,
	})
	if err != nil {
		s.failed(ctx, err, "looking after mails has failed, and is tried again")
		return false
	}
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
	counts, err := s.config.Queue.MailCounts(ctx)
	if err != nil {
		s.failed(ctx, err, "counting mails has failed, and is tried again")
		return true
	}
	s.config.Told.Counted(counts)
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
func (s *Sender) claim(ctx context.Context) (claimed []pgstore.ClaimedMail, probe bool) {
	most, probe := s.way.most(s.config.Clock.Elapsed(), max(1, min(claimMost, int(s.config.Rate))))
	if most == 0 {
		return nil, false
	}
	if s.others = !s.others; s.others { // most of what is taken in hand of tardy ones only waits, or is given back
		if domains, campaigns := s.places.tardy(); len(domains)+len(campaigns) > 0 {
			claimed = s.claimSome(ctx, most, domains, campaigns)
		}
	}
	if len(claimed) == 0 {
		claimed = s.claimSome(ctx, most, nil, nil)
	}
	if probe && len(claimed) == 0 {
		s.way.probed()
	}
	return claimed, probe
}

// claimSome takes mails in hand, but for those to some domains and of some campaigns.
func (s *Sender) claimSome(ctx context.Context, most int, notTo, notOf []string) []pgstore.ClaimedMail {
	onTheirWay, domains, campaigns := s.places.standing()
	claimed, err := s.config.Queue.ClaimMails(ctx, pgstore.MailClaim{
		By: s.config.By, Now: s.config.Clock.Now(), Most: most, For: claimFor,
		Every: time.Duration(float64(time.Second) / s.config.Rate), NotTo: append(domains, notTo...),
		NotOf: append(campaigns, notOf...),
		Lost:  s.lost, InHand: onTheirWay, Provisional: mail.BeforeTheFinal.String(), Final: mail.AtTheEnd.String(),
	})
	if s.lost = err != nil; s.lost {
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

// hold waits until a mail may leave, and for its place. full: it may not any more, since ctx has ended or the server is away.
func (s *Sender) hold(ctx context.Context, departure <-chan time.Time, m *pgstore.ClaimedMail, slow func()) (*place, want) {
	select {
	case <-ctx.Done():
	case <-departure:
	}
	defer s.places.leaveTurn()
	for ctx.Err() == nil && s.way.isOpen(s.config.Clock.Elapsed()) {
		place, got, changed := s.places.take(&m.Mail, slow)
		if got != full {
			return place, got
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
	return nil, full
}

// giveBack lets others have mails that were taken in hand and not begun.
func (s *Sender) giveBack(of shift, mails []pgstore.ClaimedMail) {
	for i := range mails {
		if !s.end(of, &mails[i], pgstore.MailEnd{State: pgstore.MailWaiting, Answer: mails[i].Answer}) {
			return // in a while they are nobody's by themselves
		}
	}
}

// rest waits for something to do.
func (s *Sender) rest(ctx context.Context) { wait(ctx, s.config.Poll, s.nudged) }

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

// overtaken is what becomes of a provisional mail when the final one was faster.
var overtaken = pgstore.MailEnd{State: pgstore.MailSkipped, Answer: "the final mail has overtaken it"}

// Why a mail is not handed over at the last moment.
var (
	errWithheld = errors.New("the mail is in another's hand")
	errClosed   = errors.New("mails wait meanwhile")
)

type nobody struct{}

func (nobody) Ended(pgstore.MailState, int) {}
func (nobody) Answered(time.Duration)       {}
func (nobody) Failed()                      {}
func (nobody) Counted(pgstore.MailCounts)   {}
