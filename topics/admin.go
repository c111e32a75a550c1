package topics

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	callTimeout  = 15 * time.Second // of one request
	applyTimeout = time.Minute      // of all of Apply
	roundsMax    = 12               // of looking and mending; with pauses of pauseFirst to pauseLast about 13 s
	looksMax     = 4                // of Check, with pauses of together 350 ms
	pauseFirst   = 50 * time.Millisecond
	pauseLast    = 2 * time.Second
)

var (
	// ErrMismatch says that the topics of the cluster are not as the engine needs them.
	ErrMismatch = errors.New("they are not as the engine needs them")
	// ErrOptions says that the options cannot be meant.
	ErrOptions = errors.New("partitions must be at least 1")
)

// Admin compares and mends the topics of one cluster. It may be used from many goroutines.
type Admin struct {
	client *kgo.Client
	admin  *kadm.Client
	// pause waits before a round; false when the context ended.
	pause func(ctx context.Context, round int) bool
}

// NewAdmin returns an Admin that uses the client; the caller closes the client.
func NewAdmin(client *kgo.Client) *Admin {
	admin := kadm.NewClient(client)
	admin.SetTimeoutMillis(int32(callTimeout.Milliseconds()))
	return &Admin{client: client, admin: admin, pause: pause}
}

// Plan looks at the cluster and says in what it differs from what is wanted. It changes nothing.
func (a *Admin) Plan(ctx context.Context, want []Stream, options Options) (Plan, error) {
	if options.Partitions < 1 {
		return Plan{}, fmt.Errorf("planning topics: %w", ErrOptions)
	}
	have, err := a.describe(ctx, want)
	if err != nil {
		return Plan{}, fmt.Errorf("planning topics: %w", err)
	}
	return Compare(want, have, options), nil
}

// Check is for the start of the engine: its error, an ErrMismatch, names each difference with which the engine must
// not start and the commands that mend it. The plan also has those that do no harm at once.
//
// It refuses only what several looks show, for a broker learns of a change some hundred milliseconds after it was made.
func (a *Admin) Check(ctx context.Context, want []Stream, options Options) (plan Plan, err error) {
	for round := range looksMax {
		if round > 0 && !a.pause(ctx, round) {
			err = errors.Join(ctx.Err(), err)
			break
		}
		if plan, err = a.Plan(ctx, want, options); err == nil {
			blocking := plan.Blocking()
			if len(blocking) == 0 {
				return plan, nil
			}
			err = plan.mismatch(blocking)
		} else if !kerr.IsRetriable(err) {
			break // where nobody answers, looking again would only make the person wait
		}
	}
	return plan, fmt.Errorf("checking topics: %w", err)
}

// Apply creates the missing topics and alters the settings that differ, and returns when every broker knows the
// topics. It may be repeated and run by several at once. The plan that it returns is what it found at first.
//
// It never changes the number of partitions of an existing topic. When one has another number it changes nothing at
// all, for a topic created beside it would make the disagreement last: the error is an ErrMismatch that says what to do.
func (a *Admin) Apply(ctx context.Context, want []Stream, options Options) (Plan, error) {
	if options.Partitions < 1 {
		return Plan{}, fmt.Errorf("applying topics: %w", ErrOptions)
	}
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	first, err := a.converge(ctx, want, options)
	if err == nil {
		err = a.awaitEverywhere(ctx, want)
	}
	if err != nil {
		return first, fmt.Errorf("applying topics: %w", err)
	}
	return first, nil
}

// converge looks and mends until there is nothing to mend. One loop covers what can happen between two requests: a
// topic that somebody else just created, a controller that moved, a broker that does not know yet.
func (a *Admin) converge(ctx context.Context, want []Stream, options Options) (first Plan, err error) {
	looked := false
	for round := range roundsMax {
		if round > 0 && !a.pause(ctx, round) {
			return first, errors.Join(ctx.Err(), err)
		}
		var plan Plan
		if plan, err = a.Plan(ctx, want, options); err == nil {
			if !looked {
				first, looked = plan, true
			}
			if counts := plan.Of(PartitionCount); len(counts) > 0 {
				return first, plan.mismatch(counts)
			}
			if len(plan.Pending()) == 0 {
				return first, nil
			}
			err = a.mend(ctx, plan)
		}
		if err != nil && !passes(err) {
			return first, err
		}
	}
	return first, fmt.Errorf("giving up after %d rounds: %w", roundsMax, errors.Join(ErrMismatch, err))
}

// mismatch is the error that tells a person all there is to know: the differences, and what to do.
func (p Plan) mismatch(differences []Difference) error {
	var lines []string
	for _, difference := range differences {
		lines = append(lines, "- "+difference.String())
	}
	return fmt.Errorf("%w:\n%sto mend it:\n%s", ErrMismatch, indented(lines), indented(p.Mend()))
}

// pause waits longer each time.
func pause(ctx context.Context, round int) bool {
	timer := time.NewTimer(min(pauseFirst<<(round-1), pauseLast))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// passes reports whether an error may be gone at the next try: one that Kafka calls retriable, a request that took
// too long (the caller's own end is seen by pause), or a topic that somebody created or deleted meanwhile.
func passes(err error) bool {
	return kerr.IsRetriable(err) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, kerr.TopicAlreadyExists) || errors.Is(err, kerr.UnknownTopicOrPartition)
}
