package topics

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// The whole data of the events of a device of s-1.
const (
	wholeRegistered = `{"device_id":"d-1","store_id":"s-1","time_zone":"America/New_York","capabilities":{"mime":["video/mp4"]}}`
	wholeRemoved    = `{"device_id":"d-1","store_id":"s-1"}`
)

// timed returns a structured event around data, at the time that playlists are ordered by.
func timed(kind schemas.Type, data string) string {
	return strings.Replace(withData(kind, data), `{`, `{"time":"2026-11-23T08:00:00Z",`, 1)
}

// once returns a text in which another, which it has once, is replaced.
func once(text, old, new string) string {
	if strings.Count(text, old) != 1 {
		panic(text + " does not have once: " + old)
	}
	return strings.Replace(text, old, new, 1)
}

func registeredWith(old, new string) string {
	return once(timed(schemas.DeviceRegistered, wholeRegistered), old, new)
}

func storeHeaders(kind schemas.Type, more ...Header) []Header {
	return binaryHeaders(append([]Header{{"ce_type", []byte(kind)}, {"ce_subject", []byte("s-1")}}, more...)...)
}

func TestDecodeDeviceEventReadsBothKinds(t *testing.T) {
	at := *instant(t, "2026-11-23T08:00:00Z")
	registered := &schemas.Registered{
		DeviceID: "d-1", StoreID: "s-1", TimeZone: "America/New_York", Capabilities: &schemas.Capabilities{MIME: []string{"video/mp4"}},
	}
	removed := &schemas.Removed{DeviceID: "d-1", StoreID: "s-1"}
	for _, c := range []struct {
		data string
		want DeviceEvent
	}{
		{wholeRegistered, DeviceEvent{ID: "e-1", Kind: schemas.DeviceRegistered, Time: at, Registered: registered}},
		{wholeRemoved, DeviceEvent{ID: "e-1", Kind: schemas.DeviceRemoved, Time: at, Removed: removed}},
	} {
		structured, refusal := DecodeDeviceEvent([]byte("s-1"), []byte(timed(c.want.Kind, c.data)), nil)
		if refusal != nil {
			t.Fatal(*refusal)
		}
		binary, refusal := DecodeDeviceEvent([]byte("s-1"), []byte(c.data), storeHeaders(c.want.Kind))
		if refusal != nil {
			t.Fatal(*refusal)
		}
		for mode, event := range map[string]DeviceEvent{"structured": structured, "binary": binary} {
			if diff := cmp.Diff(c.want, event); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", c.want.Kind, mode, diff)
			}
			if event.DeviceID() != "d-1" || event.StoreID() != "s-1" {
				t.Errorf("it is about %s in %s", event.DeviceID(), event.StoreID())
			}
		}
	}
}

// What a device can play is a list, or is not said: an empty list is not the same as none.
func TestCapabilitiesThatAreEmptyAreNotNone(t *testing.T) {
	for listed, want := range map[string]*schemas.Capabilities{
		`{"mime":["video/mp4"]}`: {MIME: []string{"video/mp4"}}, `{"mime":[]}`: {}, `null`: nil,
	} {
		event, refusal := DecodeDeviceEvent([]byte("s-1"), []byte(registeredWith(`{"mime":["video/mp4"]}`, listed)), nil)
		if refusal != nil {
			t.Fatal(*refusal)
		}
		if diff := cmp.Diff(want, event.Registered.Capabilities); diff != "" {
			t.Errorf("%s (-want +got):\n%s", listed, diff)
		}
	}
}

