package topics_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/topics"
	"github.com/rmn-arms/campaign-engine/topics/fakebroker"
)

// slowly holds a client between what it sends and what it notes: the record "late" finds its partition only when let.
type slowly struct {
	let  chan struct{}
	once sync.Once
}

func (s *slowly) ForTopic(string) kgo.TopicPartitioner { return s }
func (s *slowly) RequiresConsistency(*kgo.Record) bool { return true }
func (s *slowly) Partition(r *kgo.Record, _ int) int {
	if string(r.Value) == "late" {
		<-s.let
		return 1
	}
	return 0
}
func (s *slowly) release() { s.once.Do(func() { close(s.let) }) }

// Level and Log let the client go on when it says that it waits: it is a kgo.Logger.
func (s *slowly) Level() kgo.LogLevel { return kgo.LogLevelInfo }
func (s *slowly) Log(_ kgo.LogLevel, message string, _ ...any) {
	if strings.Contains(message, "aborting") {
		s.release()
	}
}

// TestSettle ends a transaction whose only topic the client has not noted yet. What was acknowledged is committed, not lost.
func TestSettle(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "fresh"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	fakebroker.Quiet(cluster)
	held := &slowly{let: make(chan struct{})}
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.TransactionalID("settled"),
		kgo.RecordPartitioner(held), kgo.ProducerLinger(0), kgo.WithLogger(held))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	t.Cleanup(held.release)
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	both := make(chan struct{})
	cluster.ControlKey(int16(kmsg.Metadata), func(kmsg.Request) (kmsg.Response, error, bool) {
		<-both // the topic is not known before both records wait for it
		return nil, nil, false
	})
	acknowledged := make(chan error, 1)
	client.Produce(t.Context(), &kgo.Record{Topic: "fresh", Value: []byte("early")}, func(_ *kgo.Record, err error) { acknowledged <- err })
	client.Produce(t.Context(), &kgo.Record{Topic: "fresh", Value: []byte("late")}, nil)
	close(both)
	if err := <-acknowledged; err != nil {
		t.Fatal(err)
	}
	if err := topics.Settle(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	if err := client.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	if marker := markerAt(t, cluster, 1); marker != kmsg.ControlRecordKeyTypeCommit {
		t.Errorf("the transaction was to be committed and ends with %s", marker)
	}
}

// markerAt reads how a transaction ended in partition 0.
func markerAt(t *testing.T, cluster *kfake.Cluster, offset int64) kmsg.ControlRecordKeyType {
	t.Helper()
	reader, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.KeepControlRecords(), kgo.ConsumePartitions(
		map[string]map[int32]kgo.Offset{"fresh": {0: kgo.NewOffset().At(offset)}}))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	fetches := reader.PollFetches(t.Context())
	if err := fetches.Err(); err != nil {
		t.Fatal(err)
	}
	var key kmsg.ControlRecordKey
	if err := key.ReadFrom(fetches.Records()[0].Key); err != nil {
		t.Fatal(err)
	}
	return key.Type
}
