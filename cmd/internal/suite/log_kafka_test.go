//go:build kafka

package suite

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// follow reads a topic from its start, read_committed, and hands each record to see until see says that it is enough.
func (d *deployment) follow(name topics.Name, see func(*kgo.Record) (enough bool)) {
	d.t.Helper()
	reader := d.connect(kgo.ConsumeTopics(string(name)), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer reader.Close()
	for {
		fetches := reader.PollFetches(d.ctx)
		if err := d.ctx.Err(); err != nil {
			d.t.Fatalf("following %s: %v", name, context.Cause(d.ctx))
		}
		for iterator := fetches.RecordIter(); !iterator.Done(); {
			if see(iterator.Next()) {
				return
			}
		}
	}
}

// each calls see for every committed record that the topics hold now, those of a partition in order.
func (d *deployment) each(see func(*kgo.Record), names ...string) {
	d.t.Helper()
	d.must(kafkatest.Read(d.ctx, d.cluster.Brokers(), func(r *kgo.Record) error {
		see(r)
		return nil
	}, names...))
}

// decode reads an event; what cannot be read fails the test.
func decode[D any](d *deployment, codec interface{ Decode([]byte) (any, error) }, r *kgo.Record) *D {
	d.t.Helper()
	message, err := codec.Decode(r.Value)
	d.must(err)
	switch read := message.(type) {
	case topics.ReadDue:
		message = read.Event
	case topics.ReadApplied:
		message = read.Event
	}
	event, ok := message.(*schemas.Event[D])
	if !ok {
		d.t.Fatalf("%s/%d/%d is %T", r.Topic, r.Partition, r.Offset, message)
	}
	return &event.Data
}

// ledger checks, record by record, that every transition id comes once and every campaign's sequence has no gap.
type ledger struct {
	d         *deployment
	due       map[string]bool
	sequences map[string]int64
}

func newLedger(d *deployment) *ledger {
	return &ledger{d: d, due: map[string]bool{}, sequences: map[string]int64{}}
}

func (l *ledger) seeDue(r *kgo.Record) *schemas.Due {
	l.d.t.Helper()
	due := decode[schemas.Due](l.d, topics.DueCodec{}, r)
	if l.due[due.TransitionID] {
		l.d.t.Fatalf("%s was due twice, again at %s/%d/%d", due.TransitionID, r.Topic, r.Partition, r.Offset)
	}
	if due.DecidedAt < due.ScheduledFor {
		l.d.t.Fatalf("%s was early: for %s, decided at %s", due.TransitionID, due.ScheduledFor, due.DecidedAt)
	}
	l.due[due.TransitionID] = true
	return due
}

func (l *ledger) seeApplied(r *kgo.Record) *schemas.Applied {
	l.d.t.Helper()
	applied := decode[schemas.Applied](l.d, topics.AppliedCodec{}, r)
	if want := l.sequences[applied.CampaignID] + 1; applied.Sequence != want {
		l.d.t.Fatalf("%s has sequence %d, want %d", applied.TransitionID, applied.Sequence, want)
	}
	l.sequences[applied.CampaignID]++
	return applied
}

// all reads both logs until each holds count records, and until nothing else can come; then each must hold exactly so many.
func (l *ledger) all(count int) {
	l.d.t.Helper()
	l.d.idle()
	l.exactly(topics.TransitionsDue, count, func(r *kgo.Record) { l.seeDue(r) })
	l.exactly(topics.TransitionsApplied, count, func(r *kgo.Record) { l.seeApplied(r) })
}

// exactly reads what a topic holds now.
func (l *ledger) exactly(name topics.Name, count int, see func(*kgo.Record)) {
	l.d.t.Helper()
	seen := 0
	l.d.each(func(r *kgo.Record) {
		seen++
		see(r)
	}, string(name))
	if seen != count {
		l.d.t.Fatalf("%s holds %d records, want %d", name, seen, count)
	}
}

func name(prefix string, i int) string { return fmt.Sprintf("%s-%05d", prefix, i) }
