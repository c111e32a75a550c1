package topics_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/topics"
)

const aclFile = "../compose/acls.sh"

// The file is what operators run; a change of the table shows in a review as what it does to rights.
func TestACLFile(t *testing.T) {
	want := topics.DrawRights(topics.PrincipalPattern)
	if *update {
		write(t, aclFile, want)
	}
	got, err := os.ReadFile(aclFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(got), want); diff != "" {
		t.Errorf("%s is not what the table says; make topology rewrites it (-file +table):\n%s", aclFile, diff)
	}
}

// A shell that runs the script grants each role its rights, and nothing else.
func TestACLFileGrantsTheRights(t *testing.T) {
	dir := t.TempDir()
	said := filepath.Join(dir, "said")
	tool := filepath.Join(dir, "kafka-acls")
	write(t, tool, "#!/bin/sh\nfor word; do printf '%s\\n' \"$word\"; done >>"+said+"\n")
	if err := os.Chmod(tool, 0o755); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "acls.sh")
	write(t, script, topics.DrawRights("User:CN=ROLE,O=An Example's"))
	run := exec.Command("sh", script)
	run.Env = append(os.Environ(), "STORES=s-1 s-2", "BOOTSTRAP=k1:9092", "COMMAND_CONFIG=my admin.properties", "KAFKA_ACLS="+tool)
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("running it: %v\n%s", err, out)
	}
	words, err := os.ReadFile(said)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for command := range strings.SplitSeq(strings.TrimPrefix(string(words), "--bootstrap-server\n"), "--bootstrap-server\n") {
		got = append(got, granted(t, command)...)
	}
	var want []string
	for _, role := range topics.Roles() {
		for _, right := range role.Rights {
			line := "User:CN=" + role.Name + ",O=An Example's: " + right.String()
			if !strings.Contains(role.Name, topics.StoreIDPlace) {
				want = append(want, line)
				continue
			}
			for _, store := range []string{"s-1", "s-2"} {
				want = append(want, strings.ReplaceAll(line, topics.StoreIDPlace, store))
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-rights +script):\n%s", diff)
	}
}

// granted reads one command of kafka-acls.sh, a word a line.
func granted(t *testing.T, command string) []string {
	t.Helper()
	rest, found := strings.CutPrefix(command, "k1:9092\n--command-config\nmy admin.properties\n--add\n--allow-principal\n")
	if !found {
		t.Fatalf("a command begins otherwise:\n%s", command)
	}
	principal, rest, _ := strings.Cut(rest, "\n")
	words := strings.Split(strings.TrimSuffix(rest, "\n"), "\n")
	var granted []topics.Right
	var operation topics.Operation
	prefixed := false
	for i := 0; i+1 < len(words); i += 2 {
		switch name, value := words[i], words[i+1]; name {
		case "--operation":
			operation = topics.Operation(value)
		case "--resource-pattern-type":
			prefixed = value == "prefixed"
		default:
			resource := topics.Resource(strings.TrimPrefix(name, "--"))
			granted = append(granted, topics.Right{Operation: operation, Resource: resource, Name: value})
		}
	}
	var texts []string
	for _, right := range granted {
		right.Prefixed = prefixed
		texts = append(texts, principal+": "+right.String())
	}
	return texts
}

// Each right is Kafka's, has a reason, and stands once in a role.
func TestRolesAreComplete(t *testing.T) {
	for _, role := range topics.Roles() {
		seen := map[string]bool{}
		for _, right := range role.Rights {
			if right.Operation.Kafka() == 0 || right.Resource.Kafka() == 0 || right.Why == "" || seen[right.String()] {
				t.Errorf("%s: %+v: unknown, without a reason, or twice", role.Name, right)
			}
			seen[right.String()] = true
		}
	}
	if len(topics.Roles()) != len(topics.Groups())+8 {
		t.Error("a role has come or gone: README says who there is")
	}
}

// Only a group's own process may write what it writes, dead letters apart, or end its transactions.
func TestRightsKeepOthersOut(t *testing.T) {
	const store = "store-" + topics.StoreIDPlace
	for _, role := range topics.Roles() {
		for _, right := range role.Rights {
			if right.Operation != topics.Write && right.Resource == topics.OnTopic {
				continue
			}
			var may []string
			switch right.Resource {
			case topics.OnTopic:
				may = topics.Writers(topics.Name(right.Name))
				if right.Prefixed && right.Name+topics.StoreIDPlace == string(topics.StoreStream().Name) {
					may = []string{topics.Router}
				}
				switch stream, _ := topics.StreamNamed(topics.Name(right.Name)); stream.Source {
				case "campaign services":
					may = []string{"campaign-service", "operator"}
				case "device registry":
					may = []string{"device-registry"}
				case "devices":
					may = []string{store}
				case "devices, or their gateway":
					may = []string{"device-gateway", store}
				}
			default:
				for _, group := range topics.Groups() {
					if strings.HasPrefix(right.Name, group.ID()) {
						may = append(may, group.Short)
					}
				}
			}
			if !slices.Contains(may, role.Name) {
				t.Errorf("%s: %s, which is for %v", role.Name, right, may)
			}
		}
	}
}

// A store's devices see the commands of their own store and nothing else, whatever other stores are called.
func TestAStoreReadsItsOwnTopicOnly(t *testing.T) {
	role, is := topics.RoleNamed("store-" + topics.StoreIDPlace)
	if !is {
		t.Fatal("there is no such role")
	}
	var got []string
	for _, right := range role.Rights {
		got = append(got, right.String())
	}
	want := []string{"Read on topic device-commands.<store_id>", "Write on topic device-acks", "Write on topic plays"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Who fills stores' topics may create and write them, all of them: which there are is not known before.
func TestRightsOnTopicsOfStores(t *testing.T) {
	group := topics.Group{Short: "x", Inputs: []topics.Name{topics.DeviceCommands}, PerStore: true}
	var got []string
	for _, right := range topics.RightsOf(group) {
		got = append(got, right.String())
	}
	want := []string{
		"Read on group campaign-engine-x", "Write on every transactional-id that begins with campaign-engine-x-",
		"Read on topic device-commands", "Write on every topic that begins with device-commands.",
		"Create on every topic that begins with device-commands.", "DescribeConfigs on topic device-commands",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
