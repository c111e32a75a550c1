package kafkatest

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
)

// Tool writes an executable that runs one of Kafka's own programs, given by its main class, and returns its path. It lasts as
// long as the test.
func (c *Cluster) Tool(t proctest.TB, main string) string {
	t.Helper()
	path := filepath.Join(proctest.Folder(t, "tool"), main)
	b := c.brokers[0]
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData "+
		"-Dlog4j2.configurationFile='%s' -Dlog4j2.disable.jmx=true -cp '%s' %s \"$@\"\n",
		b.java, filepath.Join(b.dir, logConfigF), filepath.Join(b.jars, "*"), main)
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatalf("writing %s: %v", main, err)
	}
	return path
}
