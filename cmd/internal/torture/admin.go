package torture

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// admin asks the cluster, by the clients' own way in.
type admin struct {
	addresses []string
	kafka     *kgo.Client
	kadm      *kadm.Client
}

// askMax bounds a question whose answer is welcome, but not needed.
const askMax = 1500 * time.Millisecond

func newAdmin(addresses []string) (*admin, error) {
	kafka, err := kgo.NewClient(kgo.SeedBrokers(addresses...), kgo.ClientID("torture-admin"),
		kgo.MetadataMinAge(50*time.Millisecond), kgo.MetadataMaxAge(5*time.Second), kgo.RequestTimeoutOverhead(5*time.Second))
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return &admin{addresses, kafka, kadm.NewClient(kafka)}, nil
}

func timersGroup() string {
	group, _ := topics.GroupNamed(topics.Timers)
	return group.ID()
}

// owned returns the partitions of the inputs that an instance owns; none when the group does not say so in time.
func (a *admin) owned(ctx context.Context, instance string) []int32 {
	ctx, cancel := context.WithTimeout(ctx, askMax)
	defer cancel()
	described, err := a.kadm.DescribeGroups(ctx, timersGroup())
	if err != nil {
		return nil
	}
	for _, member := range described[timersGroup()].Members {
		if member.InstanceID == nil || *member.InstanceID != instance {
			continue
		}
		if assigned, is := member.Assigned.AsConsumer(); is {
			for _, t := range assigned.Topics {
				if t.Topic == string(topics.CampaignEvents) {
					return t.Partitions
				}
			}
		}
	}
	return nil
}

// broker returns which broker, counted from 0, is a target now; the first one when nobody says so.
func (a *admin) broker(ctx context.Context, target Target) int {
	ctx, cancel := context.WithTimeout(ctx, askMax)
	defer cancel()
	node := int32(1)
	switch target {
	case LeaderOfInputs, LeaderOfDues:
		name := string(topics.CampaignEvents)
		if target == LeaderOfDues {
			name = string(topics.TransitionsDue)
		}
		if metadata, err := a.kadm.Metadata(ctx, name); err == nil {
			node = metadata.Topics[name].Partitions[0].Leader
		}
	case CoordinatorGroup:
		if found := a.kadm.FindGroupCoordinators(ctx, timersGroup()); found[timersGroup()].Err == nil {
			node = found[timersGroup()].NodeID
		}
	case CoordinatorTxn:
		id := timersGroup() + "-" + instanceOf(0)
		if found := a.kadm.FindTxnCoordinators(ctx, id); found[id].Err == nil {
			node = found[id].NodeID
		}
	}
	return int(max(1, min(node, brokers))) - 1
}

// names are all topics of the engine.
func names() []string {
	var all []string
	for _, s := range topics.Streams() {
		all = append(all, string(s.Name))
	}
	return all
}

// awaitHealed waits until nothing is left of any fault: invariant I11.
func (a *admin) awaitHealed(ctx context.Context) error {
	return proctest.Await(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		return a.healed(ctx)
	})
}

func (a *admin) healed(ctx context.Context) error {
	for _, group := range topics.Transacted() {
		if err := a.caughtUp(ctx, group); err != nil {
			return err
		}
	}
	open, err := a.kadm.ListTransactions(ctx, nil, []string{"Ongoing", "PrepareCommit", "PrepareAbort"})
	if err != nil {
		return fmt.Errorf("listing transactions: %w", err)
	}
	if len(open) > 0 {
		return fmt.Errorf("transactions are open: %v", open.TransactionalIDs())
	}
	return a.stable(ctx)
}

// caughtUp says whether a group has no lag, and somebody owns every partition.
func (a *admin) caughtUp(ctx context.Context, group topics.Group) error {
	id := group.ID()
	lags, err := a.kadm.Lag(ctx, id)
	if err != nil {
		return fmt.Errorf("asking for the lag of %s: %w", id, err)
	}
	if err := lags.Error(); err != nil {
		return fmt.Errorf("asking for the lag of %s: %w", id, err)
	}
	described := lags[id]
	if lag := described.Lag.Total(); lag != 0 {
		return fmt.Errorf("group %s has a lag of %d", id, lag)
	}
	owned := 0
	for _, member := range described.Members {
		if assigned, is := member.Assigned.AsConsumer(); is {
			for _, t := range assigned.Topics {
				if t.Topic == string(group.Inputs[0]) { // the others have the same owners
					owned += len(t.Partitions)
				}
			}
		}
	}
	if owned != partitions {
		return fmt.Errorf("group %s is %s, %d of %d partitions have an owner", id, described.State, owned, partitions)
	}
	return nil
}

var errUnstable = errors.New("the last stable offset is not the end")

// stable says whether all that is in the topics is decided: the last stable offset is the high watermark.
func (a *admin) stable(ctx context.Context) error {
	ends, err := a.kadm.ListEndOffsets(ctx, names()...)
	if err != nil {
		return fmt.Errorf("listing ends: %w", err)
	}
	stable, err := a.kadm.ListCommittedOffsets(ctx, names()...)
	if err != nil {
		return fmt.Errorf("listing last stable offsets: %w", err)
	}
	var failure error
	ends.Each(func(end kadm.ListedOffset) {
		lso, _ := stable.Lookup(end.Topic, end.Partition)
		if err := errors.Join(end.Err, lso.Err); err != nil {
			failure = err
		} else if lso.Offset != end.Offset {
			failure = fmt.Errorf("%s/%d: %w (%d of %d)", end.Topic, end.Partition, errUnstable, lso.Offset, end.Offset)
		}
	})
	return failure
}
