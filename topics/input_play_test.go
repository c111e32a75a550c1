package topics

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// wholePlay is the data of a play of c-1.
const wholePlay = `{"play_id":"p-1","campaign_id":"c-1","creative_id":"cr","device_id":"d-1","store_id":"s-1",` +
	`"started_at":"2026-12-01T09:30:00Z","ended_at":"2026-12-01T09:30:15Z","impressions":"12.5"}`

// playWith returns an event around the whole play with one text replaced.
func playWith(old, new string) string {
	if strings.Count(wholePlay, old) != 1 {
		panic("the whole play does not have once: " + old)
	}
	return withData(schemas.PlayReported, strings.Replace(wholePlay, old, new, 1))
}

func playHeaders(more ...Header) []Header {
	return binaryHeaders(append([]Header{{"ce_type", []byte("play.reported")}}, more...)...)
}

func TestDecodePlayReadsAPlay(t *testing.T) {
	want := &schemas.Play{
		PlayID: "9f86d081-884c-4d65-9a2f-eaa0c55ad015", CampaignID: "c-1", CreativeID: "cr-1", DeviceID: "device-000417-07",
		StoreID: "store-000417", StartedAt: *instant(t, "2026-12-01T09:30:00Z"), EndedAt: *instant(t, "2026-12-01T09:30:15Z"),
		Impressions: "12.5",
	}
	structured, refusal := DecodePlay([]byte("c-1"), []byte(samplePlay), nil)
	if refusal != nil {
		t.Fatal(*refusal)
	}
	binary, refusal := DecodePlay([]byte("c-1"), []byte(samplePlayData), playHeaders())
	if refusal != nil {
		t.Fatal(*refusal)
	}
	for mode, event := range map[string]PlayEvent{"0b8f4a5e-3d0c-4e58-9a3e-5f1f3c2f7a10": structured, "e-1": binary} {
		if diff := cmp.Diff(PlayEvent{ID: mode, Play: want}, event); diff != "" {
			t.Errorf("event differs (-want +got):\n%s", diff)
		}
	}
}

// playAcceptances are plays of c-1 that are unusual and yet in order.
func playAcceptances() []acceptance {
	play := func(name, old, new string) acceptance { return acceptance{name, playWith(old, new), nil} }
	return []acceptance{
		play("no impressions at all", `"12.5"`, `"0"`),
		play("zeros in front and behind", `"12.5"`, `"0012.50"`),
		play("impressions below zero", `"12.5"`, `"-12.5"`),
		play("a zero with a sign", `"12.5"`, `"-0"`),
		play("the most digits", `"12.5"`, `"-`+times("9", 30)+`.`+times("9", 12)+`"`),
		play("impressions with an escape", `"12.5"`, `"\u00312.5"`),
		play("an end before the start", `09:30:15Z`, `09:29:15Z`),
		play("the first instant that can be written", `2026-12-01T09:30:00Z`, `0000-01-01T00:00:00Z`),
		play("the last one, at an offset", `2026-12-01T09:30:15Z`, `9999-12-31T23:59:59.9999+00:00`),
		play("the start of 1970", `2026-12-01T09:30:00Z`, `1970-01-01T00:00:00Z`),
		play("unknown members", `{`, `{"volume":7,"CAMPAIGN_ID":"other",`),
		play("nesting 32", `{`, `{"x":`+times("[", 30)+times("]", 30)+`,`),
		play("the longest ids", `"p-1"`, `"`+times("p", 128)+`"`),
		play("white space", `,"creative_id"`, " ,\r\n\t \"creative_id\""),
		play("a value of 1 MiB", `{`, `{"x":"`+times("x", 1<<20-len(playWith(`{`, `{"x":"",`)))+`",`),
		{"binary", wholePlay, playHeaders()},
		{"binary, larger than a definition may be", strings.Replace(wholePlay, `{`, `{`+times(" ", 512<<10), 1), playHeaders()},
	}
}

func TestDecodePlayAccepts(t *testing.T) {
	for _, c := range playAcceptances() {
		t.Run(c.name, func(t *testing.T) {
			event, refusal := DecodePlay([]byte("c-1"), []byte(c.value), c.headers)
			if refusal != nil {
				t.Fatal(*refusal)
			}
			if event.Play.CampaignID != "c-1" {
				t.Errorf("got %+v", event.Play)
			}
		})
	}
}

