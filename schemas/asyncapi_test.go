package schemas_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// asyncAPI returns the document as JSON has it.
func asyncAPI(t *testing.T) []byte {
	t.Helper()
	var document any
	if err := yaml.Unmarshal([]byte(schemas.AsyncAPI()), &document); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAsyncAPIIsValidAgainstItsPublishedSchema(t *testing.T) {
	published, err := os.ReadFile("testdata/asyncapi/asyncapi-3.0.0.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	const id = "http://asyncapi.com/definitions/3.0.0/asyncapi.json"
	if err := compiler.AddResource(id, parsed(t, published)); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	document := parsed(t, asyncAPI(t))
	if err := schema.Validate(document); err != nil {
		t.Error(err)
	}
	document["channels"].(map[string]any)["deadLetters"].(map[string]any)["place"] = "dead-letters"
	if schema.Validate(document) == nil {
		t.Error("a member that AsyncAPI does not have passes")
	}
}

// described is what is read of the document.
type described struct {
	Channels map[string]struct {
		Address  string
		Messages map[string]reference
		Bindings struct {
			Kafka struct {
				Partitions         int32
				TopicConfiguration struct {
					CleanupPolicy   []string `json:"cleanup.policy"`
					RetentionMs     int64    `json:"retention.ms"`
					MaxMessageBytes int      `json:"max.message.bytes"`
				}
			}
		}
	}
	Operations map[string]struct {
		Action  string
		Channel reference
	}
	Components struct {
		Messages map[string]struct {
			Name    schemas.Type
			Payload struct{ Schema reference }
		}
	}
}

type reference struct {
	Ref string `json:"$ref"`
}

func (r reference) name() string { return r.Ref[strings.LastIndexByte(r.Ref, '/')+1:] }

// channel is what the document and the table of topics both say of a topic.
type channel struct {
	Types           []schemas.Type
	Cleanup         topics.Cleanup
	RetentionMs     int64
	MaxMessageBytes int
	Written         bool // by the engine
}

func TestAsyncAPIDescribesTheTopicsOfTheTable(t *testing.T) {
	var document described
	if err := json.Unmarshal(asyncAPI(t), &document); err != nil {
		t.Fatal(err)
	}
	want, got := map[topics.Name]channel{}, map[topics.Name]channel{}
	for _, stream := range append(topics.Streams(), topics.StoreStream()) {
		if stream.Internal() {
			continue
		}
		retention := stream.Retention.Milliseconds()
		if stream.Retention == topics.Forever {
			retention = -1
		}
		want[stream.Name] = channel{
			slices.Sorted(slices.Values(stream.Types)), stream.Cleanup, retention, stream.MaxMessageBytes,
			stream.Source == "",
		}
	}
	for name, described := range document.Channels {
		config := described.Bindings.Kafka.TopicConfiguration
		c := channel{RetentionMs: config.RetentionMs, MaxMessageBytes: config.MaxMessageBytes}
		c.Cleanup = topics.Cleanup(strings.Join(config.CleanupPolicy, ","))
		for _, message := range described.Messages {
			c.Types = append(c.Types, document.Components.Messages[message.name()].Name)
		}
		slices.Sort(c.Types)
		c.Types = slices.Compact(c.Types)
		for _, operation := range document.Operations {
			if operation.Channel.name() == name {
				c.Written = operation.Action == "send"
			}
		}
		// A parameter has AsyncAPI's own notation.
		got[topics.Name(strings.Replace(described.Address, "{storeId}", topics.StoreIDPlace, 1))] = c
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("channels differ (-table +document):\n%s", diff)
	}
}

// TestAsyncAPIRefersToWhatIsThere follows the references to schemas; the binary ones lead to the data's part.
func TestAsyncAPIRefersToWhatIsThere(t *testing.T) {
	var document described
	if err := json.Unmarshal(asyncAPI(t), &document); err != nil {
		t.Fatal(err)
	}
	for name, message := range document.Components.Messages {
		file, part, isPart := strings.Cut(message.Payload.Schema.Ref, "#/$defs/")
		if want := "./json/" + string(message.Name) + ".schema.json"; file != want {
			t.Errorf("%s refers to %s, not %s", name, file, want)
			continue
		}
		text, err := os.ReadFile(filepath.FromSlash(file))
		if err != nil {
			t.Error(err)
			continue
		}
		root := parsed(t, text)
		data := root["properties"].(map[string]any)["data"].(map[string]any)["$ref"]
		if binary := strings.HasSuffix(name, "Binary"); isPart != binary || binary && data != "#/$defs/"+part {
			t.Errorf("%s refers to %q, the data is %v", name, message.Payload.Schema.Ref, data)
		}
	}
}
