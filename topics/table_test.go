package topics_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

func TestTableIsComplete(t *testing.T) {
	seen := map[topics.Name]bool{}
	for _, stream := range topics.Streams() {
		if seen[stream.Name] {
			t.Errorf("%s stands in the table twice", stream.Name)
		}
		seen[stream.Name] = true
		if !regexp.MustCompile(`^[a-z][a-z-]{0,248}$`).MatchString(string(stream.Name)) {
			t.Errorf("%s: a topic's name is kebab-case and at most 249 long", stream.Name)
		}
		if stream.Key == "" || stream.Record == "" || stream.Why == "" {
			t.Errorf("%s: key, record and why must be said", stream.Name)
		}
		if strings.Contains(stream.Record+stream.Why+stream.Key, "|") {
			t.Errorf("%s: a | would break the README's table", stream.Name)
		}
		switch {
		case stream.Cleanup == topics.Compact && stream.Retention != 0:
			t.Errorf("%s: a compacted topic has no retention", stream.Name)
		case stream.Cleanup == topics.Delete && stream.Retention != topics.Forever &&
			(stream.Retention <= 0 || stream.Retention%(24*time.Hour) != 0):
			t.Errorf("%s: retention is Forever or whole days, not %s", stream.Name, stream.Retention)
		}
	}
}

// The contract's table of topics, as far as it is built: key, types and how long each is kept.
func TestTableIsTheContract(t *testing.T) {
	contract := []struct {
		name  topics.Name
		key   string
		types []schemas.Type
		kept  string
	}{
		{"campaign-events", "campaign_id", []schemas.Type{"campaign.created", "campaign.updated", "campaign.paused",
			"campaign.resumed", "campaign.cancelled"}, "forever"},
		{"transitions-due", "campaign_id", []schemas.Type{"transition.due"}, "forever"},
		{"transitions-applied", "campaign_id", []schemas.Type{"transition.applied"}, "forever"},
		{"transitions-rejected", "campaign_id", []schemas.Type{"transition.rejected"}, "forever"},
		{"plays", "campaign_id", []schemas.Type{"play.reported"}, "90 d"},
		{"budget-released", "campaign_id", []schemas.Type{"budget.released"}, "forever"},
		{"campaign-statements", "campaign_id", []schemas.Type{"statement.final", "statement.adjusted"}, "forever"},
		{"device-events", "store_id", []schemas.Type{"device.registered", "device.removed"}, "forever"},
		{"device-acks", "store_id", []schemas.Type{"device.ack"}, "30 d"},
		{"device-commands", "store_id", []schemas.Type{"device.command"}, "7 d"},
		{"campaign-readiness", "campaign_id", []schemas.Type{"campaign.readiness"}, "compacted"},
		{"dead-letters", "the record's own key", []schemas.Type{"record.refused"}, "90 d"},
	}
	var public []topics.Name
	for _, stream := range topics.Streams() {
		if !stream.Internal() {
			public = append(public, stream.Name)
		}
	}
	var named []topics.Name
	for _, line := range contract {
		named = append(named, line.name)
		stream, _ := topics.StreamNamed(line.name)
		if stream.Key != line.key || !slices.Equal(stream.Types, line.types) || stream.Kept() != line.kept {
			t.Errorf("%s: key %q, types %q, kept %s; the contract says %q, %q, %s",
				line.name, stream.Key, stream.Types, stream.Kept(), line.key, line.types, line.kept)
		}
	}
	if !slices.Equal(public, named) {
		t.Errorf("public topics are %q, the contract's are %q", public, named)
	}
}

// A reader who sees the constant knows the topic, and the other way round.
func TestConstantsMirrorNames(t *testing.T) {
	constants := nameConstants(t)
	for _, stream := range topics.Streams() {
		var mirror strings.Builder
		for word := range strings.SplitSeq(string(stream.Name), "-") {
			mirror.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
		if got := constants[mirror.String()]; got != string(stream.Name) {
			t.Errorf("%s: its constant should be called %s", stream.Name, mirror.String())
		}
		delete(constants, mirror.String())
	}
	for name, value := range constants {
		t.Errorf("constant %s = %q stands for no topic of the table", name, value)
	}
}

// nameConstants reads the constants of type Name in table.go.
func nameConstants(t *testing.T) map[string]string {
	file, err := parser.ParseFile(token.NewFileSet(), "table.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, is := n.(*ast.ValueSpec)
		if !is || len(spec.Values) != 1 {
			return true
		}
		if kind, is := spec.Type.(*ast.Ident); is && kind.Name == "Name" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			constants[spec.Names[0].Name] = value
		}
		return true
	})
	return constants
}

// Every caller gets a table of its own: nobody can change it for the others.
func TestTableCannotBeChanged(t *testing.T) {
	topics.Streams()[0].Name = "changed"
	topics.Streams()[0].Types[0] = "changed"
	topics.Groups()[0].Inputs[0] = "changed"
	if first := topics.Streams()[0]; first.Name != topics.CampaignEvents || first.Types[0] != schemas.CampaignCreated ||
		topics.Groups()[0].Inputs[0] != topics.CampaignEvents {
		t.Error("a change of what Streams or Groups returned is seen by the next caller")
	}
}

func TestSettings(t *testing.T) {
	const table = topics.CampaignEngineTimersTable
	for _, c := range []struct {
		topic    topics.Name
		replicas int
		setting  string
		want     string
	}{
		{topics.CampaignEvents, 1, "cleanup.policy", "delete"},
		{topics.CampaignEvents, 1, "retention.ms", "-1"},
		{topics.CampaignEvents, 1, "retention.bytes", "-1"},
		{topics.CampaignEvents, 1, "message.timestamp.type", "CreateTime"},
		{topics.CampaignEvents, 1, "min.insync.replicas", ""},
		{topics.CampaignEvents, 2, "min.insync.replicas", ""},
		{topics.CampaignEvents, 3, "min.insync.replicas", "2"},
		{topics.CampaignEngineTimersLoop, 1, "retention.ms", "-1"},
		{topics.DeadLetters, 1, "retention.ms", "7776000000"},
		{topics.DeviceAcks, 1, "retention.ms", "2592000000"},
		{topics.DeviceCommands, 1, "retention.ms", "604800000"},
		{topics.CampaignReadiness, 1, "cleanup.policy", "compact"},
		{topics.CampaignReadiness, 1, "max.compaction.lag.ms", "600000"},
		{topics.StoreStream().Name, 1, "cleanup.policy", "compact"},
		{topics.StoreStream().Name, 1, "max.message.bytes", "4194304"},
		{topics.StoreStream().Name, 3, "min.insync.replicas", "2"},
		{table, 1, "cleanup.policy", "compact"},
		{table, 1, "retention.ms", ""},
		{table, 1, "segment.bytes", "67108864"},
		{table, 1, "segment.ms", "600000"},
		{table, 1, "min.cleanable.dirty.ratio", "0.2"},
		{table, 1, "max.compaction.lag.ms", "600000"},
		{table, 1, "delete.retention.ms", "86400000"},
		{table, 3, "min.insync.replicas", "2"},
	} {
		stream, is := topics.StreamNamed(c.topic)
		if !is {
			stream = topics.StoreStream()
		}
		got := ""
		for _, setting := range stream.Settings(c.replicas) {
			if setting.Name == c.setting {
				got = setting.Value
			}
			if setting.Why == "" {
				t.Errorf("%s: %s has no reason", c.topic, setting.Name)
			}
		}
		if got != c.want {
			t.Errorf("%s with %d replicas: %s = %q, want %q", c.topic, c.replicas, c.setting, got, c.want)
		}
	}
}
