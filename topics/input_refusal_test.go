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
	created := withData(schemas.CampaignCreated, smallest(""))
	deep := strings.Repeat(`{"a":[`, 5000)
	return []refusalCase{
		{"5 MB of JSON", "c-1", `"` + strings.Repeat("x", 5<<20) + `"`, nil, schemas.TooLarge, "value: "},
		{"5 MB of nothing", "c-1", strings.Repeat("\x00", 5<<20), nil, schemas.TooLarge, "value: "},
		{"a byte over 1 MiB", "c-1", created + strings.Repeat(" ", 1<<20-len(created)+1), nil, schemas.TooLarge, "value: "},
		{"a key over 64 KiB", strings.Repeat("c", 64<<10+1), created, nil, schemas.TooLarge, "key: "},
		{"headers over 256 KiB", "c-1", created, []Header{{"x", bytes.Repeat([]byte("x"), 200<<10)}}, schemas.TooLarge, "headers: "},
		{"a definition a byte over 512 KiB", "c-1", withData(schemas.CampaignUpdated,
			smallest(strings.Repeat(" ", 512<<10-len(smallest(""))+1))), nil, schemas.TooLarge, "data: "},
		{"a definition over 512 KiB, binary", "c-1", smallest(strings.Repeat(" ", 512<<10)), binaryHeaders(),
			schemas.TooLarge, "data: "},
		{"a definition over 512 KiB goes before its envelope", "c-1", strings.Replace(withData(schemas.CampaignCreated,
			smallest(strings.Repeat(" ", 512<<10))), `"1.0"`, `"9.9"`, 1), nil, schemas.TooLarge, "data: "},
		{"nesting 33", "c-1", withData(schemas.CampaignCreated, smallest(`"x":`+strings.Repeat("[", 31)+
			strings.Repeat("]", 31)+`,`)), nil, schemas.TooDeep, "value: "},
		{"nesting 10,000", "c-1", deep + "1" + strings.Repeat(`]}`, 5000), nil, schemas.TooDeep, "value: "},
		{"nesting 10,000 and broken", "c-1", deep, nil, schemas.TooDeep, "value: "},
		{"nesting 10,000 in binary mode", "c-1", strings.Repeat("[", 10000), binaryHeaders(), schemas.TooDeep, "value: "},
	}
}

func jsonRefusals() []refusalCase {
	created := withData(schemas.CampaignCreated, smallest(""))
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
		malformed("a name twice in the data", withData(schemas.CampaignCreated, smallest(`"revision":2,`)), "value: must not name"),
		malformed("a name twice, once escaped", withData(schemas.CampaignCreated, smallest(`"\u0072evision":2,`)), "value: must not name"),
		malformed("a name twice in what is ignored", withData(schemas.CampaignCreated, smallest(`"x":{"a":1,"a":1},`)), "value: must not name"),
		malformed("invalid UTF-8", withData(schemas.CampaignCreated, smallest("\"name\":\"\xff\",")), "value: must be valid UTF-8"),
		malformed("half a surrogate pair", withData(schemas.CampaignCreated, smallest(`"name":"\ud800",`)), "value: "),
		malformed("a control character", withData(schemas.CampaignCreated, smallest("\"name\":\"\x01\",")), "value: "),
		malformed("a number that is none", withData(schemas.CampaignCreated, smallest(`"x":01,`)), "value: "),
		malformed("NaN", withData(schemas.CampaignCreated, smallest(`"x":NaN,`)), "value: "),
	}
}

