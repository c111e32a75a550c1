//go:build kafka

package security

import (
	"flag"
	"os"
	"testing"

	"github.com/rmn-arms/campaign-engine/topics"
)

// partitions is how many the topics have.
const partitions = "2"

// TestSecurity runs on one broker, since each start of one takes seconds.
func TestSecurity(t *testing.T) {
	c := start(t)
	t.Run("topics", func(t *testing.T) { testTopicsByTheAdmin(t, c) })
	roles := []string{"campaign-service"}
	for _, group := range topics.Transacted() {
		roles = append(roles, group.Short)
	}
	c.addUsers(roles...)
	for _, role := range roles {
		c.grant("User:"+role, rightsOf(role))
	}
	t.Run("start", func(t *testing.T) { testStartWithoutARight(t, c) })
	out := c.follow(t)
	t.Run("all rights", func(t *testing.T) { testWithAllRights(t, c, out) })
	attempts := c.attempts(t)
	t.Run("at once", func(t *testing.T) { // one works, and the other mostly waits
		t.Run("losing", func(t *testing.T) {
			t.Parallel()
			testLosingARight(t, c, out)
		})
		t.Run("refusals", func(t *testing.T) {
			t.Parallel()
			testConnections(t, c, attempts, false)
		})
	})
	t.Run("script", func(t *testing.T) { testScript(t, c) })
	t.Run("people", func(t *testing.T) { testPeople(t, c) })
	t.Run("silence", func(t *testing.T) { testNothingTellsThePassword(t, c, out) })
	t.Run("connections", func(t *testing.T) { testConnections(t, c, attempts, true) })
	t.Run("renewal", func(t *testing.T) { testRenewal(t, c, out) })
}

// TestMain lets more tests run beside each other than there are cores: they wait for programs that wait for brokers.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