// deviceAcceptances are events of s-1 that are unusual and yet in order.
func deviceAcceptances() []acceptance {
	registered := func(name, old, new string) acceptance { return acceptance{name, registeredWith(old, new), nil} }
	return []acceptance{
		registered("no time zone", `"time_zone":"America/New_York",`, ``),
		registered("an empty time zone", `"America/New_York"`, `""`),
		registered("a time zone that there is not", `"America/New_York"`, `"é"`),
		registered("nothing said of what it can play", `,"capabilities":{"mime":["video/mp4"]}`, ``),
		registered("null capabilities", `{"mime":["video/mp4"]}`, `null`),
		registered("a media type twice", `"video/mp4"`, `"video/mp4","video/mp4"`),
		registered("the most media types", `["video/mp4"]`, `["a/b"`+times(`,"a/b"`, 99)+`]`),
		registered("the longest media type", `video/mp4`, times("a", 127)+"/"+times("b", 127)),
		registered("the first time that can be written", `2026-11-23T08:00:00Z`, `0000-01-01T00:00:00Z`),
		registered("the last one, at an offset", `2026-11-23T08:00:00Z`, `9999-12-31T23:59:59.9999+00:00`),
		registered("the start of 1970", `2026-11-23T08:00:00Z`, `1970-01-01T00:00:00Z`),
		registered("unknown members", `{"device_id"`, `{"volume":7,"STORE_ID":"other","device_id"`),
		registered("nesting 32", `{"device_id"`, `{"x":`+times("[", 30)+times("]", 30)+`,"device_id"`),
		registered("an escape in the id of the store", `"s-1"`, `"\u0073-1"`),
		{"removed", timed(schemas.DeviceRemoved, wholeRemoved), nil},
		{"binary", wholeRegistered, storeHeaders(schemas.DeviceRegistered)},
		{"binary, removed", wholeRemoved, storeHeaders(schemas.DeviceRemoved)},
	}
}

func TestDecodeDeviceEventAccepts(t *testing.T) {
	for _, c := range deviceAcceptances() {
		t.Run(c.name, func(t *testing.T) {
			event, refusal := DecodeDeviceEvent([]byte("s-1"), []byte(c.value), c.headers)
			if refusal != nil {
				t.Fatal(*refusal)
			}
			if event.StoreID() != "s-1" || event.DeviceID() != "d-1" || (event.Registered == nil) == (event.Removed == nil) {
				t.Errorf("got %+v", event)
			}
		})
	}
}

// deviceBreaches has one for each rule of the shape; the JSON Schema must refuse every one as well, but for the years.
func deviceBreaches() []shapeBreach {
	return []shapeBreach{
		{"time", `"time":"2026-11-23T08:00:00Z",`, ``},
		{"time", `"2026-11-23T08:00:00Z"`, `null`},
		{"data.device_id", `"device_id":"d-1",`, ``},
		{"data.device_id", `"d-1"`, `null`},
		{"data.device_id", `"d-1"`, `""`},
		{"data.device_id", `"d-1"`, `"d/1"`},
		{"data.device_id", `"d-1"`, `"` + times("d", 129) + `"`},
		{"data.device_id", `"d-1"`, `7`},
		{"data.store_id", `"store_id":"s-1",`, ``},
		{"data.store_id", `"s-1"`, `null`},
		{"data.store_id", `"s-1"`, `["s-1"]`},
		{"data.time_zone", `"America/New_York"`, `7`},
		{"data.time_zone", `"America/New_York"`, `"` + times("é", 129) + `"`},
		{"data.capabilities", `{"mime":["video/mp4"]}`, `[]`},
		{"data.capabilities", `{"mime":["video/mp4"]}`, `"video/mp4"`},
		{"data.capabilities.mime", `{"mime":["video/mp4"]}`, `{}`},
		{"data.capabilities.mime", `["video/mp4"]`, `null`},
		{"data.capabilities.mime", `["video/mp4"]`, `"video/mp4"`},
		{"data.capabilities.mime", `["video/mp4"]`, `["a/b"` + times(`,"a/b"`, 100) + `]`},
		{"data.capabilities.mime[0]", `"video/mp4"`, `null`},
		{"data.capabilities.mime[0]", `"video/mp4"`, `"video"`},
		{"data.capabilities.mime[0]", `"video/mp4"`, `"video/*"`},
		{"data.capabilities.mime[0]", `"video/mp4"`, `"video/mp4;codecs=avc1"`},
		{"data.capabilities.mime[0]", `"video/mp4"`, `"` + times("a", 128) + `/b"`},
		{"data.capabilities.mime[1]", `"video/mp4"`, `"video/mp4",""`},
	}
}

