package topics

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// The JSON Schemas and the decoder state the same shape twice: once for others, once for speed. Where they differ, it
// is on purpose:
//
//   - The key, unknown types, size, depth and names that come twice are the decoder's alone.
//   - A day that the month does not have: the decoder always refuses it, a schema only in an instant, and only in a
//     validator that asserts formats, as here.
//   - An instant of a play or a device that leaves the years 0000 to 9999 once it is in UTC: a schema cannot reckon.
//   - The decoder reads numbers as RFC 8785 does, as doubles. Integers beyond 17 digits are rounded before they are
//     compared; a validator with exact numbers may judge otherwise within that rounding.

// shapes returns the schemas of all types.
func shapes(t testing.TB) map[schemas.Type]*jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	all := map[schemas.Type]*jsonschema.Schema{}
	for _, kind := range schemas.Types() {
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemas.JSONSchema(kind)))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiler.AddResource(string(kind), document); err != nil {
			t.Fatal(err)
		}
		if all[kind], err = compiler.Compile(string(kind)); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func isValid(t testing.TB, schema *jsonschema.Schema, text string) bool {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return schema.Validate(document) == nil
}

func TestSchemaRefusesTheShapesThatTheDecoderRefuses(t *testing.T) {
	schema := shapes(t)[schemas.CampaignCreated]
	if !isValid(t, schema, withData(schemas.CampaignCreated, wholeDefinition)) {
		t.Fatal("the schema refuses the whole definition")
	}
	for _, b := range shapeBreaches() {
		if strings.Contains(b.new, "999999999") {
			continue // the validator's exact numbers would take a gigabyte
		}
		if isValid(t, schema, withData(schemas.CampaignCreated, b.definition())) {
			t.Errorf("%s: the schema allows %.80s in place of %.80s", b.field, b.new, b.old)
		}
	}
}

// example is a frozen event of schemas/testdata.
type example struct {
	Name, Key string
	Event     json.RawMessage
}

func frozen(t testing.TB, kind schemas.Type) []example {
	t.Helper()
	text, err := os.ReadFile("../schemas/testdata/" + string(kind) + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var all []example
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDecoderTakesTheFrozenExamples(t *testing.T) {
	for _, kind := range schemas.Types() {
		for _, e := range frozen(t, kind) {
			t.Run(string(kind)+"/"+e.Name, func(t *testing.T) {
				if isDefinition(kind) || isChange(kind) {
					if event, refusal := DecodeCampaignEvent([]byte(e.Key), e.Event, nil); refusal != nil || event.Type != kind {
						t.Errorf("got %+v, %+v", event, refusal)
					}
				}
				switch kind {
				case schemas.PlayReported:
					if event, refusal := DecodePlay([]byte(e.Key), e.Event, nil); refusal != nil || event.Play == nil {
						t.Errorf("got %+v, %+v", event, refusal)
					}
				case schemas.DeviceRegistered, schemas.DeviceRemoved:
					if event, refusal := DecodeDeviceEvent([]byte(e.Key), e.Event, nil); refusal != nil || event.Kind != kind {
						t.Errorf("got %+v, %+v", event, refusal)
					}
				case schemas.DeviceAck:
					if event, refusal := DecodeDeviceAck([]byte(e.Key), e.Event, nil); refusal != nil || event.Ack == nil {
						t.Errorf("got %+v, %+v", event, refusal)
					}
				case schemas.DeviceCommand:
					checkExample(t, e, DecodeCommand, EncodeCommand)
				case schemas.TransitionDue:
					checkExample(t, e, DecodeDue, EncodeDue)
				case schemas.TransitionApplied:
					checkExample(t, e, DecodeApplied, EncodeApplied)
				}
			})
		}
	}
}

func checkExample[D any](
	t *testing.T, e example,
	decode func([]byte) (*schemas.Event[D], *Refusal), encode func(*schemas.Event[D]) ([]byte, error),
) {
	t.Helper()
	event, refusal := decode(e.Event)
	if refusal != nil {
		t.Fatal(*refusal)
	}
	written, err := encode(event)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := canonical(t, string(written)), canonical(t, string(e.Event)); got != want {
		t.Errorf("written again it is\n%s\nnot\n%s", got, want)
	}
}

// place is where a value stands in an event: an object and a name, or an array and an index.
type place struct {
	object map[string]any
	name   string
	array  []any
	index  int
}

func (p place) get() any {
	if p.object != nil {
		return p.object[p.name]
	}
	return p.array[p.index]
}

func (p place) set(value any) {
	if p.object != nil {
		p.object[p.name] = value
		return
	}
	p.array[p.index] = value
}

// placesIn returns every place in a value, in a fixed order.
func placesIn(value any) (all []place) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			all = append(append(all, place{object: v, name: name}), placesIn(v[name])...)
		}
	case []any:
		for i := range v {
			all = append(append(all, place{array: v, index: i}), placesIn(v[i])...)
		}
	}
	return all
}

