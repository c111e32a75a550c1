package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/topics"
)

func TestReadinessNamesPartitions(t *testing.T) {
	joining := errors.New("joining the group")
	recovering := errors.New("recovering rows: 1 of 3 partitions are done")
	input := func(topic string, left int64) engine.InputOverview {
		return engine.InputOverview{Topic: topic, Known: true, ToRead: left}
	}
	in := func(partition int32, stage engine.Stage, read, of int64, inputs ...engine.InputOverview) engine.PartitionOverview {
		return engine.PartitionOverview{Partition: partition, Stage: stage, RowsRead: read, RowsToRead: of, Inputs: inputs}
	}
	var many []engine.PartitionOverview
	for i := range int32(12) {
		many = append(many, in(i, engine.CatchingUp, 0, 0, input("in", 1)))
	}
	for _, c := range []struct {
		name                   string
		view                   engine.Overview
		wantWaiting, wantLater string
	}{
		{"ready", engine.Overview{Partitions: []engine.PartitionOverview{in(0, engine.Firing, 9, 9, input("in", 0))}}, "", ""},
		{"without partitions", engine.Overview{Waiting: joining}, "joining the group", ""},
		{
			"recovering", engine.Overview{Waiting: recovering, Partitions: []engine.PartitionOverview{
				in(0, engine.Recovering, 12_000, 1_050_000), in(1, engine.CatchingUp, 7, 7, input("in", 1_234), input("loop", -1)),
				in(2, engine.Recovering, 0, 0),
			}},
			"recovering rows: 1 of 3 partitions are done: partition 0: 12,000 of 1,050,000 offsets read; partition 2: not begun",
			"1 of 3 partitions wait for their inputs to be read to the end before timers fire: " +
				"partition 1: 1,234 offsets of in, what lies in other partitions, to come by loop",
		},
		{
			"one line is not endless", engine.Overview{Partitions: many}, "",
			"12 of 12 partitions wait for their inputs to be read to the end before timers fire: " +
				strings.Repeat("partition N: 1 offsets of in; ", 10) + "and 2 partitions more",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := c.wantLater
			for i := range 10 {
				want = strings.Replace(want, "partition N", fmt.Sprintf("partition %d", i), 1)
			}
			if got := notReady(c.view); got != c.wantWaiting {
				t.Errorf("it waits for\n%s\nwant\n%s", got, c.wantWaiting)
			}
			if got := catchingUp(c.view); got != want {
				t.Errorf("it is behind with\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestSilenceOfBrokers(t *testing.T) {
	began := time.Date(2026, 12, 1, 5, 0, 0, 0, time.UTC)
	after := began.Add
	r := newReach(prometheus.NewRegistry())
	r.note(after(0), io.EOF)
	if said := r.silence(after(time.Hour)); said != "" {
		t.Errorf("before the first answer, which is waited for elsewhere, it says %q", said)
	}
	r.note(after(time.Second), nil)
	r.note(after(2*time.Second), context.Canceled)
	r.note(after(3*time.Second), net.ErrClosed)
	if said := r.silence(after(6 * time.Second)); said != "" {
		t.Errorf("after 5 s it says %q", said)
	}
	const unanswered = "no broker has answered since 2026-12-01T05:00:01Z, for 7s"
	if said := r.silence(after(8 * time.Second)); said != unanswered {
		t.Errorf("after 7 s it says %q, want %q", said, unanswered)
	}
	r.note(after(8*time.Second), errors.New("dial tcp: refused"))
	if said, want := r.silence(after(8*time.Second)), unanswered+": dial tcp: refused"; said != want {
		t.Errorf("after a failure it says %q, want %q", said, want)
	}
	r.note(after(9*time.Second), nil)
	if said := r.silence(after(10 * time.Second)); said != "" {
		t.Errorf("after an answer it says %q", said)
	}
}

// TestAProcessHearsItsBrokers: an idle process is answered all the time, and notices when it is no longer.
func TestAProcessHearsItsBrokers(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	closeOnce := cluster.Close
	defer func() { closeOnce() }()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	process, err := New(Settings{
		Connect: []kgo.Opt{kgo.SeedBrokers(cluster.ListenAddrs()...)}, Instance: "a", Groups: topics.Transacted(),
		Clock: processors.SystemClock(), Topics: topics.Options{Partitions: 2}, Log: zerolog.Nop(), Keys: testKeys(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	run, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- process.Run(run) }()
	await := func(what string, holds func() bool) {
		t.Helper()
		for !holds() {
			select {
			case <-time.After(5 * time.Millisecond):
			case <-ctx.Done():
				t.Fatalf("never: %s; it waits for %q", what, process.NotReady())
			}
		}
	}
	await("ready", func() bool { return len(process.NotReady()) == 0 })
	answered := func() time.Time {
		process.reach.mu.Lock()
		defer process.reach.mu.Unlock()
		return process.reach.answered
	}
	ready := answered()
	await("an idle process is answered", func() bool { return answered().After(ready) })
	cluster.Close()
	closeOnce = func() {}
	await("a failure is noted", func() bool {
		return strings.Contains(process.reach.silence(answered().Add(silenceMax)), "for 6s: ")
	})
	stop()
	if err := <-ended; err != nil {
		t.Errorf("it ends with %v", err)
	}
}
