//go:build kafka

package ceiling

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
)

func TestOnApacheKafka(t *testing.T) {
	cluster := kafkatest.Start(t, kafkatest.Options{})
	admin := kadm.NewClient(connect(t, cluster.Brokers()))
	if _, err := admin.CreateTopics(limited(t), 8, -1, nil, "source", "target", "watched"); err != nil {
		t.Fatal(err)
	}
	before, err := cluster.Usage(0)
	if err != nil {
		t.Fatal(err)
	}
	result := copiesOnce(t, cluster.Brokers(), 200_000)
	after, err := cluster.Usage(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.0f records/s in %d transactions; CPU: this process %v, broker (filling and reading included) %v",
		result.PerSecond(), result.Transactions, result.CPU, after.CPU-before.CPU)
	seesOnlyCommitted(t, cluster.Brokers())
}
