//go:build kafka

package devicesuite

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/devicesuite/oracle"
	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// follower reads topics as far as they go, again and again, and hands each committed record on once.
type follower struct {
	client *kgo.Client
	next   map[partition]int64
	take   map[topics.Name]func(oracle.Record) error
}

type partition struct {
	topic  string
	number int32
}

func (f *fleet) follow(take map[topics.Name]func(oracle.Record) error) *follower {
	names := make([]string, 0, len(take))
	for name := range take {
		names = append(names, string(name))
	}
	return &follower{
		take: take, next: map[partition]int64{},
		client: f.connect(kgo.ConsumeTopics(names...), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxBytes(16<<20)),
	}
}

// read reads all that was written to the topics up to now, as far as it is committed, and what else comes meanwhile.
func (f *follower) read(ctx context.Context) error {
	left, err := f.left(ctx)
	if err != nil {
		return err
	}
	for len(left) > 0 {
		fetches := f.client.PollFetches(ctx)
		if err := errors.Join(fetches.Err(), ctx.Err()); err != nil {
			return err
		}
		var failed error
		fetches.EachRecord(func(r *kgo.Record) {
			at := partition{r.Topic, r.Partition}
			f.next[at] = max(f.next[at], r.Offset+1)
			if f.next[at] >= left[at] {
				delete(left, at)
			}
			if !r.Attrs.IsControl() && failed == nil {
				failed = f.take[topics.Name(r.Topic)](recordOf(r))
			}
		})
		if failed != nil {
			return failed
		}
	}
	return nil
}

// left returns the ends of the partitions that are not read to them.
func (f *follower) left(ctx context.Context) (map[partition]int64, error) {
	names := make([]string, 0, len(f.take))
	for name := range f.take {
		names = append(names, string(name))
	}
	ends, err := kafkatest.Stable(ctx, kadm.NewClient(f.client), names...)
	if err != nil {
		return nil, err
	}
	left := map[partition]int64{}
	ends.Each(func(end kadm.ListedOffset) {
		if at := (partition{end.Topic, end.Partition}); end.Offset > f.next[at] {
			left[at] = end.Offset
		}
	})
	return left, nil
}

func recordOf(r *kgo.Record) oracle.Record {
	record := oracle.Record{
		Partition: r.Partition, Offset: r.Offset, At: r.Timestamp.UnixMilli(), Key: string(r.Key), Value: r.Value,
	}
	for _, h := range r.Headers {
		if h.Key == schemas.SignatureHeader {
			record.JWS = string(h.Value)
		}
	}
	return record
}

// tail reads a journal as far as it is written.
type tail struct {
	file *os.File
	rest []byte
}

func (t *tail) read(take func([]byte) error) error {
	reader := bufio.NewReaderSize(t.file, 1<<20)
	for {
		line, err := reader.ReadBytes('\n')
		t.rest = append(t.rest, line...)
		switch {
		case errors.Is(err, io.EOF): // the last line may be half
			return nil
		case err != nil:
			return fmt.Errorf("reading a journal: %w", err)
		}
		if err := take(bytes.TrimSuffix(t.rest, []byte("\n"))); err != nil {
			return err
		}
		t.rest = t.rest[:0]
	}
}

// jwks returns the keys as an engine serves them.
func (f *fleet) jwks() []byte {
	f.t.Helper()
	request, err := http.NewRequestWithContext(f.ctx, http.MethodGet, "http://"+f.engines[0].http+"/.well-known/jwks.json", http.NoBody)
	f.must(err)
	response, err := http.DefaultClient.Do(request)
	f.must(err)
	defer response.Body.Close()
	set, err := io.ReadAll(response.Body)
	f.must(err)
	return set
}
