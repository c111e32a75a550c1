//go:build kafka

package security

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/rmn-arms/campaign-engine/topics"
)

// testScript lets Kafka's own kafka-acls run the part of the script that is about one role, the one with all kinds of rights,
// and compares what the broker holds then with the role's rights. The other roles' lines have no other words.
func testScript(t *testing.T, c *cluster) {
	const role = topics.Timers
	script := topics.DrawRights("User:by-script-" + topics.PrincipalRole)
	others := regexp.MustCompile(`(?m)^add --allow-principal 'User:by-script-.*\n`)
	script = others.ReplaceAllStringFunc(script, func(line string) string {
		if strings.Contains(line, "'User:by-script-"+role+"'") {
			return line
		}
		return ""
	})
	path := filepath.Join(t.TempDir(), "acls.sh")
	write(t, path, []byte(script))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	run := exec.CommandContext(ctx, "sh", path)
	run.Env = append(os.Environ(), "BOOTSTRAP="+joined(c.Brokers()), "KAFKA_ACLS="+c.Tool(t, "org.apache.kafka.tools.AclCommand"))
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("running the script: %v\n%s", err, out)
	}
	c.await("User:by-script-"+role, rightsOf(role), true)
	all, err := c.admin.DescribeACLs(ctx, kadm.NewACLs().AnyResource().Allow("User:by-script-"+role).AllowHosts().
		Operations(kadm.OpAny).ResourcePatternType(kadm.ACLPatternAny))
	must(t, err)
	var got, want []string
	for _, result := range all {
		must(t, result.Err)
		for _, a := range result.Described {
			got = append(got, fmt.Sprintf("%v %v %v %s from %s", a.Operation, a.Type, a.Pattern, a.Name, a.Host))
		}
	}
	for _, right := range rightsOf(role) {
		pattern := kadm.ACLPatternLiteral
		if right.Prefixed {
			pattern = kadm.ACLPatternPrefixed
		}
		want = append(want, fmt.Sprintf("%v %v %v %s from *", right.Operation.Kafka(), right.Resource.Kafka(), pattern, right.Name))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Errorf("(-rights +broker):\n%s", diff)
	}
}
