//go:build kafka

package kafkatest

import "testing"

// TestJarsAreThere fetches Kafka's jars where they are not there yet. .ci/run has it go before all else: what fails then is the
// network, and it is asked again.
func TestJarsAreThere(t *testing.T) {
	dir, err := jars(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := verifySums(dir); err != nil {
		t.Error(err)
	}
}
