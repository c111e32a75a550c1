package topics

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// refusals has a case for each reason that the decoder gives, each rule, and each input known to be hostile.
func refusals() []refusalCase {
	return slices.Concat(bulkRefusals(), jsonRefusals(), envelopeRefusals(), keyRefusals(), schemaRefusals())
}

type refusalCase struct {
	name    string
	key     string
	value   string
	headers []Header
	reason  schemas.Reason
	detail  string // how it begins
}

func bulkRefusals() []refusalCase {
	created := createdWith("")
	deep := times(`{"a":[`, 5000)
	return []refusalCase{
		{"5 MB of JSON", "c-1", `"` + times("x", 5<<20) + `"`, nil, schemas.TooLarge, "value: "},
		{"5 MB of nothing", "c-1", times("\x00", 5<<20), nil, schemas.TooLarge, "value: "},
		{"a byte over 1 MiB", "c-1", created + times(" ", 1<<20-len(created)+1), nil, schemas.TooLarge, "value: "},
		{"a key over 64 KiB", times("c", 64<<10+1), created, nil, schemas.TooLarge, "key: "},
		{"headers over 256 KiB", "c-1", created, []Header{{"x", bytes.Repeat([]byte("x"), 200<<10)}},
			schemas.TooLarge, "headers: "},
		{"a definition a byte over 512 KiB", "c-1", withData(schemas.CampaignUpdated,
			smallest(times(" ", 512<<10-len(smallest(""))+1))), nil, schemas.TooLarge, "data: "},
		{"a definition over 512 KiB, binary", "c-1", smallest(times(" ", 512<<10)), binaryHeaders(),
			schemas.TooLarge, "data: "},
		{"a definition over 512 KiB goes before its envelope", "c-1", strings.Replace(withData(schemas.CampaignCreated,
			smallest(times(" ", 512<<10))), `"1.0"`, `"9.9"`, 1), nil, schemas.TooLarge, "data: "},
		{"a definition over 512 KiB goes before its depth, binary", "c-1", times("[", 512<<10+1), binaryHeaders(),
			schemas.TooLarge, "data: "},
		{"a definition over 512 KiB goes before its JSON, binary", "c-1", times("x", 512<<10+1), binaryHeaders(),
			schemas.TooLarge, "data: "},
		{"a definition of 512 KiB that is no JSON, binary", "c-1", times("x", 512<<10), binaryHeaders(),
			schemas.Malformed, "value: "},
		{"a change over 512 KiB that is no JSON, binary", "c-1", times("x", 512<<10+1),
			binaryHeaders(Header{"ce_type", []byte("campaign.paused")}), schemas.Malformed, "value: "},
		{"a definition over 512 KiB behind its depth, structured", "c-1", withData(schemas.CampaignCreated,
			times("[", 512<<10)), nil, schemas.TooDeep, "value: "},
		{"a definition over 512 KiB behind its JSON, structured although binary headers are there too", "c-1",
			withData(schemas.CampaignCreated, times("x", 512<<10)),
			binaryHeaders(Header{"content-type", []byte("application/cloudevents+json")}), schemas.Malformed, "value: "},
		{"nesting 33", "c-1", createdWith(`"x":` + times("[", 31) + times("]", 31) + `,`), nil, schemas.TooDeep, "value: "},
		{"nesting 10,000", "c-1", deep + "1" + times(`]}`, 5000), nil, schemas.TooDeep, "value: "},
		{"nesting 10,000 and broken", "c-1", deep, nil, schemas.TooDeep, "value: "},
		{"nesting 10,000 in binary mode", "c-1", times("[", 10000), binaryHeaders(), schemas.TooDeep, "value: "},
	}
}

