package torture

import (
	"context"
	"maps"
	"time"
)

// rejoins are members that came anew to the sequencer's group, seen from outside: a static member that joins again gets
// another member id. On a machine that is too slow for all that runs on it a session may end though nothing was broken on
// purpose; what the contract allows after a takeover is then no violation.
type rejoins struct {
	last map[string]string // member id by instance
	at   int64             // ms since 1970
	// spans are the times within which somebody joined anew.
	spans []span
}

// see takes note of the members at an instant.
func (r *rejoins) see(members map[string]string, at int64) {
	if len(members) == 0 {
		return // the group does not say
	}
	if r.last != nil && !maps.Equal(r.last, members) {
		r.spans = append(r.spans, span{r.at, at})
	}
	r.last, r.at = members, at
}

// watchRejoins looks at the group each second until ctx ends.
func (r *run) watchRejoins(ctx context.Context) {
	var seen rejoins
	for pause(ctx, time.Second) {
		seen.see(r.admin.members(ctx), time.Now().UnixMilli())
	}
	r.nemesis.disturbed(seen.spans)
}

// members returns the member id of each instance in the sequencer's group; none when the group does not say so in time.
func (a *admin) members(ctx context.Context) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, askMax)
	defer cancel()
	described, err := a.kadm.DescribeGroups(ctx, timersGroup())
	if err != nil || described[timersGroup()].Err != nil {
		return nil
	}
	members := map[string]string{}
	for _, member := range described[timersGroup()].Members {
		if member.InstanceID != nil {
			members[*member.InstanceID] = member.MemberID
		}
	}
	return members
}

// disturbed notes times in which members came anew, beside those of the faults.
func (n *nemesis) disturbed(spans []span) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.rejoined = spans
}