// playBreaches has one for each rule of the shape; the JSON Schema must refuse every one as well, but for the years.
func playBreaches() []shapeBreach {
	const first, second = `2026-12-01T09:30:00Z`, `2026-12-01T09:30:15Z`
	all := []shapeBreach{
		{"play_id", `"play_id":"p-1",`, ``},
		{"play_id", `"p-1"`, `null`},
		{"play_id", `"p-1"`, `""`},
		{"play_id", `"p-1"`, `"p/1"`},
		{"play_id", `"p-1"`, `"` + times("p", 129) + `"`},
		{"campaign_id", `"campaign_id":"c-1",`, ``},
		{"campaign_id", `"c-1"`, `7`},
		{"creative_id", `"creative_id":"cr",`, ``},
		{"creative_id", `"cr"`, `".cr"`},
		{"device_id", `"device_id":"d-1",`, ``},
		{"device_id", `"d-1"`, `["d-1"]`},
		{"store_id", `"store_id":"s-1",`, ``},
		{"store_id", `"s-1"`, `"s.1"`},
		{"store_id", `"s-1"`, `"s_1"`},
		{"started_at", `"started_at":"` + first + `",`, ``},
		{"started_at", `"` + first + `"`, `null`},
		{"started_at", `"` + first + `"`, `1796117400000`},
		{"started_at", first, `2026-12-01T09:30:00`},
		{"started_at", first, `2026-02-30T09:30:00Z`},
		{"ended_at", `"ended_at":"` + second + `",`, ``},
		{"ended_at", second, `2026-12-01`},
		{"impressions", `,"impressions":"12.5"`, ``},
		{"impressions", `"12.5"`, `null`},
		{"impressions", `"12.5"`, `12.5`},
		{"impressions", `"12.5"`, `"` + times("9", 31) + `"`},
		{"impressions", `"12.5"`, `"-` + times("0", 31) + `"`},
		{"impressions", `"12.5"`, `"1.` + times("0", 13) + `"`},
		{"impressions", `"12.5"`, `"` + times("9", 5000) + `"`},
	}
	for _, number := range []string{
		"", "-", "+1", "1.", ".5", "-.5", "1.2.3", "--1", "1-", "1e3", "1E+999999999", "NaN", "-NaN", "Infinity", "-Infinity", "inf",
		"0x1", "1_000", "1,5", " 1", "1 ", "1\\n", "\\u0000", "٣", "½",
	} {
		all = append(all, shapeBreach{"impressions", `"12.5"`, `"` + number + `"`})
	}
	return all
}

// playYears are instants that cannot be written again, which a schema cannot reckon.
func playYears() []shapeBreach {
	return []shapeBreach{
		{"started_at", `2026-12-01T09:30:00Z`, `0000-01-01T00:00:00+00:01`},
		{"ended_at", `2026-12-01T09:30:15Z`, `9999-12-31T23:59:59-00:01`},
	}
}

