//go:build kafka

package ceiling

import (
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
)

func TestOnApacheKafka(t *testing.T) {
	cluster := kafkatest.Start(t, kafkatest.Options{})
	if err := kafkatest.Create(limited(t), connect(t, cluster.Brokers()), 8, "source", "target", "watched"); err != nil {
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
