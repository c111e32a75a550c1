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
	out := c.follow(t)
	together(t, "at first", map[string]func(*testing.T){ // who may not start is in nobody's way
		"start":      func(t *testing.T) { testStartWithoutARight(t, c) },
		"all rights": func(t *testing.T) { testWithAllRights(t, c, out) },
	})
	attempts := c.attempts(t)
	together(t, "at once", map[string]func(*testing.T){ // one works, and the others mostly wait
		"losing":   func(t *testing.T) { testLosingARight(t, c, out) },
		"refusals": func(t *testing.T) { testConnections(t, c, attempts, false) },
		"script":   func(t *testing.T) { testScript(t, c) },
		"people":   func(t *testing.T) { testPeople(t, c) },
	})
	t.Run("silence", func(t *testing.T) { testNothingTellsThePassword(t, c, out) })
	t.Run("connections", func(t *testing.T) { testConnections(t, c, attempts, true) })
	t.Run("renewal", func(t *testing.T) { testRenewal(t, c, out) })
}

// together runs tests beside each other.
func together(t *testing.T, name string, tests map[string]func(*testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t)
			})
		}
	})
}

// TestMain lets more tests run beside each other than there are cores: they wait for programs that wait for brokers.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}
