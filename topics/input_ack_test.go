package topics

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// wholeAck is the data of an ack of a device of s-1.
const wholeAck = `{"command_id":"d-1/1796101200021","device_id":"d-1","store_id":"s-1","playlist_revision":1796101200021,` +
	`"status":"failed","missing":["cr-1","cr-2"],"error":"disk-full","device_time":"2026-11-23T07:58:31.007Z"}`

// ackWith replaces a text of the data.
func ackWith(old, new string) string { return withData(schemas.DeviceAck, once(wholeAck, old, new)) }

func TestDecodeDeviceAckReadsAnAck(t *testing.T) {
	want := AckEvent{ID: "e-1", Ack: &schemas.Ack{
		CommandID: "d-1/1796101200021", DeviceID: "d-1", StoreID: "s-1", PlaylistRevision: 1796101200021, Status: schemas.AckFailed,
		Missing: []string{"cr-1", "cr-2"}, Error: "disk-full", DeviceTime: instant(t, "2026-11-23T07:58:31.007Z"),
	}}
	structured, refusal := DecodeDeviceAck([]byte("s-1"), []byte(withData(schemas.DeviceAck, wholeAck)), nil)
	if refusal != nil {
		t.Fatal(*refusal)
	}
	binary, refusal := DecodeDeviceAck([]byte("s-1"), []byte(wholeAck), storeHeaders(schemas.DeviceAck))
	if refusal != nil {
		t.Fatal(*refusal)
	}
	for mode, event := range map[string]AckEvent{"structured": structured, "binary": binary} {
		if diff := cmp.Diff(want, event); diff != "" {
			t.Errorf("%s (-want +got):\n%s", mode, diff)
		}
	}
}

// ackAcceptances are acks of s-1 that are unusual and yet in order.
func ackAcceptances() []acceptance {
	ack := func(name, old, new string) acceptance { return acceptance{name, ackWith(old, new), nil} }
	return []acceptance{
		ack("received", `"failed"`, `"received"`),
		ack("downloading", `"failed"`, `"downloading"`),
		ack("ready, though something is missing", `"failed"`, `"ready"`),
		ack("a status with an escape", `"failed"`, `"\u0066ailed"`),
		ack("nothing said of what is missing", `"missing":["cr-1","cr-2"],`, ``),
		ack("nothing missing", `["cr-1","cr-2"]`, `[]`),
		ack("null for what is missing", `["cr-1","cr-2"]`, `null`),
		ack("the same twice", `["cr-1","cr-2"]`, `["cr-1","cr-1"]`),
		ack("the most that can be missing", `["cr-1","cr-2"]`, `["c"`+times(`,"c"`, 999)+`]`),
		ack("no error", `"error":"disk-full",`, ``),
		ack("an empty error", `"disk-full"`, `""`),
		ack("the longest error", `"disk-full"`, `"`+times("é", 256)+`"`),
		ack("a clock that is years off", `2026-11-23T07:58:31.007Z`, `1970-01-01T00:00:00Z`),
		ack("no clock", `,"device_time":"2026-11-23T07:58:31.007Z"`, ``),
		ack("the id of another command", `"d-1/1796101200021"`, `"x"`),
		ack("the longest id of a command", `"d-1/1796101200021"`, `"`+times("x", 145)+`"`),
		ack("the first revision", `:1796101200021`, `:1`),
		ack("the last one", `:1796101200021`, `:9007199254740991`),
		ack("a revision in another notation", `:1796101200021`, `:1.0e3`),
		ack("unknown members", `{"command_id"`, `{"free_bytes":7,"STATUS":"x","command_id"`),
		{"binary", wholeAck, storeHeaders(schemas.DeviceAck)},
	}
}

func TestDecodeDeviceAckAccepts(t *testing.T) {
	for _, c := range ackAcceptances() {
		t.Run(c.name, func(t *testing.T) {
			event, refusal := DecodeDeviceAck([]byte("s-1"), []byte(c.value), c.headers)
			if refusal != nil {
				t.Fatal(*refusal)
			}
			if event.Ack.StoreID != "s-1" || event.Ack.DeviceID != "d-1" {
				t.Errorf("got %+v", event.Ack)
			}
		})
	}
}

