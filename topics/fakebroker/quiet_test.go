package fakebroker_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/topics/fakebroker"
)

// TestQuiet: each time that a client asks, no metrics are wanted, and it has a name by which to ask again.
func TestQuiet(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	fakebroker.Quiet(cluster)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.DisableClientMetrics())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	ask := kmsg.NewGetTelemetrySubscriptionsRequest()
	for range 2 {
		got, err := ask.RequestWith(t.Context(), client)
		if err != nil || got.ErrorCode != 0 {
			t.Fatal(err, got)
		}
		if len(got.RequestedMetrics) > 0 || got.PushIntervalMillis <= 0 || got.ClientInstanceID == [16]byte{} {
			t.Errorf("asked, it answers %+v", got)
		}
		ask.ClientInstanceID = got.ClientInstanceID
	}
}
