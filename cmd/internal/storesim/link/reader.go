// Package link is the stores' way to Kafka and back.
//
//	reader.go  reads the stores' own topics
//	shelf.go   what was read, for the devices of a store
//	sender.go  sends what devices say
package link

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/fault"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// metadataEvery is how soon a store's topic is noticed that did not exist: one is created when its first command is sent.
const metadataEvery = time.Second

// fetchMaxWait is how long a broker waits for records.
const fetchMaxWait = time.Second

const (
	endsAtOnce     = 500 // of so many topics the ends are asked for in a request
	pollMaxRecords = 10_000
)

// Reader reads the topics of stores, committed records only, from their beginning.
type Reader struct {
	client  *kgo.Client
	shelves map[string]*Shelf
	ends    map[string]int64 // by store: where the reading is ready; removed when it is
	trouble func(error)
}

// NewReader returns a reader into the shelves of stores. options say where the brokers are. trouble is told of errors that
// pass.
func NewReader(shelves map[string]*Shelf, options []kgo.Opt, trouble func(error)) (*Reader, error) {
	names := make([]string, 0, len(shelves))
	for store := range shelves {
		names = append(names, string(topics.StoreTopic(store)))
	}
	client, err := kgo.NewClient(append(slices.Clone(options),
		kgo.ConsumeTopics(names...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		// Positions are to move past the markers of transactions: the last record of a topic is one.
		kgo.KeepControlRecords(), kgo.FetchMaxWait(fetchMaxWait),
		kgo.MetadataMinAge(metadataEvery), kgo.MetadataMaxAge(metadataEvery),
	)...)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	return &Reader{client: client, shelves: shelves, trouble: trouble}, nil
}

// Run reads until ctx ends, and then closes the reader.
func (r *Reader) Run(ctx context.Context) {
	defer r.client.Close()
	for err := r.begin(ctx); err != nil; err = r.begin(ctx) {
		if ctx.Err() == nil {
			r.trouble(err)
		}
		if !pause(ctx) {
			return
		}
	}
	for {
		fetches := r.client.PollRecords(ctx, pollMaxRecords)
		if ctx.Err() != nil || fetches.IsClientClosed() {
			return
		}
		fetches.EachError(func(topic string, _ int32, err error) {
			if !errors.Is(err, kerr.UnknownTopicOrPartition) {
				r.trouble(fmt.Errorf("reading %s: %w", topic, err))
			}
		})
		fetches.EachRecord(r.take)
	}
}

// pause waits a little before brokers are asked again; false when ctx ended.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(metadataEvery)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// begin finds out where the topics end now: what is before that is a backlog, of which the newest counts. A topic that does
// not exist has none.
func (r *Reader) begin(ctx context.Context) error {
	r.ends = make(map[string]int64, len(r.shelves))
	var names []string
	for store := range r.shelves {
		names = append(names, string(topics.StoreTopic(store)))
	}
	for some := range slices.Chunk(names, endsAtOnce) {
		ends, err := kadm.NewClient(r.client).ListCommittedOffsets(ctx, some...)
		if err != nil {
			return fmt.Errorf("asking where the stores' topics end: %w", err)
		}
		if err := r.note(ends); err != nil {
			return err
		}
	}
	for store, shelf := range r.shelves {
		if _, has := r.ends[store]; !has {
			shelf.Ready()
		}
	}
	return nil
}

func (r *Reader) note(ends kadm.ListedOffsets) (err error) {
	ends.Each(func(o kadm.ListedOffset) {
		store, _ := topics.StoreOf(topics.Name(o.Topic))
		switch {
		case errors.Is(o.Err, kerr.UnknownTopicOrPartition):
		case o.Err != nil:
			err = fmt.Errorf("asking where %s ends: %w", o.Topic, o.Err)
		case o.Offset > 0:
			r.ends[store] = o.Offset
		}
	})
	return err
}

func (r *Reader) take(record *kgo.Record) {
	store, _ := topics.StoreOf(topics.Name(record.Topic))
	shelf := r.shelves[store]
	if shelf == nil {
		return
	}
	if !record.Attrs.IsControl() {
		taken := Record{Offset: record.Offset, Record: fault.Record{Key: string(record.Key), Value: record.Value}}
		for _, h := range record.Headers {
			if h.Key == schemas.SignatureHeader {
				taken.JWS = string(h.Value)
			}
		}
		shelf.Put(taken)
	}
	if end, waits := r.ends[store]; waits && record.Offset+1 >= end {
		delete(r.ends, store)
		shelf.Ready()
	}
}