// ackBreaches has one for each rule of the shape; the JSON Schema must refuse every one as well, but for the years.
func ackBreaches() []shapeBreach {
	const revision, lacking, clock = `:1796101200021`, `["cr-1","cr-2"]`, `"2026-11-23T07:58:31.007Z"`
	return []shapeBreach{
		{"command_id", `"command_id":"d-1/1796101200021",`, ``},
		{"command_id", `"d-1/1796101200021"`, `""`},
		{"command_id", `"d-1/1796101200021"`, `7`},
		{"command_id", `"d-1/1796101200021"`, `"` + times("x", 146) + `"`},
		{"device_id", `"device_id":"d-1",`, ``},
		{"device_id", `"d-1"`, `"-d"`},
		{"device_id", `"d-1"`, `{}`},
		{"store_id", `"store_id":"s-1",`, ``},
		{"store_id", `"s-1"`, `7`},
		{"playlist_revision", `"playlist_revision":1796101200021,`, ``},
		{"playlist_revision", revision, `:null`},
		{"playlist_revision", revision, `:0`},
		{"playlist_revision", revision, `:-1`},
		{"playlist_revision", revision, `:0.5`},
		{"playlist_revision", revision, `:"1796101200021"`},
		{"playlist_revision", revision, `:9007199254740992`},
		{"status", `"status":"failed",`, ``},
		{"status", `"failed"`, `null`},
		{"status", `"failed"`, `""`},
		{"status", `"failed"`, `"Failed"`},
		{"status", `"failed"`, `"unreachable"`},
		{"status", `"failed"`, `["failed"]`},
		{"missing", lacking, `"cr-1"`},
		{"missing", lacking, `{}`},
		{"missing", lacking, `["c"` + times(`,"c"`, 1000) + `]`},
		{"missing[1]", lacking, `["cr-1",null]`},
		{"missing[0]", lacking, `["cr/1"]`},
		{"error", `"disk-full"`, `28`},
		{"error", `"disk-full"`, `"` + times("é", 257) + `"`},
		{"device_time", clock, `1796101200021`},
		{"device_time", clock, `"2026-11-23T07:58:31"`},
		{"device_time", clock, `""`},
	}
}

// ackYears are instants that cannot be written again, which a schema cannot reckon.
func ackYears() []shapeBreach {
	return []shapeBreach{
		{"device_time", `2026-11-23T07:58:31.007Z`, `0000-01-01T00:00:00+00:01`},
		{"device_time", `2026-11-23T07:58:31.007Z`, `9999-12-31T23:59:59-00:01`},
	}
}

func ackRefusals() []refusalCase {
	all := storeRefusals(schemas.DeviceAck, withData(schemas.DeviceAck, `{"device_id":"d-1",`+`"store_id":"s-1"}`), wholeAck)
	all = append(all, refusalCase{"a type of another topic", "s-1", timed(schemas.DeviceRemoved, wholeRemoved), nil,
		schemas.UnknownType, "type: must be a type that device-acks carries"},
		refusalCase{"a store that is none", "s_1", ackWith(`"s-1"`, `"s_1"`), nil, schemas.BadSchema, "data.store_id: "})
	for i, b := range append(ackBreaches(), ackYears()...) {
		all = append(all, refusalCase{fmt.Sprintf("shape %d: %s", i, b.field), "s-1", ackWith(b.old, b.new), nil,
			schemas.BadSchema, "data." + b.field + ": "})
	}
	return all
}

func TestDecodeDeviceAckRefuses(t *testing.T) {
	for _, c := range ackRefusals() {
		t.Run(c.name, func(t *testing.T) {
			event, refusal := DecodeDeviceAck([]byte(c.key), []byte(c.value), c.headers)
			c.check(t, refusal)
			if event != (AckEvent{}) {
				t.Errorf("beside the refusal came %+v", event)
			}
		})
	}
}

func TestAckSchemaRefusesTheShapesThatTheDecoderRefuses(t *testing.T) {
	schema := shapes(t)[schemas.DeviceAck]
	for _, b := range ackBreaches() {
		if isValid(t, schema, ackWith(b.old, b.new)) {
			t.Errorf("%s: the schema allows %.80s in place of %.80s", b.field, b.new, b.old)
		}
	}
	for _, c := range ackAcceptances() {
		if c.headers == nil && !isValid(t, schema, c.value) {
			t.Errorf("%s: the schema refuses what the decoder takes", c.name)
		}
	}
}
