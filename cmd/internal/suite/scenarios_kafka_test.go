//go:build kafka

package suite

import (
	"context"
	"flag"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
)

var every = flag.Bool("every", false, "TestScenariosAreAsSimulated: all scenarios, not some of each kind")

// TestScenariosAreAsSimulated has scenarios of package processors played on Apache Kafka and in a simulation, and compared. They are
// tests of that package, which cannot start a broker; this one does, and runs them.
func TestScenariosAreAsSimulated(t *testing.T) {
	rooms, tests := filepath.Join("..", "..", "..", "processors"), filepath.Join(t.TempDir(), "processors.test")
	if said, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-tags", "kafka", "-o", tests, "./"+rooms).CombinedOutput(); err != nil {
		t.Fatalf("building the scenarios: %v\n%s", err, said)
	}
	cluster := kafkatest.Start(t, kafkatest.Options{ShortLived: true, Properties: map[string]string{
		// The scenarios are of a day that may be far from now.
		"log.message.timestamp.after.max.ms": strconv.FormatInt(1<<63-1, 10),
	}})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	run := exec.CommandContext(ctx, tests, "-test.v", "-test.run", "^TestScenariosOnKafka$", "-kafka", cluster.Brokers()[0],
		"-every="+strconv.FormatBool(*every))
	run.Dir = rooms
	said, err := run.CombinedOutput()
	t.Logf("%s", said)
	if err != nil {
		t.Error(err)
	}
}
