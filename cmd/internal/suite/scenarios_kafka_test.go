//go:build kafka

package suite

import (
	"context"
	"os/exec"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
)

// TestScenariosAreAsSimulated has the scenarios of package processors played on Apache Kafka and in a simulation, and compared. They
// are tests of that package, which cannot start a broker; this one does, and runs them.
func TestScenariosAreAsSimulated(t *testing.T) {
	cluster := kafkatest.Start(t, kafkatest.Options{ShortLived: true})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	run := exec.CommandContext(ctx, "go", "test", "-tags", "kafka", "-count=1", "-v", "-run", "^TestScenariosOnKafka$", "-timeout", patience.String(),
		"github.com/rmn-arms/campaign-engine/processors", "-args", "-kafka", cluster.Brokers()[0])
	said, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	t.Logf("%s", said)
}
