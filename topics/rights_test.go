package topics

import (
	"errors"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl/plain"
)

// Where nobody has set rights up, none is missing.
func TestNoRightIsMissingWhereThereAreNone(t *testing.T) {
	admin, _ := newAdmin(t)
	mustApply(t, admin, Streams(), Options{Partitions: 2})
	for _, role := range Roles() {
		if lacking, err := admin.Lacking(t.Context(), role.Rights); err != nil || len(lacking) > 0 {
			t.Errorf("%s lacks %v, %v", role.Name, lacking, err)
		}
	}
}

func TestLackingNamesWhatIsMissing(t *testing.T) {
	const user = "timers"
	group, _ := GroupNamed(user)
	var onTopics, given []Right
	for _, right := range RightsOf(group) {
		if right.Resource == OnTopic {
			onTopics = append(onTopics, right)
		}
	}
	var acls []kfake.ACL
	for i, right := range onTopics {
		if i%2 == 0 {
			given = append(given, right)
			acls = append(acls, kfake.ACL{Principal: "User:" + user, Resource: right.Resource.Kafka(), Name: right.Name,
				Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: right.Operation.Kafka(), Allow: true})
		}
	}
	var names []string
	for _, stream := range Streams() {
		names = append(names, string(stream.Name))
	}
	cluster, err := kfake.NewCluster(kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "root", "p"),
		kfake.User("PLAIN", user, "p", acls...), kfake.SeedTopics(2, names...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.SASL(plain.Auth{User: user, Pass: "p"}.AsMechanism()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	lacking, err := NewAdmin(client).Lacking(t.Context(), onTopics)
	if err != nil || len(lacking)+len(given) != len(onTopics) || len(given) == 0 {
		t.Fatalf("of %d rights %d are given, and %d missing, %v:\n%v", len(onTopics), len(given), len(lacking), err, lacking)
	}
	for _, right := range given {
		for _, other := range lacking {
			if other == right {
				t.Errorf("%s is missing though it was given", right)
			}
		}
	}
}

// A refused request is told with the right and with who lacks it; others stay as they are.
func TestNeeding(t *testing.T) {
	err := LackedBy("User:x", Needing(kerr.TopicAuthorizationFailed, Write, DeadLetters))
	const want = "rights are missing: Write on topic dead-letters; campaignd topics acls prints the commands that grant them"
	if !errors.Is(err, ErrRights) || !errors.Is(err, kerr.TopicAuthorizationFailed) || !strings.HasPrefix(err.Error(), want) ||
		!strings.HasSuffix(err.Error(), "this is User:x") {
		t.Errorf("got %v", err)
	}
	other := errors.New("another")
	if err := LackedBy("User:x", Needing(other, Write, DeadLetters)); err != other {
		t.Errorf("another error becomes %v", err)
	}
}
