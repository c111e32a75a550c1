//go:build kafka

package security

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/topics"
)

// testStartWithoutARight starts each processor without each of its rights: it must not start, and say which one is missing
// and who lacks it. That is asked before a database is: projections too are asked without one.
func testStartWithoutARight(t *testing.T, c *cluster) {
	for _, group := range topics.Groups() {
		rights := topics.RightsOf(group)
		users := c.usersWithout(group.Short, rights)
		for i, right := range rights {
			t.Run(group.Short+" without "+right.String(), func(t *testing.T) {
				t.Parallel()
				e := c.engine(t, users[i], group.Short, users[i])
				text := c.ended(t, e.Process, 1)
				if want := fmt.Sprintf("rights are missing: User:%s needs %s (%s);", users[i], right, right.Why); !strings.Contains(text, want) {
					t.Errorf("it says\n%s\nwant %q", text, want)
				}
				// This one is needed for nothing else, so the start itself must have met its lack.
				if own := "reading settings: of " + right.Name; right.Operation == topics.DescribeConfigs && !strings.Contains(text, own) {
					t.Errorf("it says\n%s\nwant %q", text, own)
				}
			})
		}
	}
}

func without(rights []topics.Right, i int) []topics.Right {
	return append(append([]topics.Right(nil), rights[:i]...), rights[i+1:]...)
}

// testWithAllRights follows what the engine does on its rarer paths too: what is misplaced, what a killed process left, what
// is deleted, and how it leaves.
func testWithAllRights(t *testing.T, c *cluster, out *outputs) {
	timers, lifecycle := c.engine(t, "timers", "timers", "one"), c.engine(t, "lifecycle", "lifecycle", "one")
	second := c.engine(t, "timers", "timers", "two")
	for _, e := range []*engine{timers, lifecycle, second} {
		e.ready(t)
	}
	service := c.client(t, "campaign-service")
	now := time.Now()
	publish(t, service, created(t, "whole", now.Add(time.Second), now.Add(3*time.Second)),
		astray(created(t, "astray", now.Add(time.Hour), now.Add(2*time.Hour))), rubbish(topics.CampaignEvents, "rubbish"))
	out.await(t, "whole/1/schedule", "whole/1/start", "whole/1/end", "whole/1/settle", "astray/1/schedule", "dead-letters rubbish")

	must(t, second.Kill())
	c.leaveOpen(t, "timers", "campaign-engine-timers-two")
	c.expel(t, timers) // it may have taken over before that was open: then it looks once more
	timers.logs(t, `"transactional_id":"campaign-engine-timers-two"`)
	timers.ready(t)
	publish(t, service, created(t, "after", now.Add(time.Hour), now.Add(2*time.Hour)))
	out.await(t, "after/1/schedule")
	c.awaitTrim(t)

	for _, e := range []*engine{timers, lifecycle} {
		must(t, e.Terminate())
		c.ended(t, e.Process, 0)
		c.awaitNobody(t, e.group)
	}
}

// leaveOpen opens a transaction of a user and leaves it so, as a killed process does.
func (c *cluster) leaveOpen(t *testing.T, user, id string) {
	t.Helper()
	left := c.client(t, user, kgo.TransactionalID(id))
	must(t, left.BeginTransaction())
	publish(t, left, &kgo.Record{Topic: string(topics.TransitionsDue), Value: []byte("never committed")})
}

// awaitTrim waits until the loop has lost a record that was read.
func (c *cluster) awaitTrim(t *testing.T) {
	t.Helper()
	c.awaiting(t, func(ctx context.Context) error {
		starts, err := c.admin.ListStartOffsets(ctx, string(topics.CampaignEngineTimersLoop))
		if err != nil {
			return err
		}
		moved := false
		starts.Each(func(o kadm.ListedOffset) { moved = moved || o.Offset > 0 })
		if !moved {
			return missingError("record deleted from the loop")
		}
		return nil
	})
}

// awaitNobody waits until a group has no member: those that left need no time-out.
func (c *cluster) awaitNobody(t *testing.T, group topics.Group) {
	t.Helper()
	c.awaiting(t, func(ctx context.Context) error {
		described, err := c.admin.DescribeGroups(ctx, group.ID())
		if err == nil && len(described[group.ID()].Members) > 0 {
			err = fmt.Errorf("group %s has members", group.ID())
		}
		return err
	})
}