func playRefusals() []refusalCase {
	play := withData(schemas.PlayReported, wholePlay)
	all := []refusalCase{
		{"a byte over 1 MiB", "c-1", play + times(" ", 1<<20-len(play)+1), nil, schemas.TooLarge, "value: "},
		{"a key over 64 KiB", times("c", 64<<10+1), play, nil, schemas.TooLarge, "key: "},
		{"headers over 256 KiB", "c-1", play, []Header{{"x", make([]byte, 200<<10)}}, schemas.TooLarge, "headers: "},
		{"nesting 33", "c-1", playWith(`{`, `{"x":`+times("[", 31)+times("]", 31)+`,`), nil, schemas.TooDeep, "value: "},
		{"nesting 10,000 and broken", "c-1", times(`{"a":[`, 5000), nil, schemas.TooDeep, "value: "},
		{"a tombstone", "c-1", "", nil, schemas.Malformed, "value: must not be empty"},
		{"a tombstone, binary", "c-1", "", playHeaders(), schemas.Malformed, "value: must not be empty"},
		{"cut off", "c-1", play[:len(play)-1], nil, schemas.Malformed, "value: must be a whole JSON text"},
		{"a name twice", "c-1", playWith(`{`, `{"impressions":"7",`), nil, schemas.Malformed, "value: must not name"},
		{"invalid UTF-8", "c-1", playWith(`{`, "{\"x\":\"\xff\","), nil, schemas.Malformed, "value: must be valid UTF-8"},
		{"no id", "c-1", strings.Replace(play, `"id":"e-1",`, "", 1), nil, schemas.Malformed, "id: "},
		{"binary: an empty id", "c-1", wholePlay, playHeaders(Header{"ce_id", nil}), schemas.Malformed, "id: "},
		{"a type of another topic", "c-1", createdWith(""), nil, schemas.UnknownType, "type: must be a type that plays carries"},
		{"a type of another topic goes before its size", "c-1", withData(schemas.CampaignCreated, smallest(times(" ", 512<<10))), nil,
			schemas.UnknownType, "type: "},
		{"a type of another topic goes before its size, binary", "c-1", smallest(times(" ", 512<<10)), binaryHeaders(),
			schemas.UnknownType, "type: "},
		{"a type of another topic goes before the key", "", createdWith(""), nil, schemas.UnknownType, "type: "},
		{"no data goes before the key", "", withData(schemas.PlayReported, "null"), nil, schemas.Malformed, "data: "},
		{"no key", "", play, nil, schemas.KeyMismatch, "key: must be there"},
		{"the store as key", "s-1", play, nil, schemas.KeyMismatch, "key: must equal data.campaign_id"},
		{"another subject", "c-1", strings.Replace(play, "{", `{"subject":"p-1",`, 1), nil, schemas.KeyMismatch, "key: must equal subject"},
		{"the key goes before the shape", "c-2", playWith(`"12.5"`, `"NaN"`), nil, schemas.KeyMismatch, "key: "},
		{"data that is no object", "c-1", withData(schemas.PlayReported, `[]`), nil, schemas.BadSchema, "data: must be an object"},
	}
	for i, b := range append(playBreaches(), playYears()...) {
		all = append(all, refusalCase{fmt.Sprintf("shape %d: %s", i, b.field), "c-1", playWith(b.old, b.new), nil,
			schemas.BadSchema, "data." + b.field + ": "})
	}
	return all
}

func TestDecodePlayRefuses(t *testing.T) {
	for _, c := range playRefusals() {
		t.Run(c.name, func(t *testing.T) {
			event, refusal := DecodePlay([]byte(c.key), []byte(c.value), c.headers)
			if refusal == nil {
				t.Fatal("it was accepted")
			}
			if refusal.Reason != c.reason || !strings.HasPrefix(refusal.Detail, c.detail) {
				t.Errorf("got %s (%s), want %s (%s...)", refusal.Reason, refusal.Detail, c.reason, c.detail)
			}
			if event != (PlayEvent{}) {
				t.Errorf("beside the refusal came %+v", event)
			}
		})
	}
}

func TestPlaySchemaRefusesTheShapesThatTheDecoderRefuses(t *testing.T) {
	schema := shapes(t)[schemas.PlayReported]
	for _, b := range playBreaches() {
		if isValid(t, schema, playWith(b.old, b.new)) {
			t.Errorf("%s: the schema allows %.80s in place of %.80s", b.field, b.new, b.old)
		}
	}
	for _, c := range playAcceptances() {
		if c.headers == nil && !isValid(t, schema, c.value) {
			t.Errorf("%s: the schema refuses what the decoder takes", c.name)
		}
	}
}

// TestAPlayKeepsItsTrace: a dead letter goes on in the trace of what it refuses.
func TestAPlayKeepsItsTrace(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	traced := func(value string) string {
		return strings.Replace(value, `{`, `{"traceparent":"`+parent+`",`, 1)
	}
	for name, value := range map[string]string{
		"accepted": traced(withData(schemas.PlayReported, wholePlay)), "refused": traced(playWith(`"12.5"`, `"NaN"`)),
	} {
		if event, refusal := DecodePlay([]byte("c-1"), []byte(value), nil); !event.Trace.Given() {
			t.Errorf("%s: no trace beside %+v", name, refusal)
		}
	}
}
