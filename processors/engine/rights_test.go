package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/topics"
)

// A process that may not do something any more stands still, says what it may not, and does not join until it may again:
// with a part of its inputs it would be given a part of its work. Then everything is done once.
func TestAMissingRightIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault kfake.Fault
	}{
		{"to write an output", kfake.Fault{Keys: keys(kmsg.Produce), Topic: testOutput, Err: kerr.TopicAuthorizationFailed}},
		{"to read an input", kfake.Fault{Keys: keys(kmsg.Fetch), Topic: testInput, Err: kerr.TopicAuthorizationFailed}},
		{"to take part in the group", kfake.Fault{Keys: keys(kmsg.Heartbeat), Group: testGroup, Err: kerr.GroupAuthorizationFailed}},
		{"to commit", kfake.Fault{Keys: keys(kmsg.EndTxn), Err: kerr.TransactionalIDAuthorizationFailed}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, testPartitions)
			var lacks atomic.Bool
			missing := &topics.MissingRightsError{Principal: "User:a", Rights: []topics.Right{
				{Operation: topics.Write, Resource: topics.OnTopic, Name: testOutput}}}
			p := b.start("a", alarms(hooks{echo: true}), frequent, func(config *engine.Config) {
				config.Rights = func(context.Context) error {
					if lacks.Load() {
						return fmt.Errorf("asked: %w", missing)
					}
					return nil
				}
			})
			want, rows := b.work(nil, "before", p)
			lacks.Store(true)
			joins := b.count(kmsg.JoinGroup, nil)
			handle := b.cluster.Fault(c.fault)
			settings, rings := alarmsAt(b.clock.Now(), "during")
			b.set(settings...)
			b.await("it says what it may not", func() bool {
				err := p.engine.Ready()
				return err != nil && strings.Contains(err.Error(), missing.Error())
			})
			if err := handle.Wait(b.ctx, 1); err != nil {
				t.Fatal(err)
			}
			if joins() > 0 {
				t.Error("it has joined without its rights")
			}
			lacks.Store(false)
			want = append(want, append(rings, echo("during", b.clock.Now()))...)
			want, rows = b.work(want, "after", p, append(rows, "during")...)
			b.settled(want, all(rested(), rows...))
		})
	}
}

// Where nobody can tell which right it is, the error is told as it is, and joining goes on.
func TestAMissingRightThatNobodyNames(t *testing.T) {
	t.Parallel()
	b := newBench(t, testPartitions)
	p := b.start("a", alarms(hooks{echo: true}), frequent, func(config *engine.Config) {
		config.Rights = func(context.Context) error { return errors.New("nobody answers") }
	})
	want, rows := b.work(nil, "before", p)
	handle := b.cluster.Fault(kfake.Fault{Keys: keys(kmsg.Produce), Topic: testOutput, Err: kerr.TopicAuthorizationFailed})
	want, rows = b.work(want, "during", p, rows...)
	if err := handle.Wait(b.ctx, 1); err != nil {
		t.Fatal(err)
	}
	b.settled(want, all(rested(), rows...))
	if p.restarts("TOPIC_AUTHORIZATION_FAILED") == 0 {
		t.Error("it does not say what was refused")
	}
}