func envelopeRefusals() []refusalCase {
	created := withData(schemas.CampaignCreated, smallest(""))
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
	created := withData(schemas.CampaignCreated, smallest(""))
	return []refusalCase{
		{"an unknown type", "c-1", withData("campaign.archived", smallest("")), nil, schemas.UnknownType, "type: "},
		{"a type of another topic", "c-1", withData(schemas.TransitionDue, smallest("")), nil, schemas.UnknownType, "type: "},
		{"a type in capitals", "c-1", withData("Campaign.Created", smallest("")), nil, schemas.UnknownType, "type: "},
		{"an unknown type goes before the key", "", withData("x", "5"), nil, schemas.UnknownType, "type: "},
		{"no key", "", created, nil, schemas.KeyMismatch, "key: must be there"},
		{"another key", "c-2", created, nil, schemas.KeyMismatch, "key: must equal data.campaign_id"},
		{"another subject", "c-1", strings.Replace(created, "{", `{"subject":"c-2",`, 1), nil, schemas.KeyMismatch,
			"key: must equal subject"},
		{"another subject, binary", "c-1", smallest(""), binaryHeaders(Header{"ce_subject", []byte("c-2")}), schemas.KeyMismatch,
			"key: must equal subject"},
		{"the key goes before the shape", "c-2", withData(schemas.CampaignPaused, `{"campaign_id":"c-1","revision":0}`), nil,
			schemas.KeyMismatch, "key: "},
		{"an id that is no text is left to the shape", "c-2", withData(schemas.CampaignPaused, `{"campaign_id":1,"revision":1}`),
			nil, schemas.BadSchema, "data.campaign_id: "},
		{"no id is left to the shape", "c-1", withData(schemas.CampaignPaused, `{"revision":1}`), nil, schemas.BadSchema,
			"data.campaign_id: is required"},
		{"a change without revision", "c-1", withData(schemas.CampaignPaused, `{"campaign_id":"c-1"}`), nil, schemas.BadSchema,
			"data.revision: is required"},
		{"a reason that is too long", "c-1", withData(schemas.CampaignPaused, `{"campaign_id":"c-1","revision":1,"reason":"`+
			strings.Repeat("x", 1025)+`"}`), nil, schemas.BadSchema, "data.reason: "},
		{"data that is no object", "c-1", withData(schemas.CampaignCreated, `[]`), nil, schemas.BadSchema, "data: must be an object"},
		{"data that is a text", "c-1", withData(schemas.CampaignPaused, `"c-1"`), nil, schemas.BadSchema, "data: must be an object"},
	}
}