// deviceYears are times that cannot be written again, which a schema cannot reckon.
func deviceYears() []shapeBreach {
	return []shapeBreach{
		{"time", `2026-11-23T08:00:00Z`, `0000-01-01T00:00:00+00:01`},
		{"time", `2026-11-23T08:00:00Z`, `9999-12-31T23:59:59-00:01`},
	}
}

func deviceRefusals() []refusalCase {
	registered, kind := timed(schemas.DeviceRegistered, wholeRegistered), schemas.DeviceRegistered
	withoutTime := slices.DeleteFunc(storeHeaders(kind), func(h Header) bool { return h.Key == "ce_time" })
	all := storeRefusals(kind, registered, wholeRegistered)
	all = append(all, []refusalCase{
		{"a type of another topic", "s-1", timed(schemas.DeviceAck, wholeAck), nil,
			schemas.UnknownType, "type: must be a type that device-events carries"},
		{"a time that is none goes before the key", "", registeredWith(`2026-11-23T08:00:00Z`, `2026-11-23`), nil, schemas.Malformed, "time: "},
		{"the key goes before a time that is missing", "s-2", registeredWith(`"time":"2026-11-23T08:00:00Z",`, ``), nil,
			schemas.KeyMismatch, "key: "},
		{"no time", "s-1", withData(kind, wholeRegistered), nil, schemas.BadSchema, "time: is required"},
		{"no time, removed", "s-1", withData(schemas.DeviceRemoved, wholeRemoved), nil, schemas.BadSchema, "time: is required"},
		{"no time, binary", "s-1", wholeRegistered, withoutTime, schemas.BadSchema, "time: is required"},
		{"removed: no device", "s-1", timed(schemas.DeviceRemoved, `{"store_id":"s-1"}`), nil, schemas.BadSchema, "data.device_id: "},
		{"removed: no store", "s-1", timed(schemas.DeviceRemoved, `{"device_id":"d-1"}`), nil, schemas.BadSchema, "data.store_id: "},
		{"removed: a device that is none", "s-1", timed(schemas.DeviceRemoved, `{"device_id":" ","store_id":"s-1"}`), nil,
			schemas.BadSchema, "data.device_id: "},
		{"a store that is none", "s.1", registeredWith(`"s-1"`, `"s.1"`), nil, schemas.BadSchema, "data.store_id: "},
	}...)
	for i, b := range append(deviceBreaches(), deviceYears()...) {
		all = append(all, refusalCase{fmt.Sprintf("shape %d: %s", i, b.field), "s-1", registeredWith(b.old, b.new), nil,
			schemas.BadSchema, b.field + ": "})
	}
	return all
}

// storeRefusals are what an input that is keyed by store refuses, whatever it carries. The event is one of s-1.
func storeRefusals(kind schemas.Type, event, data string) []refusalCase {
	return []refusalCase{
		{"a byte over 1 MiB", "s-1", event + times(" ", 1<<20-len(event)+1), nil, schemas.TooLarge, "value: "},
		{"a key over 64 KiB", times("s", 64<<10+1), event, nil, schemas.TooLarge, "key: "},
		{"headers over 256 KiB", "s-1", event, []Header{{"x", make([]byte, 200<<10)}}, schemas.TooLarge, "headers: "},
		{"nesting 33", "s-1", once(event, `{"d`, `{"x":`+times("[", 31)+times("]", 31)+`,"d`), nil, schemas.TooDeep, "value: "},
		{"a tombstone", "s-1", "", nil, schemas.Malformed, "value: must not be empty"},
		{"a tombstone, binary", "s-1", "", storeHeaders(kind), schemas.Malformed, "value: must not be empty"},
		{"cut off", "s-1", event[:len(event)-1], nil, schemas.Malformed, "value: must be a whole JSON text"},
		{"a name twice", "s-1", once(event, `"store_id"`, `"store_id":"s-2","store_id"`), nil, schemas.Malformed, "value: must not name"},
		{"invalid UTF-8", "s-1", once(event, `{"d`, "{\"x\":\"\xff\",\"d"), nil, schemas.Malformed, "value: must be valid UTF-8"},
		{"no id", "s-1", once(event, `"id":"e-1",`, ``), nil, schemas.Malformed, "id: "},
		{"binary: an empty id", "s-1", data, storeHeaders(kind, Header{"ce_id", nil}), schemas.Malformed, "id: "},
		{"a type of another topic goes before the key", "", createdWith(""), nil, schemas.UnknownType, "type: "},
		{"a type of another topic goes before its size", "s-1", withData(schemas.CampaignCreated, smallest(times(" ", 512<<10))), nil,
			schemas.UnknownType, "type: "},
		{"no data goes before the key", "", withData(kind, "null"), nil, schemas.Malformed, "data: "},
		{"no key", "", event, nil, schemas.KeyMismatch, "key: must be there"},
		{"the device as key", "d-1", event, nil, schemas.KeyMismatch, "key: must equal data.store_id"},
		{"another store as key, binary", "s-2", data, storeHeaders(kind, Header{"ce_subject", []byte("s-2")}),
			schemas.KeyMismatch, "key: must equal data.store_id"},
		{"another subject", "s-1", strings.Replace(event, "{", `{"subject":"d-1",`, 1), nil, schemas.KeyMismatch, "key: must equal subject"},
		{"the key goes before the shape", "s-2", once(event, `"d-1"`, `""`), nil, schemas.KeyMismatch, "key: "},
		{"data that is no object", "s-1", timed(kind, `[]`), nil, schemas.BadSchema, "data: must be an object"},
	}
}

