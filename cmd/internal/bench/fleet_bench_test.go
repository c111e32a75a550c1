//go:build bench

package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// fleet are several engines on the rig's brokers, each of its own instance name.
type fleet struct {
	*rig
	args    []string
	members map[string]*member
}

type member struct {
	*proctest.Process
	http string
}

func (r *rig) fleet(args []string, names ...string) *fleet {
	r.t.Helper()
	f := &fleet{rig: r, args: args, members: map[string]*member{}}
	for _, name := range names {
		f.launch(name)
	}
	f.ready(names...)
	f.settled(names...)
	return f
}

func (f *fleet) launch(name string) {
	f.t.Helper()
	m := &member{http: address(f.t)}
	m.Process = proctest.Start(f.t, proctest.Command{Path: f.binary, Args: append([]string{
		"run", "--instance-id", name, "--http-listen", m.http, "--brokers", f.brokers[0], "--signing-keys", f.keys,
	}, withoutTables(f.args)...)})
	f.members[name] = m
}

func (f *fleet) ready(names ...string) {
	f.t.Helper()
	for _, name := range names {
		if err := f.members[name].AwaitHTTP("http://"+f.members[name].http+"/readyz", patience); err != nil {
			f.t.Fatalf("waiting for engine %s: %v\n%s", name, err, f.members[name].Report())
		}
	}
}

// settled waits until the timers' group has these members, each with partitions.
func (f *fleet) settled(names ...string) {
	f.t.Helper()
	f.must(proctest.Await(f.ctx, func(ctx context.Context) error {
		owned, err := f.owned(ctx)
		if err != nil {
			return err
		}
		for _, name := range names {
			if len(owned[name]) == 0 {
				return fmt.Errorf("engine %s owns no partition: %v", name, owned)
			}
		}
		return nil
	}))
}

// owned returns which partitions of the campaign events each instance has.
func (f *fleet) owned(ctx context.Context) (map[string][]int32, error) {
	timers, _ := topics.GroupNamed(topics.Timers)
	described, err := kadm.NewClient(f.connect()).DescribeGroups(ctx, timers.ID())
	if err != nil {
		return nil, err
	}
	owned := map[string][]int32{}
	for _, m := range described[timers.ID()].Members {
		if assigned, ok := m.Assigned.AsConsumer(); ok && m.InstanceID != nil {
			for _, topic := range assigned.Topics {
				if topic.Topic == string(topics.CampaignEvents) {
					owned[*m.InstanceID] = slices.Clone(topic.Partitions)
				}
			}
		}
	}
	return owned, nil
}

// terminate ends an engine as SIGTERM does.
func (f *fleet) terminate(name string) {
	f.t.Helper()
	f.must(f.members[name].Terminate())
	if code, err := f.members[name].Wait(30 * time.Second); err != nil || code != 0 {
		f.t.Fatalf("engine %s ended with %d, %v\n%s", name, code, err, f.members[name].Report())
	}
}