func jsonRefusals() []refusalCase {
	created := createdWith("")
	malformed := func(name, value, detail string) refusalCase {
		return refusalCase{name, "c-1", value, nil, schemas.Malformed, detail}
	}
	return []refusalCase{
		malformed("a tombstone or an empty value", "", "value: must not be empty"),
		{"a tombstone in binary mode", "c-1", "", binaryHeaders(), schemas.Malformed, "value: must not be empty"},
		malformed("white space alone", " \n", "value: "),
		malformed("no JSON", "hello", "value: "),
		malformed("cut off", created[:len(created)-1], "value: must be a whole JSON text"),
		malformed("something behind it", created+"{}", "value: "),
		malformed("a byte order mark", "\ufeff"+created, "value: "),
		malformed("a name twice in the envelope", strings.Replace(created, "{", `{"id":"e-2",`, 1), "value: must not name"),
		malformed("a name twice in the data", createdWith(`"revision":2,`), "value: must not name"),
		malformed("a name twice, once escaped", createdWith(`"\u0072evision":2,`), "value: must not name"),
		malformed("a name twice in what is ignored", createdWith(`"x":{"a":1,"a":1},`), "value: must not name"),
		malformed("invalid UTF-8", createdWith("\"name\":\"\xff\","), "value: must be valid UTF-8"),
		malformed("half a surrogate pair", createdWith(`"name":"\ud800",`), "value: "),
		malformed("a control character", createdWith("\"name\":\"\x01\","), "value: "),
		malformed("a number that is none", createdWith(`"x":01,`), "value: "),
		malformed("NaN", createdWith(`"x":NaN,`), "value: "),
	}
}

func envelopeRefusals() []refusalCase {
	created := createdWith("")
	malformed := func(name, old, new, detail string) refusalCase {
		if !strings.Contains(created, old) {
			panic("the event has no " + old)
		}
		return refusalCase{name, "c-1", strings.Replace(created, old, new, 1), nil, schemas.Malformed, detail}
	}
	binary := func(name string, header Header, detail string) refusalCase {
		return refusalCase{name, "c-1", smallest(""), binaryHeaders(header), schemas.Malformed, detail}
	}
	return []refusalCase{
		{"an array", "c-1", "[" + created + "]", nil, schemas.Malformed, "value: must be a JSON object"},
		{"null", "c-1", "null", nil, schemas.Malformed, "value: must be a JSON object"},
		malformed("no specversion", `"specversion":"1.0",`, "", "specversion: "),
		malformed("another specversion", `"1.0"`, `"0.3"`, "specversion: "),
		malformed("a number as specversion", `"1.0"`, `1.0`, "specversion: "),
		malformed("no id", `"id":"e-1",`, "", "id: "),
		malformed("an empty id", `"e-1"`, `""`, "id: "),
		malformed("null as id", `"e-1"`, `null`, "id: "),
		malformed("no source", `"source":"s",`, "", "source: "),
		malformed("no type", `"type":"campaign.created",`, "", "type: "),
		malformed("a type that is no text", `"campaign.created"`, `{}`, "type: "),
		malformed("an empty subject", `"id"`, `"subject":"","id"`, "subject: "),
		malformed("a subject that is no text", `"id"`, `"subject":5,"id"`, "subject: "),
		malformed("a time that is none", `"id"`, `"time":"yesterday","id"`, "time: "),
		malformed("data of another kind", `"id"`, `"datacontenttype":"text/xml","id"`, "datacontenttype: "),
		malformed("no data", `"data"`, `"Data"`, "data: "),
		malformed("data in base64", `"data"`, `"data_base64":"e30=","x"`, "data: "),
		{"null as data", "c-1", withData(schemas.CampaignCreated, "null"), nil, schemas.Malformed, "data: "},
		{"a batch", "c-1", "[" + created + "]", []Header{{"content-type", []byte("application/cloudevents-batch+json")}},
			schemas.Malformed, "value: "},
		{"a batch that is none", "c-1", created, []Header{{"content-type", []byte("application/cloudevents-batch")}},
			schemas.Malformed, "content-type: "},
		{"another event format", "c-1", created, []Header{{"content-type", []byte("application/cloudevents+avro")}},
			schemas.Malformed, "content-type: "},
		binary("binary: another specversion", Header{"ce_specversion", []byte("0.3")}, "specversion: "),
		binary("binary: an empty id", Header{"ce_id", nil}, "id: "),
		binary("binary: invalid UTF-8", Header{"ce_source", []byte("\xff")}, "source: "),
		binary("binary: data of another kind", Header{"content-type", []byte("application/avro")}, "datacontenttype: "),
		{"binary: no type", "c-1", smallest(""), binaryHeaders()[:3], schemas.Malformed, "type: "},
		{"binary: null", "c-1", "null", binaryHeaders(), schemas.Malformed, "data: "},
		{"headers of binary mode in capitals", "c-1", smallest(""), []Header{{"CE_SPECVERSION", []byte("1.0")}},
			schemas.Malformed, "specversion: "},
	}
}

