package sink

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// keep has the store put down what has come of the partitions that this member still has.
func (s *Sink) keep(ctx context.Context, h *haul) error {
	records, moves, err := s.batch(h.fetches)
	close(h.admitted)
	if err != nil || len(moves) == 0 {
		return err
	}
	put := h.put
	if len(records) != len(h.records) {
		put = s.config.Keeper.Prepare(records)
	}
	began := s.config.Elapsed()
	if err := s.retry(ctx, "writing", func() error { return put(ctx, moves) }); err != nil {
		return err
	}
	s.mu.Lock()
	for _, m := range moves {
		if _, has := s.from[m.Partition]; has {
			s.from[m.Partition] = m.Next
		}
	}
	s.mu.Unlock()
	if s.config.Kept != nil {
		s.config.Kept(len(records), s.config.Elapsed()-began)
	}
	return nil
}

// batch returns the records of the partitions that this member has, markers left out, and how far they move them. What lies
// before a position is left out, too: a partition that was taken away and given back while its records were being kept is read
// from where it was before. Its error says that a partition ends before its position: what lies there was never kept.
func (s *Sink) batch(fetches kgo.Fetches) (records []*kgo.Record, moves []Move, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.astray = ""
	if s.severed {
		return nil, nil, errLost
	}
	fetches.EachPartition(func(f kgo.FetchTopicPartition) {
		p := Partition{f.Topic, f.Partition}
		from, has := s.from[p]
		if !has {
			return // taken away meanwhile: the next owner reads it
		}
		s.ends[p] = max(s.ends[p], f.HighWatermark)
		if len(f.Records) == 0 {
			return
		}
		if f.Records[0].Offset < from && f.HighWatermark < from {
			err = fmt.Errorf("%s/%d ends at %d, and the store has written it up to %d: the topic was made anew, or is another "+
				"cluster's; nothing is written until the store begins anew, too", f.Topic, f.Partition, f.HighWatermark, from)
			s.astray = err.Error()
			return
		}
		next := f.Records[len(f.Records)-1].Offset + 1
		if next <= from {
			return
		}
		for _, r := range f.Records {
			if r.Offset >= from && !r.Attrs.IsControl() {
				records = append(records, r)
			}
		}
		moves = append(moves, Move{Partition: p, From: from, Next: next, TopicID: s.ids[p.Topic]})
	})
	return records, moves, err
}

// retry calls f until it succeeds, is overtaken, or ctx ends, in growing steps, and says what is waited for meanwhile.
func (s *Sink) retry(ctx context.Context, doing string, f func() error) error {
	pause, last := pauseMin, ""
	for {
		err := f()
		if err == nil || errors.Is(err, ErrOvertaken) {
			s.wait("")
			return err
		}
		if ctx.Err() != nil {
			s.giveUp()
			return context.Cause(ctx)
		}
		if s.config.Failed != nil {
			s.config.Failed()
		}
		s.wait(err.Error())
		if text := err.Error(); text != last { // the same again and again is told once
			s.config.Log.Error().Err(err).Msg(doing + " has failed, and is tried again until it succeeds")
			last = text
		}
		sleep(ctx, pause)
		pause = min(2*pause, pauseMax)
	}
}

// giveUp ends a waiting that nobody needs any more: the partitions that it was for may have been taken away.
func (s *Sink) giveUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting, s.failing = "", false
}

func (s *Sink) wait(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reason == "" && s.failing {
		s.config.Log.Info().Msg("the store answers again")
	}
	s.waiting, s.failing = reason, reason != ""
}

// Overview is what a sink is doing.
type Overview struct {
	// Waiting says what is waited for; empty: nothing.
	Waiting string
	// Behind is, per partition that this member has, how many offsets are not in the store yet.
	Behind map[Partition]int64
}

// Overview says what the sink is doing.
func (s *Sink) Overview() Overview {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := Overview{Waiting: cmp.Or(s.waiting, s.astray), Behind: make(map[Partition]int64, len(s.from))}
	for p, from := range s.from {
		o.Behind[p] = max(0, s.ends[p]-max(from, 0))
	}
	return o
}
