// Package router is the group that brings each command to its store.
//
// reads: device-commands, committed records only
// owns: nothing but its positions, which it commits with what it writes
// writes: every store's own topic, device-commands.<store_id>: the same bytes, keyed by device, with a signature beside them
// replay: the same records again, with the same signatures as long as the same key signs; a device ignores what it has
//
// One process runs one transactional session: it takes what has come, in the order of the partitions, cuts it into
// transactions that touch a bounded number of topics, makes the topics that are missing before a transaction begins, and commits
// its positions with each. After any error the session is thrown away, and another one goes on from what was committed.
package router

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Config says how one process takes part. The zero value of a limit is its default.
type Config struct {
	// Connect are the options that reach and secure the brokers.
	Connect []kgo.Opt
	// Instance names this process within the group, as it does the engine's: its static member id and, behind the group's name
	// and a dash, its transactional id.
	Instance string
	// Sign returns the signature of a value's very bytes, for the header schemas.SignatureHeader. An error of it stops
	// everything until it signs again: nothing goes out unsigned.
	Sign func(value []byte) (string, error)
	// Replicas are those of topics that are made; 0: as many as device-commands has.
	Replicas int16
	// Elapsed tells the time that passes, from some beginning on.
	Elapsed func() time.Duration
	// SessionTimeout is how long the group waits for a silent member before its partitions move.
	SessionTimeout time.Duration
	// TransactionTimeout is how long the broker lets a silent owner's transaction stay open.
	TransactionTimeout time.Duration
	// TopicsMax and RecordsMax bound one transaction.
	TopicsMax, RecordsMax int
	// Bursting returns a channel that is closed when what is decided in this process has been, nil when nothing is to be: a
	// transaction waits for it before it begins, for YieldMax at the most. They share the machine, and what is decided late
	// cannot be made up for. Nil: nothing is waited for.
	Bursting func() <-chan struct{}
	YieldMax time.Duration
	// CreateEvery is the shortest time between two requests that make topics, each topics.CreateMaxTopics at the most.
	CreateEvery time.Duration
	// Rights asks the brokers whether this process may do all that its group needs; see engine.Config. Nil: nobody is asked.
	Rights func(ctx context.Context) error
	Log    zerolog.Logger
	// Reached is told of each step, so that a test can let a process die there; nil outside tests.
	Reached func(Step)
	// Observe is told what happened; Committed, Counted, Aborted, Assigned, Restarted, Fenced and Lost are used.
	Observe engine.Observer
	// Created is told of topics that were made, CreationFailed of each try that did not make all; nil: nobody is.
	Created        func(topics int)
	CreationFailed func()
}

// Defaults of Config.
const (
	DefaultTopicsMax   = 100
	DefaultRecordsMax  = 2000
	DefaultYieldMax    = time.Second
	DefaultCreateEvery = 500 * time.Millisecond
)

// What is counted when it is committed.
const (
	Routed     = "routed"     // commands that are in their store's topic
	Unroutable = "unroutable" // records that are no command with a store and a device: passed over
)

// Router is one member of the group. It is used once.
type Router struct {
	config Config
	group  string
	state  state
	// createdAt is when topics were made last (Config.Elapsed), if some were; only the session's goroutine touches it.
	createdAt time.Duration
	created   bool
	// told are the reasons of unroutable records that a line was logged about.
	told map[schemas.Reason]bool
}

// New prepares a router; nothing is reached yet.
func New(config Config) (*Router, error) {
	group, known := topics.GroupNamed(topics.Router)
	if !known || config.Instance == "" || config.Sign == nil || config.Elapsed == nil {
		return nil, errors.New("configuring the router: Instance, Sign and Elapsed are needed")
	}
	setDefault(&config.SessionTimeout, engine.DefaultSessionTimeout)
	setDefault(&config.TransactionTimeout, engine.DefaultTransactionTimeout)
	setDefault(&config.TopicsMax, DefaultTopicsMax)
	setDefault(&config.RecordsMax, DefaultRecordsMax)
	setDefault(&config.YieldMax, DefaultYieldMax)
	setDefault(&config.CreateEvery, DefaultCreateEvery)
	config.TopicsMax = min(config.TopicsMax, topics.CreateMaxTopics)
	listened(&config)
	r := &Router{config: config, group: group.ID(), told: map[schemas.Reason]bool{}}
	r.state.wait("joining the group")
	return r, nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// The pauses between two sessions: doubled at each, back to the first after a commit.
const (
	retryMin = 50 * time.Millisecond
	retryMax = 2 * time.Second
)

// Run routes until ctx ends, then commits what is in hand, leaves the group and returns nil. It comes back by itself from what
// a broker, a network or another member can do; its error, engine.ErrFencedInstance, says that another process runs under the
// same name.
func (r *Router) Run(ctx context.Context) error {
	var taken takings
	pause := retryMin
	for ctx.Err() == nil {
		m, err := r.join(ctx)
		if err == nil {
			err = m.takePart(ctx)
		}
		if ctx.Err() != nil {
			if m != nil {
				m.leave()
			}
			return nil
		}
		if m != nil && m.progressed {
			pause = retryMin
		}
		if errors.Is(err, kerr.FencedInstanceID) && taken.note(r.config.Elapsed()) {
			return fmt.Errorf("%w (group %s, instance %s)", engine.ErrFencedInstance, r.group, r.config.Instance)
		}
		r.config.Observe.Restarted(err.Error())
		r.config.Log.Warn().Err(err).Dur("retry_in", pause).Msg("group session ended, joining again")
		r.state.wait("joining again after: " + err.Error())
		sleep(ctx, pause)
		pause = min(2*pause, retryMax)
		if topics.Unauthorized(err) {
			r.awaitRights(ctx)
		}
	}
	return nil
}

// awaitRights waits until this process may do again what its group needs, and tells what it may not.
func (r *Router) awaitRights(ctx context.Context) {
	told := ""
	for pause := retryMin; ctx.Err() == nil; pause = min(2*pause, retryMax) {
		missing := r.missingRights(ctx)
		if missing == nil {
			return
		}
		r.state.wait(missing.Error())
		if told != missing.Error() {
			told = missing.Error()
			r.config.Log.Error().Err(missing).Msg("the group stands still until its rights are back")
		}
		sleep(ctx, pause)
	}
}

// missingRights returns what this process may not do; nil when it may do all, or when nobody answers.
func (r *Router) missingRights(ctx context.Context) error {
	if r.config.Rights == nil {
		return nil
	}
	if err := r.config.Rights(ctx); errors.Is(err, topics.ErrRights) {
		return err
	}
	return nil
}

// takings are the times that this process's name was taken in the group. A request of its own that was on its way for long may
// take it once; who loses it takenMax times within takenWithin has a namesake, which does it to it, too. One of the two gives up.
type takings struct{ at []time.Duration }

const (
	takenMax    = 3
	takenWithin = time.Minute
)

// note notes that the name was taken now, and says whether a namesake did it.
func (t *takings) note(now time.Duration) bool {
	t.at = append(t.at, now)
	if len(t.at) < takenMax {
		return false
	}
	t.at = t.at[len(t.at)-takenMax:]
	return now-t.at[0] < takenWithin
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