func TestDecodeDeviceEventRefuses(t *testing.T) {
	for _, c := range deviceRefusals() {
		t.Run(c.name, func(t *testing.T) {
			event, refusal := DecodeDeviceEvent([]byte(c.key), []byte(c.value), c.headers)
			c.check(t, refusal)
			if event != (DeviceEvent{}) {
				t.Errorf("beside the refusal came %+v", event)
			}
		})
	}
}

// check wants a refusal to be the one of the case.
func (c refusalCase) check(t *testing.T, refusal *Refusal) {
	t.Helper()
	if refusal == nil {
		t.Fatal("it was accepted")
	}
	if refusal.Reason != c.reason || !strings.HasPrefix(refusal.Detail, c.detail) {
		t.Errorf("got %s (%s), want %s (%s...)", refusal.Reason, refusal.Detail, c.reason, c.detail)
	}
}

func TestDeviceSchemaRefusesTheShapesThatTheDecoderRefuses(t *testing.T) {
	schemaOf := shapes(t)
	for _, b := range deviceBreaches() {
		if isValid(t, schemaOf[schemas.DeviceRegistered], registeredWith(b.old, b.new)) {
			t.Errorf("%s: the schema allows %.80s in place of %.80s", b.field, b.new, b.old)
		}
	}
	for _, c := range deviceAcceptances() {
		kind := schemas.DeviceRegistered
		if c.name == "removed" {
			kind = schemas.DeviceRemoved
		}
		if c.headers == nil && !isValid(t, schemaOf[kind], c.value) {
			t.Errorf("%s: the schema refuses what the decoder takes", c.name)
		}
	}
}

// A dead letter goes on in the trace of what it refuses.
func TestDevicesKeepTheirTraces(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for _, data := range []string{wholeRegistered, `{}`} {
		value := strings.Replace(timed(schemas.DeviceRegistered, data), `{`, `{"traceparent":"`+parent+`",`, 1)
		if event, refusal := DecodeDeviceEvent([]byte("s-1"), []byte(value), nil); !event.Trace.Given() || (refusal == nil) == (data == `{}`) {
			t.Errorf("%s: trace %v beside %+v", data, event.Trace, refusal)
		}
	}
	for _, data := range []string{wholeAck, `{}`} {
		value := strings.Replace(withData(schemas.DeviceAck, data), `{`, `{"traceparent":"`+parent+`",`, 1)
		if event, refusal := DecodeDeviceAck([]byte("s-1"), []byte(value), nil); !event.Trace.Given() || (refusal == nil) == (data == `{}`) {
			t.Errorf("%s: trace %v beside %+v", data, event.Trace, refusal)
		}
	}
}