func keyRefusals() []refusalCase {
	created := createdWith("")
	return []refusalCase{
		{"an unknown type", "c-1", withData("campaign.archived", smallest("")), nil, schemas.UnknownType, "type: "},
		{"a type of another topic", "c-1", withData(schemas.TransitionDue, smallest("")), nil, schemas.UnknownType, "type: "},
		{"a type in capitals", "c-1", withData("Campaign.Created", smallest("")), nil, schemas.UnknownType, "type: "},
		{"an unknown type goes before the key", "", withData("x", "5"), nil, schemas.UnknownType, "type: "},
		{"an unknown type without data", "c-1", `{"specversion":"1.0","id":"e-1","source":"s","type":"campaign.archived"}`, nil,
			schemas.UnknownType, "type: "},
		{"an unknown type and null as data", "c-1", withData("campaign.archived", "null"), nil, schemas.UnknownType, "type: "},
		{"an unknown type without data, binary", "c-1", "null", binaryHeaders(Header{"ce_type", []byte("campaign.archived")}),
			schemas.UnknownType, "type: "},
		{"the envelope goes before the type", "c-1", `{"specversion":"1.0","id":"e-1","type":"campaign.archived"}`, nil,
			schemas.Malformed, "source: "},
		{"no data goes before the key", "", withData(schemas.CampaignCreated, "null"), nil, schemas.Malformed, "data: "},
		{"no key", "", created, nil, schemas.KeyMismatch, "key: must be there"},
		{"another key", "c-2", created, nil, schemas.KeyMismatch, "key: must equal data.campaign_id"},
		{"another subject", "c-1", strings.Replace(created, "{", `{"subject":"c-2",`, 1), nil, schemas.KeyMismatch,
			"key: must equal subject"},
		{"another subject, binary", "c-1", smallest(""), binaryHeaders(Header{"ce_subject", []byte("c-2")}),
			schemas.KeyMismatch, "key: must equal subject"},
		{"the key goes before the shape", "c-2", pausedWith(`{"campaign_id":"c-1","revision":0}`), nil,
			schemas.KeyMismatch, "key: "},
		{"an id that is no text is left to the shape", "c-2", pausedWith(`{"campaign_id":1,"revision":1}`),
			nil, schemas.BadSchema, "data.campaign_id: "},
		{"no id is left to the shape", "c-1", pausedWith(`{"revision":1}`), nil, schemas.BadSchema,
			"data.campaign_id: is required"},
		{"a change without revision", "c-1", pausedWith(`{"campaign_id":"c-1"}`), nil, schemas.BadSchema,
			"data.revision: is required"},
		{"a reason that is too long", "c-1", pausedWith(`{"campaign_id":"c-1","revision":1,"reason":"` +
			times("x", 1025) + `"}`), nil, schemas.BadSchema, "data.reason: "},
		{"data that is no object", "c-1", withData(schemas.CampaignCreated, `[]`), nil,
			schemas.BadSchema, "data: must be an object"},
		{"data that is a text", "c-1", pausedWith(`"c-1"`), nil, schemas.BadSchema, "data: must be an object"},
	}
}

// wholeDefinition has every member that a definition may have.
const wholeDefinition = `{"campaign_id":"c-1","revision":1,"advertiser_id":"a-1","name":"n","time_zone":"UTC",` +
	`"starts_at":"2026-12-01T05:00:00Z","ends_at":"2026-12-08T05:00:00Z","disambiguation":"later",` +
	`"budget":{"amount":"1","currency":"USD"},"cpm":"2","settlement_grace_seconds":5,"stores":["s-1","s-2"],` +
	`"creatives":[` + wholeCreative + `],"contacts":[{"email":"a@b","name":"m","locale":"en"}]}`

const wholeCreative = `{"creative_id":"cr","version":1,"url":"https://x/y","sha256":"` +
	`9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","bytes":1,"mime":"video/mp4","duration_ms":1}`

// shapeBreach is a change of wholeDefinition that breaks a rule of a field.
type shapeBreach struct{ field, old, new string }

func (b shapeBreach) definition() string {
	if strings.Count(wholeDefinition, b.old) != 1 {
		panic("the whole definition does not have once: " + b.old)
	}
	return strings.Replace(wholeDefinition, b.old, b.new, 1)
}

func times(text string, count int) string { return strings.Repeat(text, count) }