// drawValue draws what may be put anywhere: texts of all the kinds that stand in events, at the limits of them.
func drawValue(t *rapid.T) any {
	repeated := func(s string, counts ...int) any {
		return strings.Repeat(s, rapid.SampledFrom(counts).Draw(t, "times"))
	}
	switch rapid.IntRange(0, 6).Draw(t, "kind of value") {
	case 0:
		return rapid.SampledFrom([]any{
			nil, true, false, []any{}, map[string]any{}, []any{nil}, []any{"s-1", ""}, map[string]any{"email": "a@b"},
		}).Draw(t, "value")
	case 1:
		return json.Number(rapid.SampledFrom([]string{
			"0", "-0", "1", "-1", "1.0", "1e0", "10E-1", "0.5", "31622400", "31622401", "9007199254740991",
			"9007199254740992", "1e15", "1e20",
		}).Draw(t, "number"))
	case 2:
		return repeated("a", 0, 1, 8, 9, 16, 17, 64, 65, 128, 129, 254, 255, 256, 257, 1024, 1025, 2048, 2049)
	case 3:
		return repeated("é😀", 1, 64, 65, 128, 129, 512, 513)
	case 4:
		return rapid.StringMatching(
			`([0-9]{4}-[01][0-9]-[0-2][0-8]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\.[0-9]{1,10})?(Z|z|[+-][0-2][0-9]:[0-6][0-9])?)`,
		).Draw(t, "instant")
	case 5:
		return rapid.SampledFrom([]any{
			"1.0", "campaign.updated", "campaign.paused", "application/json", "text/JSON ; charset=utf-8", "a/b+json",
			"json", "a/xjson",
			"compatible", "later", "en-US", "en_US", "a@b", "a@b@c", "a b@c", "https://x", "x:", ":x", "x: y", "video/mp4",
			"/", "a/", "a/b;c",
			"c-1", ".c", "c.d", "c_d", "c/d", "2026-12-01T00:00:00", "2026-12-01T00:00", "2026-12-01T1:00:00.5",
			"2026-12-01T00:00:00,5",
			"2026-02-30T00:00:00Z", "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00+00:01",
			"12.5", "-0", "-12.5", "+1", "1.", ".5", "1e3", "1E3", "NaN", "Infinity", "-Infinity", "-", "--1", "1.2.3", "0x1", "1_0",
			"00.00", "٣", strings.Repeat("9", 30) + "." + strings.Repeat("9", 12), "-" + strings.Repeat("9", 31),
			"0." + strings.Repeat("9", 13), "play.reported", "device.registered", "device.removed", "device.ack", "received", "ready", "Ready",
			strings.Repeat("a", 127) + "/" + strings.Repeat("b", 127), strings.Repeat("a", 128) + "/b", strings.Repeat("a", 243) + "@example.org", "\u0000", "a\n", " ",
		}).Draw(t, "text")
	}
	return rapid.StringN(0, 20, -1).Draw(t, "any text")
}

