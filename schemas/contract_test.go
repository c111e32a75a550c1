package schemas_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// TestSchemasKeepTheContract holds the schemas, and by TestSchemasAndStructsHaveTheSameMembers the structs, against
// what was promised to others.
func TestSchemasKeepTheContract(t *testing.T) {
	file, err := os.Open("testdata/contract.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	promised := map[schemas.Type]bool{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		kind := schemas.Type(words[0])
		promised[kind] = true
		root := parsed(t, schemas.JSONSchema(kind))
		checkPromise(t, root, words[0]+" "+words[1], words[1], words[2], words[3] == "always")
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	for _, kind := range schemas.Types() {
		if !promised[kind] {
			t.Errorf("nothing is promised of %s", kind)
		}
	}
}

// checkPromise walks to a member, for instance data.creatives[].url or data.inputs{}.offset.
func checkPromise(t *testing.T, root map[string]any, what, path, kind string, always bool) {
	t.Helper()
	node, required := root, true
	for step := range strings.SplitSeq(path, ".") {
		name, isList := strings.CutSuffix(step, "[]")
		name, isMap := strings.CutSuffix(name, "{}")
		parent := objectAt(root, node)
		property, is := parent.properties[name].(map[string]any)
		if !is {
			t.Errorf("%s: the schema has no %s", what, name)
			return
		}
		node, required = resolved(root, property), slices.Contains(parent.required, name)
		if isList {
			node, required = resolved(root, node["items"].(map[string]any)), true
		}
		if isMap {
			node, required = resolved(root, node["additionalProperties"].(map[string]any)), false
		}
	}
	wantType(t, what, node, kind)
	if required != always {
		t.Errorf("%s: required is %v", what, required)
	}
}

func TestSchemasListTheWordsOfTheContract(t *testing.T) {
	cases := []struct {
		kind schemas.Type
		part string // of $defs
		name string // of a member of the part, or empty for the part itself
		want string
	}{
		{schemas.CampaignCreated, "definition", "disambiguation", "compatible earlier later reject <nil>"},
		{schemas.TransitionDue, "due", "transition", "schedule reschedule rezone distribute start " +
			"pause resume end settle cancel"},
		{schemas.TransitionApplied, "status", "", "SCHEDULED ACTIVE PAUSED COMPLETED CANCELLED"},
		{schemas.TransitionRejected, "rejected", "reason", "superseded already-active already-paused not-paused paused " +
			"window-passed not-ended completed cancelled"},
		{schemas.StatementFinal, "uncounted", "", "duplicate out-of-window not-active after-lock over-budget unknown-campaign invalid"},
		{schemas.StatementAdjusted, "status", "", "SCHEDULED ACTIVE PAUSED COMPLETED CANCELLED"},
		{schemas.DeviceAck, "ack_status", "", "received downloading ready failed"},
		{schemas.RecordRefused, "refused", "reason", "too-large too-deep malformed unknown-type " +
			"key-mismatch schema invalid-zone skipped-local-time invalid-window invalid-money unknown-campaign revision-conflict"},
	}
	for _, c := range cases {
		node := parsed(t, schemas.JSONSchema(c.kind))["$defs"].(map[string]any)[c.part].(map[string]any)
		if c.name != "" {
			node = node["properties"].(map[string]any)[c.name].(map[string]any)
		}
		if got := strings.Trim(fmt.Sprint(node["enum"]), "[]"); got != c.want {
			t.Errorf("%s: %s %s lists %q, not %q", c.kind, c.part, c.name, got, c.want)
		}
	}
}

// TestOutputsHoldNoContacts: addresses go from campaign-events to the mailer and nowhere else.
func TestOutputsHoldNoContacts(t *testing.T) {
	for _, kind := range []schemas.Type{
		schemas.TransitionDue, schemas.TransitionApplied, schemas.TransitionRejected, schemas.BudgetReleased, schemas.StatementFinal,
		schemas.StatementAdjusted, schemas.DeviceCommand, schemas.CampaignReadiness,
	} {
		for _, word := range []string{`"contacts"`, `"email"`} {
			if strings.Contains(string(schemas.JSONSchema(kind)), word) {
				t.Errorf("the schema of %s has %s", kind, word)
			}
		}
	}
	email := "desk@example.com"
	whole := schemas.Definition{CampaignID: "c-1", Contacts: []schemas.Contact{{Email: email}}}
	written, err := json.Marshal(whole.Place(0, 1, "2025c", 0))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(written), email) {
		t.Errorf("a placed definition holds a contact: %s", written)
	}
}