// shapeBreaches has one for each rule of the shape; the JSON Schemas must refuse every one as well.
func shapeBreaches() []shapeBreach {
	return slices.Concat(
		idBreaches(), windowBreaches(), numberBreaches(), listBreaches(), creativeBreaches(), contactBreaches(),
	)
}

func idBreaches() []shapeBreach {
	return []shapeBreach{
		{"campaign_id", `"campaign_id":"c-1",`, ``},
		{"campaign_id", `"c-1"`, `null`},
		{"campaign_id", `"c-1"`, `7`},
		{"advertiser_id", `"advertiser_id":"a-1",`, ``},
		{"advertiser_id", `"a-1"`, `""`},
		{"advertiser_id", `"a-1"`, `"-a"`},
		{"advertiser_id", `"a-1"`, `"a/b"`},
		{"advertiser_id", `"a-1"`, `"ä"`},
		{"advertiser_id", `"a-1"`, `"a\n"`},
		{"advertiser_id", `"a-1"`, `"` + times("a", 129) + `"`},
		{"name", `"n"`, `5`},
		{"name", `"n"`, `"` + times("x", 257) + `"`},
		{"name", `"n"`, `"` + times("€", 257) + `"`},
	}
}

func windowBreaches() []shapeBreach {
	const start, local = `"starts_at":"2026-12-01T05:00:00Z"`, `"starts_at_local":`
	return []shapeBreach{
		{"time_zone", `"time_zone":"UTC",`, ``},
		{"time_zone", `"UTC"`, `""`},
		{"time_zone", `"UTC"`, `"` + times("z", 129) + `"`},
		{"starts_at", start + `,`, ``},
		{"starts_at", start, start + `,` + local + `"2026-12-01T00:00:00"`},
		{"starts_at", `2026-12-01T05:00:00Z`, ``},
		{"starts_at", `2026-12-01T05:00:00Z`, `2026-12-01`},
		{"starts_at", `2026-12-01T05:00:00Z`, `2026-12-01 05:00:00Z`},
		{"starts_at", `2026-12-01T05:00:00Z`, `2026-12-01T05:00:00`},
		{"starts_at", `2026-12-01T05:00:00Z`, `2026-02-30T05:00:00Z`},
		{"starts_at", `2026-12-01T05:00:00Z`, `2026-12-01T05:00:00+00:60`},
		{"starts_at", `"2026-12-01T05:00:00Z"`, `1796101200`},
		{"ends_at", `"ends_at":"2026-12-08T05:00:00Z",`, ``},
		{"ends_at", `"ends_at":`, `"ends_at_local":"2026-12-01T00:00:00","ends_at":`},
		{"starts_at_local", start, local + `""`},
		{"starts_at_local", start, local + `"2026-12-01"`},
		{"starts_at_local", start, local + `"2026-12-01T00:00"`},
		{"starts_at_local", start, local + `"2026-12-01T00:00:00Z"`},
		{"starts_at_local", start, local + `"2026-12-01T0:00:00.0"`},
		{"starts_at_local", start, local + `"2026-13-01T00:00:00"`},
		{"starts_at_local", start, local + `"2026-12-01T00:00:00.0000000000"`},
		{"disambiguation", `"later"`, `""`},
		{"disambiguation", `"later"`, `"Later"`},
		{"disambiguation", `"later"`, `1`},
	}
}

func numberBreaches() []shapeBreach {
	return []shapeBreach{
		{"revision", `"revision":1,`, ``},
		{"revision", `"revision":1`, `"revision":null`},
		{"revision", `"revision":1`, `"revision":0`},
		{"revision", `"revision":1`, `"revision":-1`},
		{"revision", `"revision":1`, `"revision":1.5`},
		{"revision", `"revision":1`, `"revision":"1"`},
		{"revision", `"revision":1`, `"revision":[]`},
		{"revision", `"revision":1`, `"revision":9007199254740992`},
		{"revision", `"revision":1`, `"revision":1E+999999999`},
		{"revision", `"revision":1`, `"revision":1E-999999999`},
		{"budget", `"budget":{"amount":"1","currency":"USD"},`, ``},
		{"budget", `{"amount":"1","currency":"USD"}`, `"1 USD"`},
		{"budget.amount", `"amount":"1",`, ``},
		{"budget.amount", `"amount":"1"`, `"amount":1`},
		{"budget.amount", `"amount":"1"`, `"amount":1E+999999999`},
		{"budget.amount", `"amount":"1"`, `"amount":""`},
		{"budget.currency", `,"currency":"USD"`, ``},
		{"budget.currency", `"USD"`, `840`},
		{"budget.currency", `"USD"`, `"12345678901234567"`},
		{"cpm", `"cpm":"2"`, `"cpm":2`},
		{"cpm", `"cpm":"2"`, `"cpm":""`},
		{"cpm", `"cpm":"2"`, `"cpm":"` + times("1", 65) + `"`},
		{"settlement_grace_seconds", `_seconds":5`, `_seconds":-1`},
		{"settlement_grace_seconds", `_seconds":5`, `_seconds":31622401`},
		{"settlement_grace_seconds", `_seconds":5`, `_seconds":"5"`},
	}
}

