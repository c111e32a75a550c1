//go:build kafka

package security

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// user returns how a user of the login listener starts a program.
func (c *cluster) user(name string) attempt {
	return attempt{listener: login, args: []string{"--kafka-sasl", "scram-sha-512", "--kafka-user", name}, password: password}
}

// testTopicsByTheAdmin makes the topics, and again where one is missing or differs, without each right once. Who lacks one right
// mends what was broken for the one before.
func testTopicsByTheAdmin(t *testing.T, c *cluster) {
	rights := rightsOf("admin")
	apply := func(t *testing.T, user string, code int) string {
		t.Helper()
		as := c.user(user)
		return c.ended(t, c.launch(t, c.campaignd, as.environment(), as.switches(c, "topics", "apply", "--partitions", partitions)...), code)
	}
	c.addUsers("admin")
	c.grant("User:admin", rights)
	apply(t, "admin", 0)
	users := c.usersWithout("admin", rights)
	t.Run("seeing", func(t *testing.T) {
		for i, right := range rights {
			if right.Operation == topics.Describe {
				t.Run(right.String(), func(t *testing.T) {
					t.Parallel()
					saysMissing(t, apply(t, users[i], 1), users[i], right)
				})
			}
		}
	})
	for _, operation := range []topics.Operation{topics.Create, topics.AlterConfigs} {
		for i, right := range rights {
			if right.Operation != operation {
				continue
			}
			if operation == topics.Create {
				c.remove(t, right.Name)
			} else { // who lacks it may still see the settings, which it implies
				c.grant("User:"+users[i], []topics.Right{{Operation: topics.DescribeConfigs, Resource: topics.OnTopic, Name: right.Name}})
				c.unset(t, right.Name)
			}
			saysMissing(t, apply(t, users[i], 1), users[i], right)
		}
		apply(t, "admin", 0)
	}
}

// remove deletes a topic, and returns when it is gone.
func (c *cluster) remove(t *testing.T, topic string) {
	t.Helper()
	c.awaiting(t, func(ctx context.Context) error {
		answer, err := c.admin.DeleteTopic(ctx, topic)
		if err == nil {
			err = answer.Err
		}
		if !errors.Is(err, kerr.UnknownTopicOrPartition) {
			return fmt.Errorf("deleting %s: %w", topic, errors.Join(err, missingError("answer that it is gone")))
		}
		return nil
	})
	c.awaiting(t, func(ctx context.Context) error { return kafkatest.AwaitGone(ctx, c.plain, topic) })
}

// unset gives a topic a setting that is not the engine's, and returns when the broker tells of it.
func (c *cluster) unset(t *testing.T, topic string) {
	t.Helper()
	name, other := "message.timestamp.type", "LogAppendTime"
	answers, err := c.admin.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: name, Value: &other}}, topic)
	must(t, err)
	must(t, answers[0].Err)
	c.awaiting(t, func(ctx context.Context) error {
		described, err := c.admin.DescribeTopicConfigs(ctx, topic)
		if err == nil {
			err = described[0].Err
		}
		if err != nil {
			return err
		}
		for _, setting := range described[0].Configs {
			if setting.Key == name && setting.MaybeValue() == other {
				return nil
			}
		}
		return missingError(name + "=" + other)
	})
}

// testPeople lets who stands outside do what is theirs, and sees what is missing without each right.
func testPeople(t *testing.T, c *cluster) {
	file := filepath.Join(t.TempDir(), "events.jsonl")
	soon := time.Now().Add(time.Hour)
	write(t, file, append(created(t, "by-people", soon, soon.Add(time.Hour)).Value, '\n'))
	do := func(t *testing.T, user string, right topics.Right, code int) string {
		t.Helper()
		command := []string{"tail", "--until-end", shownBy(right).Name}
		if right.Operation == topics.Write {
			command = []string{"publish", file}
		}
		as := c.user(user)
		return c.ended(t, c.launch(t, c.campaignctl, as.environment(), as.switches(c, command...)...), code)
	}
	must(t, kafkatest.Create(t.Context(), c.plain, 1, string(topics.StoreTopic(aStore))))
	for _, role := range []string{"campaign-service", "billing", "operator", "analyst"} {
		rights := rightsOf(role)
		c.addUsers(role)
		c.grant("User:"+role, rights)
		for _, right := range rights {
			t.Run(role+" has "+right.String(), func(t *testing.T) {
				t.Parallel()
				do(t, role, right, 0)
			})
		}
		for i, user := range c.usersWithout(role, rights) {
			t.Run(role+" without "+rights[i].String(), func(t *testing.T) {
				t.Parallel()
				saysMissing(t, do(t, user, rights[i], 1), user, shownBy(rights[i]))
			})
		}
	}
	for _, command := range [][]string{{"list"}, {"show", "whole"}, {"timeline", "whole"}} {
		t.Run("analyst "+command[0], func(t *testing.T) {
			t.Parallel()
			as := c.user("analyst")
			c.ended(t, c.launch(t, c.campaignctl, as.environment(), as.switches(c, command...)...), 0)
		})
	}
}

// shownBy returns the right on one topic by which a right is tried: where it is on every store's topic, on one store's.
func shownBy(right topics.Right) topics.Right {
	if right.Prefixed {
		right.Name, right.Prefixed = right.Name+aStore, false
	}
	return right
}

// aStore is a store whose topic the harness makes.
const aStore = "s-1"

// usersWithout makes, for each of a role's rights, a user who has all the others.
func (c *cluster) usersWithout(role string, rights []topics.Right) []string {
	c.t.Helper()
	users := make([]string, len(rights))
	for i := range rights {
		users[i] = fmt.Sprintf("%s-without-%d", role, i)
	}
	c.addUsers(users...)
	for i := range rights {
		c.grant("User:"+users[i], without(rights, i))
	}
	return users
}

// saysMissing checks the last line of a program.
func saysMissing(t *testing.T, text, user string, right topics.Right) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := lines[len(lines)-1]
	if !strings.Contains(last, "rights are missing: "+right.String()+";") || !strings.HasSuffix(last, "this is User:"+user) {
		t.Errorf("it ends with\n%s\nwant it to say that %s lacks %s", last, user, right)
	}
}
