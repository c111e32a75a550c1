package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/topics"
	"github.com/rmn-arms/campaign-engine/topics/fakebroker"
)

func TestWhatEndsAProcessIsToldOnce(t *testing.T) {
	cause := errors.New("the topic is missing")
	fromGoka := errors.New("1 error occurred:\n\t* error consuming from group consumer: the topic is missing\n\n")
	joined := fmt.Errorf("running group a: %w", errors.Join(cause, fromGoka))
	for _, c := range []struct {
		name string
		errs []error
		want string
	}{
		{"the engine's and goka's copy", []error{nil, joined}, "running group a: the topic is missing"},
		{"goka's alone", []error{fmt.Errorf("running group a: %w", fromGoka)},
			"running group a: error consuming from group consumer: the topic is missing"},
		{"two groups", []error{joined, errors.New("running group b: another")},
			"running group a: the topic is missing\nrunning group b: another"},
		{"two wrapped in one sentence", []error{fmt.Errorf("%w: %w", cause, errors.New("why"))}, "the topic is missing: why"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := ending("x", c.errs)
			if err == nil || err.Error() != c.want {
				t.Errorf("it says %q, want %q", err, c.want)
			}
		})
	}
	if err := ending("x", []error{joined}); !errors.Is(err, cause) {
		t.Errorf("%v is not its cause any more", err)
	}
	if err := ending("x", []error{nil, nil}); err != nil {
		t.Errorf("without an error: %v", err)
	}
}

// patience bounds waits that end by themselves when all is well.
const patience = 2 * time.Minute

// heard is a log as it comes, a line at a time.
type heard chan string

func (h heard) Write(line []byte) (int, error) {
	h <- string(line)
	return len(line), nil
}

// await waits for a line that holds all parts.
func (h heard) await(ctx context.Context, t *testing.T, parts ...string) {
	t.Helper()
	for {
		select {
		case line := <-h:
			if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) }) {
				return
			}
		case <-ctx.Done():
			t.Fatalf("it never logs %q", parts)
		}
	}
}

// TestTheOlderOfTwoWithOneInstanceIDEnds: the newer goes on, and the older says why it ends, in one sentence.
func TestTheOlderOfTwoWithOneInstanceIDEnds(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	fakebroker.Quiet(cluster)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	owns := make(heard, 10_000) // nobody reads all of it, and who cannot write stands still
	ready := func(process *Process) {
		for len(process.NotReady()) > 0 && ctx.Err() == nil {
			<-time.After(5 * time.Millisecond)
		}
	}
	start := func() (*Process, chan error) {
		process, err := New(Settings{
			Connect: []kgo.Opt{kgo.SeedBrokers(cluster.ListenAddrs()...)}, Instance: "twice", Groups: topics.Transacted(),
			Clock: processors.SystemClock(), Topics: topics.Options{Partitions: 2}, Keys: testKeys(t),
			Log: zerolog.New(owns),
		})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- process.Run(ctx) }()
		ready(process)
		return process, ended
	}
	_, older := start()
	owns.await(ctx, t, "timers: ready after ", ", owns 2 partitions")
	newer, goesOn := start()
	owns.await(ctx, t, "lifecycle: ready after ", ", owns 2 partitions")
	err = <-older
	const want = "another process runs under the same instance id: give each its own --instance-id (this one ran as twice; the newer one goes on)"
	if !errors.Is(err, engine.ErrFencedInstance) || strings.TrimSpace(err.Error()) != want {
		t.Errorf("the older ends with %v", err)
	}
	ready(newer) // the older one may have taken the name back a few times
	if reasons := newer.NotReady(); len(reasons) > 0 {
		t.Errorf("the newer waits: %q", reasons)
	}
	cancel()
	if err := <-goesOn; err != nil {
		t.Errorf("the newer ends with %v", err)
	}
}