// shapeBreaches has a definition for each rule of the shape; the JSON Schemas must refuse every one as well.
func shapeBreaches() map[string][]string {
	const whole = `{"creative_id":"cr","version":1,"url":"https://x/y","sha256":"` +
		"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" +
		`","bytes":1,"mime":"video/mp4","duration_ms":1}`
	creative := func(old, new string) string {
		if !strings.Contains(whole, old) {
			panic("the creative has no " + old)
		}
		return smallest(`"creatives":[` + whole + `,` + strings.Replace(whole, old, new, 1) + `],`)
	}
	contact := func(members string) string { return smallest(`"contacts":[{` + members + `}],`) }
	return map[string][]string{
		"campaign_id": {replaced(`"campaign_id":"c-1",`, ``), replaced(`"c-1"`, `null`), replaced(`"c-1"`, `7`)},
		"revision": {
			replaced(`"revision":1,`, ``), replaced(`"revision":1`, `"revision":null`), replaced(`"revision":1`, `"revision":0`),
			replaced(`"revision":1`, `"revision":-1`), replaced(`"revision":1`, `"revision":1.5`),
			replaced(`"revision":1`, `"revision":"1"`), replaced(`"revision":1`, `"revision":9007199254740992`),
			replaced(`"revision":1`, `"revision":1E+999999999`), replaced(`"revision":1`, `"revision":[]`),
		},
		"advertiser_id": {
			replaced(`"advertiser_id":"a-1",`, ``), replaced(`"a-1"`, `""`), replaced(`"a-1"`, `"-a"`), replaced(`"a-1"`, `"a/b"`),
			replaced(`"a-1"`, `"ä"`), replaced(`"a-1"`, `"a\n"`), replaced(`"a-1"`, `"`+strings.Repeat("a", 129)+`"`),
		},
		"name":                     {smallest(`"name":5,`), smallest(`"name":"` + strings.Repeat("x", 257) + `",`)},
		"time_zone":                {replaced(`"time_zone":"UTC",`, ``), replaced(`"UTC"`, `""`), replaced(`"UTC"`, `"`+strings.Repeat("z", 129)+`"`)},
		"budget":                   {replaced(`"budget":{"amount":"1","currency":"USD"},`, ``), replaced(`{"amount":"1","currency":"USD"}`, `"1 USD"`)},
		"budget.amount":            {replaced(`"1"`, `1`), replaced(`"1"`, `1E+999999999`), replaced(`"1"`, `""`), replaced(`"amount":"1",`, ``)},
		"budget.currency":          {replaced(`,"currency":"USD"`, ``), replaced(`"USD"`, `840`), replaced(`"USD"`, `"12345678901234567"`)},
		"cpm":                      {smallest(`"cpm":2.5,`), smallest(`"cpm":"",`), smallest(`"cpm":"` + strings.Repeat("1", 65) + `",`)},
		"settlement_grace_seconds": {smallest(`"settlement_grace_seconds":-1,`), smallest(`"settlement_grace_seconds":31622401,`)},
		"starts_at": {
			replaced(`"starts_at":"2026-12-01T05:00:00Z",`, ``), smallest(`"starts_at_local":"2026-12-01T00:00:00",`),
			replaced(`2026-12-01T05:00:00Z`, ``), replaced(`2026-12-01T05:00:00Z`, `2026-12-01`),
			replaced(`2026-12-01T05:00:00Z`, `2026-12-01 05:00:00Z`), replaced(`2026-12-01T05:00:00Z`, `2026-12-01T05:00:00`),
			replaced(`2026-12-01T05:00:00Z`, `2026-02-30T05:00:00Z`), replaced(`"2026-12-01T05:00:00Z"`, `1796101200`),
		},
		"ends_at":         {replaced(`,"ends_at":"2026-12-08T05:00:00Z"`, ``), smallest(`"ends_at_local":"2026-12-01T00:00:00",`)},
		"starts_at_local": {local(""), local("2026-12-01"), local("2026-12-01T00:00"), local("2026-12-01T00:00:00Z"), local("2026-13-01T00:00:00")},
		"disambiguation":  {smallest(`"disambiguation":"",`), smallest(`"disambiguation":"Later",`), smallest(`"disambiguation":1,`)},
		"stores": {
			smallest(`"stores":"s-1",`), smallest(`"stores":{},`), smallest(`"stores":["s"` + strings.Repeat(`,"s"`, 10000) + `],`),
		},
		"stores[1]":                {smallest(`"stores":["s",null],`), smallest(`"stores":["s","s.1"],`), smallest(`"stores":["s",["s"]],`)},
		"creatives":                {smallest(`"creatives":5,`), smallest(`"creatives":[` + strings.Repeat(whole+`,`, 100) + whole + `],`)},
		"creatives[0]":             {smallest(`"creatives":["cr"],`)},
		"creatives[1].url":         {creative(`https://x/y`, ``), creative(`https://x/y`, `/x/y`), creative(`https://x/y`, `https://x y`), creative(`"https://x/y"`, `1`), creative(`"url":"https://x/y",`, ``)},
		"creatives[1].sha256":      {creative(`9f86`, `9f8`), creative(`9f86`, `9g86`), creative(`9f86`, `9f866`)},
		"creatives[1].version":     {creative(`"version":1`, `"version":0`), creative(`"version":1,`, ``)},
		"creatives[1].bytes":       {creative(`"bytes":1`, `"bytes":0`), creative(`"bytes":1`, `"bytes":1E+999999999`)},
		"creatives[1].mime":        {creative(`video/mp4`, `video`), creative(`video/mp4`, `video/mp4; codecs=x`), creative(`video/mp4`, `/mp4`)},
		"creatives[1].duration_ms": {creative(`"duration_ms":1`, `"duration_ms":0.5`)},
		"creatives[1].creative_id": {creative(`"cr"`, `".cr"`)},
		"contacts":                 {smallest(`"contacts":[{"email":"a@b"}` + strings.Repeat(`,{"email":"a@b"}`, 50) + `],`)},
		"contacts[0].email":        {contact(``), contact(`"email":"a"`), contact(`"email":"a@"`), contact(`"email":"a@b@c"`), contact(`"email":"a@b\r\nBcc: c@d"`), contact(`"email":"` + strings.Repeat("a", 253) + `@b"`)},
		"contacts[0].name":         {contact(`"email":"a@b","name":{}`), contact(`"email":"a@b","name":"` + strings.Repeat("x", 257) + `"`)},
		"contacts[0].locale":       {contact(`"email":"a@b","locale":""`), contact(`"email":"a@b","locale":"en_US"`), contact(`"email":"a@b","locale":"englishlang"`)},
	}
}

func local(text string) string {
	return replaced(`"starts_at":"2026-12-01T05:00:00Z"`, `"starts_at_local":"`+text+`"`)
}

func schemaRefusals() []refusalCase {
	var all []refusalCase
	for field, definitions := range shapeBreaches() {
		for i, definition := range definitions {
			all = append(all, refusalCase{
				fmt.Sprintf("%s, %d", field, i), "c-1", withData(schemas.CampaignCreated, definition), nil,
				schemas.BadSchema, "data." + field + ": ",
			})
		}
	}
	return all
}
