package sink

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// empty is a store that has nothing and is given nothing.
type empty struct{}

func (empty) Positions(context.Context, map[string]TopicID) (map[Partition]int64, error) {
	return nil, nil
}

func (empty) Prepare([]*kgo.Record) Put {
	return func(context.Context, []Move) error { return nil }
}

// TestAMemberWithoutPartitionsWaitsForNothing: there may be more members than partitions.
func TestAMemberWithoutPartitionsWaitsForNothing(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "in"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	began := time.Now()
	var members []*Sink
	ended := make(chan struct{}, 2)
	for _, instance := range []string{"a", "b"} {
		s := New(Config{
			Connect: []kgo.Opt{kgo.SeedBrokers(cluster.ListenAddrs()...)}, Group: "g", Instance: instance, Topics: []string{"in"},
			Keeper: empty{}, Elapsed: func() time.Duration { return time.Since(began) }, Log: zerolog.Nop(),
		})
		if waiting := s.Overview().Waiting; waiting != "joining its group" {
			t.Errorf("before it runs, %s waits for %q", instance, waiting)
		}
		members = append(members, s)
		go func() {
			s.Run(ctx)
			ended <- struct{}{}
		}()
	}
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for _, s := range members {
		for s.Overview().Waiting != "" {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				t.Fatalf("it waits for %q", s.Overview().Waiting)
			}
		}
	}
	cancel()
	<-ended
	<-ended
}

// broken is a store that does not answer.
type broken struct{ empty }

var errBroken = errors.New("no answer")

func (broken) Positions(context.Context, map[string]TopicID) (map[Partition]int64, error) {
	return nil, errBroken
}

// TestAMemberWhosePartitionsWereTakenWaitsForNothing: the group rebalances while the positions are asked for.
func TestAMemberWhosePartitionsWereTakenWaitsForNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	failures := 0
	s := New(Config{Keeper: broken{}, Log: zerolog.Nop(), Failed: func() {
		if failures++; failures == 2 {
			cancel()
		}
	}})
	if _, err := s.begin(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if waiting := s.Overview().Waiting; waiting != "" {
		t.Errorf("it waits for %q", waiting)
	}
}
