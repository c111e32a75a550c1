package topics

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"
)

func storeStreams(ids ...string) []Stream {
	var streams []Stream
	for _, id := range ids {
		stream := StoreStream()
		stream.Name = StoreTopic(id)
		streams = append(streams, stream)
	}
	return streams
}

func TestCreateMissingCreatesWhatThereIsNot(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(3))
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
	if _, err := admin.CreateMissing(t.Context(), storeStreams("s-1"), DeviceCommands, Options{}); !errors.Is(err, kerr.UnknownTopicOrPartition) {
		t.Errorf("like one that there is not: %v", err)
	}
	input, _ := StreamNamed(DeviceCommands)
	mustApply(t, admin, []Stream{input}, Options{Partitions: 2, Replicas: 3})
	for _, c := range []struct {
		stores  []string
		created int
	}{{[]string{"s-1", "s-2"}, 2}, {[]string{"s-2", "s-3"}, 1}, {[]string{"s-1", "s-3"}, 0}} {
		created, err := admin.CreateMissing(t.Context(), storeStreams(c.stores...), DeviceCommands, Options{Partitions: 9})
		if err != nil || created != c.created {
			t.Errorf("of %v it creates %d: %v", c.stores, created, err)
		}
	}
	plan, err := admin.Plan(t.Context(), storeStreams("s-1", "s-2", "s-3"), Options{Partitions: 9, Replicas: 3})
	if err != nil || len(plan.Differences) > 0 {
		t.Errorf("they are not as they should be: %v %v", plan.Differences, err)
	}
	if _, err := admin.CreateMissing(t.Context(), make([]Stream, CreateMaxTopics+1), DeviceCommands, Options{}); !errors.Is(err, ErrTooMany) {
		t.Errorf("too many at a time: %v", err)
	}
}

// TestCreateMissingIsOvertaken: somebody else creates a topic between the look and the creation, and a policy refuses one.
func TestCreateMissingIsOvertaken(t *testing.T) {
	admin, cluster := newAdmin(t)
	input, _ := StreamNamed(DeviceCommands)
	mustApply(t, admin, []Stream{input}, Options{Partitions: 1})
	others := kadm.NewClient(admin.client)
	cluster.ControlKey(int16(kmsg.CreateTopics), func(request kmsg.Request) (kmsg.Response, error, bool) {
		response := request.ResponseKind().(*kmsg.CreateTopicsResponse)
		for _, topic := range request.(*kmsg.CreateTopicsRequest).Topics {
			answer := kmsg.NewCreateTopicsResponseTopic()
			answer.Topic = topic.Topic
			switch {
			case strings.HasSuffix(topic.Topic, "refused"):
				answer.ErrorCode, answer.ErrorMessage = kerr.PolicyViolation.Code, kmsg.StringPtr("too few replicas")
			default:
				answer.ErrorCode = kerr.TopicAlreadyExists.Code
			}
			response.Topics = append(response.Topics, answer)
		}
		return response, nil, true
	})
	created, err := admin.CreateMissing(t.Context(), storeStreams("s-1", "refused"), DeviceCommands, Options{})
	if created != 0 || !errors.Is(err, kerr.PolicyViolation) || !strings.Contains(fmt.Sprint(err), "creating device-commands.refused") ||
		!strings.Contains(fmt.Sprint(err), "too few replicas") {
		t.Errorf("%d, %v", created, err)
	}
	if _, err := others.CreateTopics(t.Context(), 1, 1, nil, "device-commands.s-1"); err != nil {
		t.Fatal(err)
	}
	if created, err := admin.CreateMissing(t.Context(), storeStreams("s-1"), DeviceCommands, Options{}); created != 0 || err != nil {
		t.Errorf("of one that is there: %d, %v", created, err)
	}
}

// TestRightsOnStoresTopicsAreAskedFor: no topic needs to exist for it.
func TestRightsOnStoresTopicsAreAskedFor(t *testing.T) {
	group, _ := GroupNamed(Router)
	for _, c := range []struct {
		given   []Operation
		lacking int
	}{{nil, 2}, {[]Operation{Write}, 1}, {[]Operation{Write, Create}, 0}} {
		var acls []kfake.ACL
		for _, operation := range c.given {
			acls = append(acls, kfake.ACL{Principal: "User:router", Resource: kmsg.ACLResourceTypeTopic, Name: storeTopicPrefix,
				Pattern: kmsg.ACLResourcePatternTypePrefixed, Operation: operation.Kafka(), Allow: true})
		}
		cluster, err := kfake.NewCluster(kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "root", "p"),
			kfake.User("PLAIN", "router", "p", acls...))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cluster.Close)
		client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.SASL(plain.Auth{User: "router", Pass: "p"}.AsMechanism()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		var stores []Right
		for _, right := range RightsOf(group) {
			if right.Prefixed && right.Resource == OnTopic {
				stores = append(stores, right)
			}
		}
		admin := NewAdmin(client)
		lacking, err := admin.Lacking(t.Context(), stores)
		if err != nil || len(lacking) != c.lacking {
			t.Errorf("with %v it lacks %v, %v", c.given, lacking, err)
		}
	}
}