// mutate changes an event at one or two places.
func mutate(t *rapid.T, event map[string]any) {
	for range rapid.IntRange(1, 2).Draw(t, "changes") {
		all := placesIn(event)
		at := rapid.SampledFrom(all).Draw(t, "place")
		switch rapid.IntRange(0, 4).Draw(t, "change") {
		case 0:
			if at.object != nil {
				delete(at.object, at.name)
			}
		case 1:
			if at.object != nil {
				at.object[strings.ToUpper(at.name)] = at.get()
			}
		case 2:
			if list, is := at.get().([]any); is && len(list) > 0 {
				count := rapid.SampledFrom([]int{2, 50, 51, 100, 101, 1000, 1001}).Draw(t, "count")
				at.set(slices.Repeat(list[:1], count))
			}
		case 3:
			if data, is := event["data"].(map[string]any); is {
				name := rapid.SampledFrom([]string{
					"starts_at", "starts_at_local", "ends_at", "ends_at_local", "disambiguation", "cpm", "x", "reason",
					"capabilities", "missing", "error", "device_time",
				}).Draw(t, "member")
				data[name] = drawValue(t)
			}
		default:
			at.set(drawValue(t))
		}
	}
}

func TestSchemaAndDecoderAgree(t *testing.T) {
	var bases []example
	for _, kind := range []schemas.Type{schemas.CampaignCreated, schemas.CampaignUpdated, schemas.CampaignPaused} {
		bases = append(bases, frozen(t, kind)...)
	}
	checkVerdicts(t, bases, func(key, value []byte) *Refusal {
		_, refusal := DecodeCampaignEvent(key, value, nil)
		return refusal
	})
}

func TestSchemaAndDecoderOfPlaysAgree(t *testing.T) {
	checkVerdicts(t, frozen(t, schemas.PlayReported), func(key, value []byte) *Refusal {
		_, refusal := DecodePlay(key, value, nil)
		return refusal
	})
}

func TestSchemaAndDecoderOfDevicesAgree(t *testing.T) {
	bases := append(frozen(t, schemas.DeviceRegistered), frozen(t, schemas.DeviceRemoved)...)
	checkVerdicts(t, bases, func(key, value []byte) *Refusal {
		_, refusal := DecodeDeviceEvent(key, value, nil)
		return refusal
	})
}

func TestSchemaAndDecoderOfAcksAgree(t *testing.T) {
	checkVerdicts(t, frozen(t, schemas.DeviceAck), func(key, value []byte) *Refusal {
		_, refusal := DecodeDeviceAck(key, value, nil)
		return refusal
	})
}

// checkVerdicts changes examples, and wants the decoder of their topic to judge them as their schema does.
func checkVerdicts(t *testing.T, bases []example, decode func(key, value []byte) *Refusal) {
	t.Helper()
	schemaOf := shapes(t)
	const variants = 20 // of an example in each check
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.SampledFrom(bases).Draw(t, "example")
		for range variants {
			decoder := json.NewDecoder(bytes.NewReader(base.Event))
			decoder.UseNumber()
			event := map[string]any{}
			if err := decoder.Decode(&event); err != nil {
				t.Fatal(err)
			}
			mutate(t, event)
			compareVerdicts(t, schemaOf, base.Key, event, decode)
		}
	})
}

func compareVerdicts(
	t *rapid.T, schemaOf map[schemas.Type]*jsonschema.Schema, key string, event map[string]any, decode func(key, value []byte) *Refusal,
) {
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	kind, _ := event["type"].(string)
	schema := schemaOf[schemas.Type(kind)]
	refusal := decode([]byte(key), text)
	if schema == nil || refusal != nil && isDecodersAlone(refusal) {
		return
	}
	if err := schema.Validate(event); (err == nil) != (refusal == nil) {
		t.Fatalf("%s\nschema: %v\ndecoder: %+v", text, err, refusal)
	}
}

// isDecodersAlone says whether a refusal is of a kind that a schema cannot judge.
func isDecodersAlone(refusal *Refusal) bool {
	switch refusal.Reason {
	case schemas.KeyMismatch, schemas.UnknownType:
		return true
	}
	return strings.HasSuffix(refusal.Detail, ruleYears)
}
