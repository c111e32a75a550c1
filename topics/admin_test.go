package topics

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// newAdmin returns an Admin of a fresh in-process cluster, which pauses for no time.
func newAdmin(t *testing.T, options ...kfake.Opt) (*Admin, *kfake.Cluster) {
	t.Helper()
	cluster, err := kfake.NewCluster(options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	admin := NewAdmin(client)
	admin.pause = func(ctx context.Context, _ int) bool { return ctx.Err() == nil }
	return admin, cluster
}

func mustApply(t *testing.T, admin *Admin, want []Stream, options Options) Plan {
	t.Helper()
	plan, err := admin.Apply(t.Context(), want, options)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestApplyMakesWhatCheckWants(t *testing.T) {
	for _, c := range []struct {
		name         string
		brokers      int
		options      Options
		wantReplicas int
		wantQuorum   string
	}{
		{"one broker", 1, Options{Partitions: 8}, 1, ""},
		{"three brokers, their default", 3, Options{Partitions: 3}, 3, "2"},
		{"three brokers, three replicas", 3, Options{Partitions: 3, Replicas: 3}, 3, "2"},
		{"three brokers, one replica", 3, Options{Partitions: 3, Replicas: 1}, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			admin, _ := newAdmin(t, kfake.NumBrokers(c.brokers))
			if _, err := admin.Check(t.Context(), Streams(), c.options); !errors.Is(err, ErrMismatch) {
				t.Fatalf("an empty cluster is checked with %v, want ErrMismatch", err)
			}
			if plan := mustApply(t, admin, Streams(), c.options); len(plan.Of(Missing)) != len(Streams()) {
				t.Errorf("the first plan was not to create all:\n%s", plan)
			}
			plan, err := admin.Check(t.Context(), Streams(), c.options)
			if err != nil || len(plan.Differences) != 0 {
				t.Errorf("after Apply: %v\n%s", err, plan)
			}
			have, err := admin.describe(t.Context(), Streams())
			if err != nil {
				t.Fatal(err)
			}
			for _, topic := range have {
				quorum := topic.Settings["min.insync.replicas"]
				if topic.Partitions != c.options.Partitions || topic.Replicas != c.wantReplicas ||
					c.wantQuorum != "" && quorum != c.wantQuorum {
					t.Errorf("%s: %d partitions, %d replicas, quorum %s", topic.Name, topic.Partitions, topic.Replicas, quorum)
				}
			}
		})
	}
}

// What is as wanted is not touched: no request that would change something goes out.
func TestApplyTwiceChangesNothing(t *testing.T) {
	admin, cluster := newAdmin(t, kfake.NumBrokers(3))
	mustApply(t, admin, Streams(), Options{Partitions: 4})
	changes := cluster.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.CreateTopics, kmsg.IncrementalAlterConfigs}, Observe: true, Count: -1,
	})
	if plan := mustApply(t, admin, Streams(), Options{Partitions: 4}); len(plan.Differences) != 0 {
		t.Errorf("the second plan is not empty:\n%s", plan)
	}
	if changes.Hits() != 0 {
		t.Errorf("the second Apply sent %d changes", changes.Hits())
	}
}

func TestApplyByManyAtOnce(t *testing.T) {
	admin, _ := newAdmin(t, kfake.NumBrokers(3))
	results := make(chan error)
	const many = 8
	for range many {
		go func() {
			_, err := admin.Apply(t.Context(), Streams(), Options{Partitions: 4})
			results <- err
		}()
	}
	for range many {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func TestApplyAltersSettings(t *testing.T) {
	admin, _ := newAdmin(t, kfake.SeedTopics(8, string(CampaignEvents), string(CampaignEngineTimersTable)))
	_, err := admin.Check(t.Context(), Streams(), Options{Partitions: 8})
	const want = "campaign-engine-timers-table: cleanup.policy is delete, but should be compact"
	if !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), want) {
		t.Errorf("checking a table that is not compacted says %v, want it to name %q", err, want)
	}
	mustApply(t, admin, Streams(), Options{Partitions: 8})
	if plan, err := admin.Check(t.Context(), Streams(), Options{Partitions: 8}); err != nil || len(plan.Differences) != 0 {
		t.Errorf("after Apply: %v\n%s", err, plan)
	}
}

// An input that others made with the settings of their broker keeps nobody from starting.
func TestCheckBearsForeignSettingsOfAnInput(t *testing.T) {
	admin, _ := newAdmin(t, kfake.SeedTopics(8, string(CampaignEvents)))
	input, _ := StreamNamed(CampaignEvents)
	plan, err := admin.Check(t.Context(), []Stream{input}, Options{Partitions: 8})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Pending()) == 0 {
		t.Error("the plan does not show what differs")
	}
}