func listBreaches() []shapeBreach {
	return []shapeBreach{
		{"stores", `["s-1","s-2"]`, `"s-1"`},
		{"stores", `["s-1","s-2"]`, `{}`},
		{"stores", `["s-1"`, `["s"` + times(`,"s"`, 9_999)},
		{"stores[1]", `"s-2"`, `null`},
		{"stores[1]", `"s-2"`, `"s.2"`},
		{"stores[1]", `"s-2"`, `["s"]`},
		{"creatives", `[` + wholeCreative + `]`, `5`},
		{"creatives", `[` + wholeCreative, `[` + wholeCreative + times(`,`+wholeCreative, 100)},
		{"creatives[1]", wholeCreative, wholeCreative + `,"cr"`},
		{"contacts", `"contacts":[`, `"contacts":[` + times(`{"email":"a@b"},`, 50)},
		{"contacts", `[{"email":"a@b","name":"m","locale":"en"}]`, `{"email":"a@b"}`},
	}
}

func creativeBreaches() []shapeBreach {
	return []shapeBreach{
		{"creatives[0].creative_id", `"cr"`, `".cr"`},
		{"creatives[0].creative_id", `"creative_id":"cr",`, ``},
		{"creatives[0].version", `"version":1`, `"version":0`},
		{"creatives[0].version", `"version":1,`, ``},
		{"creatives[0].url", `"url":"https://x/y",`, ``},
		{"creatives[0].url", `"https://x/y"`, `1`},
		{"creatives[0].url", `https://x/y`, ``},
		{"creatives[0].url", `https://x/y`, `/x/y`},
		{"creatives[0].url", `https://x/y`, `https://x y`},
		{"creatives[0].url", `https://x/y`, `https://x/` + times("y", 2039)},
		{"creatives[0].sha256", `9f86`, `9f8`},
		{"creatives[0].sha256", `9f86`, `9g86`},
		{"creatives[0].sha256", `9f86`, `9f866`},
		{"creatives[0].bytes", `"bytes":1`, `"bytes":0`},
		{"creatives[0].bytes", `"bytes":1`, `"bytes":1E+999999999`},
		{"creatives[0].mime", `video/mp4`, `video`},
		{"creatives[0].mime", `video/mp4`, `/mp4`},
		{"creatives[0].mime", `video/mp4`, `video/mp4; codecs=x`},
		{"creatives[0].duration_ms", `"duration_ms":1`, `"duration_ms":0.5`},
	}
}

func contactBreaches() []shapeBreach {
	return []shapeBreach{
		{"contacts[0].email", `"email":"a@b",`, ``},
		{"contacts[0].email", `a@b`, `a`},
		{"contacts[0].email", `a@b`, `a@`},
		{"contacts[0].email", `a@b`, `a@b@c`},
		{"contacts[0].email", `a@b`, `a@b\r\nBcc: c@d`},
		{"contacts[0].email", `a@b`, times("a", 253) + `@b`},
		{"contacts[0].name", `"m"`, `{}`},
		{"contacts[0].name", `"m"`, `"` + times("x", 257) + `"`},
		{"contacts[0].locale", `"en"`, `""`},
		{"contacts[0].locale", `"en"`, `"en_US"`},
		{"contacts[0].locale", `"en"`, `"englishlang"`},
	}
}

func schemaRefusals() []refusalCase {
	var all []refusalCase
	for i, b := range shapeBreaches() {
		all = append(all, refusalCase{
			fmt.Sprintf("shape %d: %s", i, b.field), "c-1", withData(schemas.CampaignCreated, b.definition()), nil,
			schemas.BadSchema, "data." + b.field + ": ",
		})
	}
	return all
}
