//go:build kafka

package security

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// testLosingARight takes each right away from running engines, provokes all that they do, sees that they say what is
// missing, and that nothing was lost when it is back. The groups lose theirs beside each other: what one holds up comes to the
// next when it goes on. Projections are left out: they read nothing before they have a database, of which there is none here.
func testLosingARight(t *testing.T, c *cluster, out *outputs) {
	engines := map[string]*engine{}
	for _, group := range topics.Transacted() {
		engines[group.Short] = c.engine(t, group.Short, group.Short, "steady")
	}
	for _, e := range engines {
		e.ready(t)
	}
	c.obey(t)
	t.Run("each", func(t *testing.T) {
		for _, e := range engines {
			t.Run(e.group.Short, func(t *testing.T) {
				t.Parallel()
				c.losesEach(t, e, out)
			})
		}
	})
	for _, e := range engines {
		must(t, e.Terminate())
		c.ended(t, e.Process, 0)
	}
}

// losesEach takes each right away from an engine, one after the other, and waits for what that has held up at the end: it comes
// through other groups, which lose theirs meanwhile.
func (c *cluster) losesEach(t *testing.T, e *engine, out *outputs) {
	var owed []string
	if e.group.Short == topics.Stores {
		c.inhabit(t, e, out)
	}
	for i, right := range calmFirst(topics.RightsOf(e.group)) {
		if right.Operation == topics.DescribeConfigs { // which is asked for at the start alone
			continue
		}
		id := fmt.Sprintf("%s-%d", e.group.Short, i)
		if !t.Run("loses "+right.String(), func(t *testing.T) { c.loses(t, e, right, id, out) }) {
			return // it may be lost still
		}
		owed = append(owed, owes(e.group, id)...)
	}
	out.await(t, owed...)
}

// calmFirst puts the right first whose use needs an engine that has caught up: a member that was expelled finds that out with its
// next heartbeat only, and catches up anew then.
func calmFirst(rights []topics.Right) []topics.Right {
	slices.SortStableFunc(rights, func(a, b topics.Right) int {
		switch {
		case isProvisional(a) == isProvisional(b):
			return 0
		case isProvisional(a):
			return -1
		}
		return 1
	})
	return rights
}

// isProvisional says whether a right is about provisional statements: they are made of what is read for the first time alone, so
// what its loss has held up goes on without.
func isProvisional(right topics.Right) bool {
	return right.Name == string(topics.ProvisionalStatements)
}

// inhabit has stores send a device something, for each of its rights: when that is lost the device moves, and stores is to tell
// with which revision.
func (c *cluster) inhabit(t *testing.T, e *engine, out *outputs) {
	var records []*kgo.Record
	var sent []string
	for i := range topics.RightsOf(e.group) {
		id := fmt.Sprintf("%s-%d", e.group.Short, i)
		records = append(records, registered(t, mover(id), id+"-old"))
		sent = append(sent, commanded(topics.DeviceCommands, mover(id), nothing))
	}
	publish(t, c.client(t, ""), records...)
	out.await(t, sent...)
}

// mover is a device that moves from one store to another.
func mover(id string) string { return id + "-mover" }

func (c *cluster) loses(t *testing.T, e *engine, right topics.Right, id string, out *outputs) {
	principal := "User:" + e.group.Short
	line := fmt.Sprintf("%s needs %s", principal, right)
	provisional := isProvisional(right)
	if provisional {
		e.caughtUp(t)
	}
	if right.Operation == topics.Read && right.Name == string(e.group.Table) {
		// It reads what it has written, with the next claim. It writes that while it has the right: it may claim anew at any time, and
		// what all wait for comes through it.
		publish(t, c.client(t, ""), provoking(t, e.group, id)...)
		out.await(t, owes(e.group, id)...)
		c.revoke(principal, right)
	} else {
		c.revoke(principal, right)
		publish(t, c.client(t, ""), provoking(t, e.group, id)...)
	}
	if provisional {
		e.logs(t, line)
	}
	c.expel(t, e)
	e.logs(t, line)
	if right.Operation != topics.DeleteRecords && !provisional { // without which all goes on
		e.awaitReadiness(t, 503, line)
	}
	c.grant(principal, []topics.Right{right})
	e.awaitReadiness(t, 200, "")
}

// manyStores are more than placements tells in one transaction: it carries the rest to itself.
const manyStores = 300

// provoking returns what lets a group do all that it ever does: read, carry, decide, refuse. To join anew, and so fence, recover
// and delete, it is expelled beside that.
func provoking(t *testing.T, group topics.Group, id string) []*kgo.Record {
	t.Helper()
	soon := time.Now().Add(time.Hour)
	decided := []*kgo.Record{
		created(t, id, soon, soon.Add(time.Hour)), paused(t, id, 2), paused(t, id, 3),
		astray(created(t, id+"-astray", soon, soon.Add(time.Hour))),
	}
	device := registered(t, id+"-device", id)
	switch group.Short {
	case topics.Timers:
		return append(decided, rubbish(topics.CampaignEvents, id))
	case topics.Lifecycle:
		return append(decided, rubbish(topics.TransitionsDue, id))
	case topics.Budgets: // the cancel is settled at once: it locks and releases
		return append(decided, rubbish(topics.Plays, id), astray(played(t, id)), cancelled(t, id, 4),
			settledLate(t, id+"-late", soon, soon.Add(time.Hour)), cancelled(t, id+"-late", 2))
	case topics.Placements:
		stores := []string{id}
		for i := range manyStores {
			stores = append(stores, fmt.Sprintf("%s-%d", id, i))
		}
		return []*kgo.Record{device, shown(t, id, stores...)}
	case topics.Devices:
		return []*kgo.Record{device, shown(t, id, id), rubbish(topics.DeviceEvents, id)}
	case topics.Stores: // of a revision that was never sent: it is carried home, and changes nothing
		return []*kgo.Record{
			registered(t, mover(id), id+"-new"), device, shown(t, id, id), rubbish(topics.DeviceAcks, id),
			astray(acknowledged(t, id+"-device", id, 1, schemas.AckReady)),
		}
	case topics.Router, topics.Readiness:
		return []*kgo.Record{device, shown(t, id, id)}
	}
	t.Fatalf("nothing is known that lets %s do something", group.Short)
	return nil
}

// owes returns what comes of that, once each.
func owes(group topics.Group, id string) []string {
	switch group.Short {
	case topics.Timers, topics.Lifecycle, topics.Budgets:
		all := []string{
			id + "/1/schedule", id + "/2/pause", "transitions-rejected " + id, "dead-letters " + id, id + "-astray/1/schedule",
		}
		if group.Short == topics.Budgets {
			all = append(all, id+"/4/cancel", "budget-released "+id, "campaign-statements "+id, id+"-late/2/cancel")
		}
		return all
	}
	all := []string{
		id + "/1/distribute", commanded(topics.DeviceCommands, id+"-device", id),
		commanded(topics.StoreTopic(id), id+"-device", id), isReady(id),
	}
	if group.Short == topics.Devices || group.Short == topics.Stores {
		all = append(all, "dead-letters "+id)
	}
	return all
}

// expel takes an engine out of its group; it joins again, and claims its partitions.
func (c *cluster) expel(t *testing.T, e *engine) {
	t.Helper()
	c.awaiting(t, func(ctx context.Context) error {
		left, err := c.admin.LeaveGroup(ctx, kadm.LeaveGroup(e.group.ID()).InstanceIDs(e.instance))
		if err == nil {
			err = left.Error()
		}
		return err
	})
}
