package schemas_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// compiled returns the schema of a type as a validator that also asserts formats.
func compiled(t *testing.T, kind schemas.Type) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	document := parsed(t, schemas.JSONSchema(kind))
	id, _ := document["$id"].(string)
	if want := "/schemas/json/" + string(kind) + ".schema.json"; !strings.HasSuffix(id, want) {
		t.Fatalf("$id %q does not end in %s", id, want)
	}
	if err := compiler.AddResource(id, document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func parsed(t *testing.T, text []byte) map[string]any {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	object, is := document.(map[string]any)
	if !is {
		t.Fatalf("%.40s is no object", text)
	}
	return object
}

func TestExamplesAreValid(t *testing.T) {
	for _, kind := range schemas.Types() {
		schema := compiled(t, kind)
		for _, e := range examples(t, kind) {
			t.Run(string(kind)+"/"+e.Name, func(t *testing.T) {
				if err := schema.Validate(parsed(t, e.Event)); err != nil {
					t.Error(err)
				}
				if e.ReadAs == nil {
					return
				}
				if err := schema.Validate(parsed(t, e.ReadAs)); err != nil {
					t.Errorf("as it is read: %v", err)
				}
			})
		}
	}
}

// TestSchemasBite takes each member that is required out of an example, and each text and number to another type.
func TestSchemasBite(t *testing.T) {
	for _, kind := range schemas.Types() {
		schema, event := compiled(t, kind), parsed(t, examples(t, kind)[0].Event)
		for _, object := range []map[string]any{event, event["data"].(map[string]any)} {
			for name, value := range maps.Clone(object) {
				object[name] = []any{map[string]any{}}
				if schema.Validate(event) == nil {
					t.Errorf("%s: %s may be anything", kind, name)
				}
				object[name] = value
			}
		}
		for _, name := range []string{"specversion", "id", "source", "type", "data"} {
			value := event[name]
			delete(event, name)
			if schema.Validate(event) == nil {
				t.Errorf("%s: %s may be missing", kind, name)
			}
			event[name] = value
		}
	}
}

func TestJSONSchemaKnowsItsTypesOnly(t *testing.T) {
	for _, kind := range []schemas.Type{"", "campaign.archived", "../event", "campaign.created.schema.json"} {
		if schemas.JSONSchema(kind) != nil {
			t.Errorf("%q has a schema", kind)
		}
	}
	files, err := os.ReadDir("json")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(schemas.Types()) {
		t.Errorf("there are %d schemas of %d types", len(files), len(schemas.Types()))
	}
}

// TestSchemasShareTheirParts keeps the parts that stand in several schemas, so that each is whole, from drifting.
func TestSchemasShareTheirParts(t *testing.T) {
	first := map[string]any{}
	for _, kind := range schemas.Types() {
		parts, _ := parsed(t, schemas.JSONSchema(kind))["$defs"].(map[string]any)
		for name, part := range parts {
			if other, is := first[name]; is && !cmp.Equal(other, part) {
				t.Errorf("%s has another $defs/%s than a schema before it:\n%s", kind, name, cmp.Diff(other, part))
			}
			first[name] = part
		}
	}
}

func TestSchemasStateTheLimits(t *testing.T) {
	created := parsed(t, schemas.JSONSchema(schemas.CampaignCreated))
	paused := parsed(t, schemas.JSONSchema(schemas.CampaignPaused))
	due := parsed(t, schemas.JSONSchema(schemas.TransitionDue))
	play := parsed(t, schemas.JSONSchema(schemas.PlayReported))
	statement := parsed(t, schemas.JSONSchema(schemas.StatementAdjusted))
	registered := parsed(t, schemas.JSONSchema(schemas.DeviceRegistered))
	ack := parsed(t, schemas.JSONSchema(schemas.DeviceAck))
	command := parsed(t, schemas.JSONSchema(schemas.DeviceCommand))
	readiness := parsed(t, schemas.JSONSchema(schemas.CampaignReadiness))
	cases := []struct {
		in   map[string]any
		path string
		want any
	}{
		{created, "$defs/id/pattern", schemas.IDPattern},
		{created, "$defs/store_id/pattern", schemas.StoreIDPattern},
		{created, "$defs/revision/maximum", schemas.IntegerMax},
		{created, "$defs/decimal/maxLength", schemas.DecimalMaxChars},
		{created, "$defs/money/properties/amount/maxLength", schemas.DecimalMaxChars},
		{created, "$defs/money/properties/currency/maxLength", schemas.CurrencyMaxChars},
		{created, "$defs/creative/properties/url/maxLength", schemas.URLMaxChars},
		{created, "$defs/contact/properties/email/maxLength", schemas.EmailMaxChars},
		{created, "$defs/contact/properties/name/maxLength", schemas.NameMaxChars},
		{created, "$defs/contact/properties/locale/maxLength", schemas.LocaleMaxChars},
		{created, "$defs/definition/properties/name/maxLength", schemas.NameMaxChars},
		{created, "$defs/definition/properties/time_zone/maxLength", schemas.ZoneMaxChars},
		{created, "$defs/definition/properties/settlement_grace_seconds/maximum", schemas.SettlementGraceMaxSeconds},
		{created, "$defs/definition/properties/stores/maxItems", schemas.StoresMaxCount},
		{created, "$defs/definition/properties/creatives/maxItems", schemas.CreativesMaxCount},
		{created, "$defs/definition/properties/contacts/maxItems", schemas.ContactsMaxCount},
		{paused, "$defs/change/properties/reason/maxLength", schemas.ChangeReasonMaxChars},
		{due, "$defs/due/properties/transition_id/maxLength", schemas.TransitionIDMaxChars},
		{due, "$defs/due/properties/change_reason/maxLength", schemas.ChangeReasonMaxChars},
		{due, "$defs/tzdb/maxLength", schemas.TZDBMaxChars},
		{play, "$defs/store_id/pattern", schemas.StoreIDPattern},
		{play, "$defs/play/properties/impressions/pattern",
			fmt.Sprintf(`^-?[0-9]{1,%d}(\.[0-9]{1,%d})?$`, schemas.ImpressionsMaxDigits, schemas.ImpressionsMaxDecimals)},
		{statement, "$defs/statement/properties/by_store/maxItems", schemas.StatementLinesMax},
		{statement, "$defs/statement/properties/by_creative/maxItems", schemas.StatementLinesMax},
		{registered, "$defs/registered/properties/time_zone/maxLength", schemas.ZoneMaxChars},
		{registered, "$defs/capabilities/properties/mime/maxItems", schemas.CapabilitiesMaxCount},
		{ack, "$defs/ack/properties/command_id/maxLength", schemas.CommandIDMaxChars},
		{ack, "$defs/ack/properties/playlist_revision/maximum", schemas.IntegerMax},
		{ack, "$defs/ack/properties/missing/maxItems", schemas.MissingMaxCount},
		{ack, "$defs/ack/properties/error/maxLength", schemas.AckErrorMaxChars},
		{command, "$defs/command/properties/command_id/maxLength", schemas.CommandIDMaxChars},
		{command, "$defs/command/properties/attempt/maximum", schemas.IntegerMax},
		{readiness, "$defs/readiness/properties/unready/maxItems", schemas.ReadinessLinesMax},
		{readiness, "$defs/unready_device/properties/reason/maxLength", len("failed: ") + schemas.AckErrorMaxChars},
	}
	for _, c := range cases {
		var node any = c.in
		for step := range strings.SplitSeq(c.path, "/") {
			object, _ := node.(map[string]any)
			node = object[step]
		}
		if fmt.Sprint(node) != fmt.Sprint(c.want) {
			t.Errorf("%s is %v, not %v", c.path, node, c.want)
		}
	}
}

// field is a member as a struct has it.
type field struct {
	kind     reflect.Type
	optional bool
}

// fieldsOf returns the members that a struct is written with, those of embedded structs included.
func fieldsOf(kind reflect.Type) map[string]field {
	all := map[string]field{}
	for f := range kind.Fields() {
		if f.Anonymous {
			maps.Copy(all, fieldsOf(f.Type))
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner == reflect.TypeFor[json.RawMessage]() {
			inner = reflect.TypeFor[schemas.Placed]() // the only raw member is campaign
		}
		all[name] = field{inner, strings.HasPrefix(options, "omit")}
	}
	return all
}

// object is a schema's object with what it refers to drawn in.
type object struct {
	properties map[string]any
	required   []string
}

func objectAt(root, node map[string]any) object {
	node = resolved(root, node)
	found := object{properties: map[string]any{}}
	if properties, is := node["properties"].(map[string]any); is {
		maps.Copy(found.properties, properties)
	}
	names, _ := node["required"].([]any)
	for _, name := range names {
		found.required = append(found.required, name.(string))
	}
	parts, _ := node["allOf"].([]any)
	for _, part := range parts {
		inner := objectAt(root, part.(map[string]any))
		maps.Copy(found.properties, inner.properties)
		found.required = append(found.required, inner.required...)
	}
	return found
}

// resolved follows a reference, and goes through "this or null".
func resolved(root, node map[string]any) map[string]any {
	for {
		if name, is := node["$ref"].(string); is {
			node = root["$defs"].(map[string]any)[strings.TrimPrefix(name, "#/$defs/")].(map[string]any)
			continue
		}
		either, is := node["anyOf"].([]any)
		if !is {
			return node
		}
		node = either[0].(map[string]any)
	}
}

func TestSchemasAndStructsHaveTheSameMembers(t *testing.T) {
	for _, kind := range schemas.Types() {
		root := parsed(t, schemas.JSONSchema(kind))
		compareMembers(t, string(kind), root, root, reflect.TypeOf(eventOf(t, kind)).Elem())
	}
}

func compareMembers(t *testing.T, path string, root, node map[string]any, kind reflect.Type) {
	t.Helper()
	fields, schema := fieldsOf(kind), objectAt(root, node)
	want, got := slices.Sorted(maps.Keys(fields)), slices.Sorted(maps.Keys(schema.properties))
	if !slices.Equal(want, got) {
		t.Errorf("%s: members differ (-struct +schema):\n%s", path, cmp.Diff(want, got))
		return
	}
	for name, f := range fields {
		property := resolved(root, schema.properties[name].(map[string]any))
		if !f.optional && !slices.Contains(schema.required, name) {
			t.Errorf("%s.%s: the struct always has it, the schema does not require it", path, name)
		}
		compareKind(t, path+"."+name, root, property, f.kind)
	}
}

func compareKind(t *testing.T, path string, root, property map[string]any, kind reflect.Type) {
	t.Helper()
	switch {
	case kind == reflect.TypeFor[schemas.Instant]():
		wantType(t, path, property, "string")
	case kind.Kind() == reflect.Struct:
		wantType(t, path, property, "object")
		compareMembers(t, path, root, property, kind)
	case kind.Kind() == reflect.Slice:
		wantType(t, path, property, "array")
		items := resolved(root, property["items"].(map[string]any))
		compareKind(t, path+"[]", root, items, kind.Elem())
	case kind.Kind() == reflect.Map:
		wantType(t, path, property, "object")
		values := resolved(root, property["additionalProperties"].(map[string]any))
		compareKind(t, path+"{}", root, values, kind.Elem())
	case kind.Kind() == reflect.String:
		wantType(t, path, property, "string")
	case kind.Kind() == reflect.Bool:
		wantType(t, path, property, "boolean")
	default:
		wantType(t, path, property, "integer")
	}
}

// wantType looks for a JSON type among those that a schema allows, directly or by the values it lists.
func wantType(t *testing.T, path string, property map[string]any, want string) {
	t.Helper()
	if got := typesOf(property); !slices.Contains(got, want) {
		t.Errorf("%s: the schema allows %q, the struct has %s", path, got, want)
	}
}

func typesOf(property map[string]any) []string {
	switch kind := property["type"].(type) {
	case string:
		return []string{kind}
	case []any:
		var all []string
		for _, each := range kind {
			all = append(all, each.(string))
		}
		return all
	}
	values, _ := property["enum"].([]any)
	if value, is := property["const"]; is {
		values = append(values, value)
	}
	var all []string
	for _, value := range values {
		switch value.(type) {
		case string:
			all = append(all, "string")
		case bool:
			all = append(all, "boolean")
		}
	}
	return all
}
