package schemas_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/rmn-arms/campaign-engine/schemas"
)

func TestListsAreTheSchemas(t *testing.T) {
	var reasons, transitions, uncounted, statuses []string
	for _, reason := range schemas.Reasons() {
		reasons = append(reasons, string(reason))
	}
	for _, transition := range schemas.Transitions() {
		transitions = append(transitions, string(transition))
	}
	for _, verdict := range schemas.Verdicts() {
		if verdict != schemas.PlayValid {
			uncounted = append(uncounted, string(verdict))
		}
	}
	for _, status := range schemas.AckStatuses() {
		statuses = append(statuses, string(status))
	}
	for _, c := range []struct {
		file, definition, property string
		list                       []string
	}{
		{"record.refused", "refused", "reason", reasons},
		{"transition.due", "due", "transition", transitions},
		{"statement.final", "uncounted", "", uncounted},
		{"device.ack", "ack_status", "", statuses},
	} {
		want := enum(t, c.file, c.definition, c.property)
		if !slices.Equal(c.list, want) {
			t.Errorf("%s %s is one of %q, in the schema of %q", c.definition, c.property, c.list, want)
		}
	}
}

// enum returns what a property of a schema's definition, or the definition itself, may be.
func enum(t *testing.T, file, definition, property string) []string {
	t.Helper()
	text, err := os.ReadFile("json/" + file + ".schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Definitions map[string]struct {
			Enum       []string
			Properties map[string]struct{ Enum []string }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	if property == "" {
		return schema.Definitions[definition].Enum
	}
	return schema.Definitions[definition].Properties[property].Enum
}