func TestAnotherPartitionCount(t *testing.T) {
	admin, _ := newAdmin(t, kfake.SeedTopics(4, string(CampaignEvents)))
	options := Options{Partitions: 8, Connection: "--brokers k1:9092", Run: "--brokers k1:9092"}
	const want = `they are not as the engine needs them:
  - campaign-events has 4 partitions, not 8
to mend it:
  campaignd topics apply --partitions 4 --brokers k1:9092
  campaignd run --partitions 4 --brokers k1:9092
`
	_, err := admin.Apply(t.Context(), Streams(), options)
	if !errors.Is(err, ErrMismatch) {
		t.Fatalf("Apply = %v, want ErrMismatch", err)
	}
	if diff := cmp.Diff("applying topics: "+want, err.Error()); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	have, err := admin.describe(t.Context(), Streams())
	if err != nil {
		t.Fatal(err)
	}
	if len(have) != 1 || have[0].Partitions != 4 {
		t.Errorf("Apply changed the cluster although it refused: %v", have)
	}
	// What the hint says mends it.
	options.Partitions = 4
	mustApply(t, admin, Streams(), options)
	if _, err := admin.Check(t.Context(), Streams(), options); err != nil {
		t.Error(err)
	}
}

func TestApplyGoesOnAfterWhatPasses(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault kfake.Fault
	}{
		{"a controller that times out after the work", kfake.Fault{
			Keys: []kmsg.Key{kmsg.CreateTopics}, Topic: string(TransitionsDue), Err: kerr.RequestTimedOut, Count: 2}},
		{"a quota", kfake.Fault{
			Keys: []kmsg.Key{kmsg.CreateTopics}, Topic: string(DeadLetters), Err: kerr.ThrottlingQuotaExceeded, Count: 3}},
		{"a topic that is not known yet", kfake.Fault{
			Keys: []kmsg.Key{kmsg.DescribeConfigs}, Resource: string(DeadLetters), Err: kerr.UnknownTopicOrPartition, Count: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			admin, cluster := newAdmin(t, kfake.NumBrokers(3))
			fault := cluster.Fault(c.fault)
			mustApply(t, admin, Streams(), Options{Partitions: 2})
			if fault.Hits() == 0 {
				t.Error("the fault was never met")
			}
		})
	}
}

func TestApplyGivesUp(t *testing.T) {
	for _, c := range []struct {
		name string
		err  *kerr.Error
		hits int
	}{
		{"at once when it cannot pass", kerr.PolicyViolation, 1},
		{"after a bounded number of tries", kerr.ThrottlingQuotaExceeded, roundsMax},
	} {
		t.Run(c.name, func(t *testing.T) {
			admin, cluster := newAdmin(t)
			fault := cluster.Fault(kfake.Fault{
				Keys: []kmsg.Key{kmsg.CreateTopics}, Topic: string(CampaignEvents), Err: c.err, Count: -1,
			})
			if _, err := admin.Apply(t.Context(), Streams(), Options{Partitions: 2}); !errors.Is(err, c.err) {
				t.Errorf("Apply = %v, want %v", err, c.err)
			}
			if fault.Hits() != c.hits {
				t.Errorf("it was tried %d times, want %d", fault.Hits(), c.hits)
			}
		})
	}
}

// A broker that does not know yet what was just created is no reason to refuse.
func TestCheckLooksAgain(t *testing.T) {
	admin, cluster := newAdmin(t)
	mustApply(t, admin, Streams(), Options{Partitions: 2})
	fault := cluster.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Metadata}, Topic: string(DeadLetters), Err: kerr.UnknownTopicOrPartition, Count: looksMax - 1,
	})
	if _, err := admin.Check(t.Context(), Streams(), Options{Partitions: 2}); err != nil || fault.Hits() != looksMax-1 {
		t.Errorf("after %d answers without the topic: %v", fault.Hits(), err)
	}
}

// Apply ends only when the slowest broker knows the topics too.
func TestApplyWaitsForEveryBroker(t *testing.T) {
	admin, cluster := newAdmin(t, kfake.NumBrokers(3))
	fault := cluster.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Metadata}, Nodes: []int32{2}, Topic: string(TransitionsDue), Err: kerr.UnknownTopicOrPartition, Count: 5,
	})
	mustApply(t, admin, Streams(), Options{Partitions: 2})
	if fault.Hits() != 5 {
		t.Errorf("Apply came back after %d of 5 answers without the topic", fault.Hits())
	}
}

func TestNobodyAnswers(t *testing.T) {
	admin, cluster := newAdmin(t)
	cluster.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := admin.Apply(ctx, Streams(), Options{Partitions: 2}); !errors.Is(err, context.Canceled) {
		t.Errorf("Apply = %v, want the context's error", err)
	}
	if _, err := admin.Check(ctx, Streams(), Options{Partitions: 2}); err == nil || errors.Is(err, ErrMismatch) {
		t.Errorf("Check = %v, want an error other than a mismatch", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	admin, _ := newAdmin(t)
	if _, err := admin.Apply(t.Context(), Streams(), Options{}); !errors.Is(err, ErrOptions) {
		t.Errorf("Apply = %v, want ErrOptions", err)
	}
	if _, err := admin.Plan(t.Context(), Streams(), Options{}); !errors.Is(err, ErrOptions) {
		t.Errorf("Plan = %v, want ErrOptions", err)
	}
}

// No topic is made by asking for it.
func TestPlanChangesNothing(t *testing.T) {
	admin, _ := newAdmin(t, kfake.AllowAutoTopicCreation())
	if _, err := admin.Plan(t.Context(), Streams(), Options{Partitions: 2}); err != nil {
		t.Fatal(err)
	}
	details, err := kadm.NewClient(admin.client).ListTopics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if names := details.Names(); slices.Contains(names, string(CampaignEvents)) {
		t.Errorf("planning created %q", names)
	}
}
