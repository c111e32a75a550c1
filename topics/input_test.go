package topics

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// sampleData is the data of sampleEvent.
func sampleData() string {
	_, data, _ := strings.Cut(sampleEvent, `"data":`)
	return strings.TrimSuffix(data, "}")
}

// withData returns a structured event of c-1 around data.
func withData(kind schemas.Type, data string) string {
	return fmt.Sprintf(`{"specversion":"1.0","id":"e-1","source":"s","type":%q,"data":%s}`, kind, data)
}

// smallest is the smallest definition of c-1; more goes in front of its members.
func smallest(more string) string {
	return `{` + more + `"campaign_id":"c-1","revision":1,"advertiser_id":"a-1","time_zone":"UTC",` +
		`"budget":{"amount":"1","currency":"USD"},"starts_at":"2026-12-01T05:00:00Z","ends_at":"2026-12-08T05:00:00Z"}`
}

// createdWith returns an event around the smallest definition of c-1; more goes in front of its members.
func createdWith(more string) string { return withData(schemas.CampaignCreated, smallest(more)) }

func pausedWith(data string) string { return withData(schemas.CampaignPaused, data) }

// replaced returns the smallest definition with one text replaced.
func replaced(old, new string) string {
	if !strings.Contains(smallest(""), old) {
		panic("the smallest definition has no " + old)
	}
	return strings.Replace(smallest(""), old, new, 1)
}

func binaryHeaders(more ...Header) []Header {
	return append([]Header{
		{"ce_specversion", []byte("1.0")}, {"ce_id", []byte("e-1")}, {"ce_source", []byte("campaign-service")},
		{"ce_type", []byte("campaign.created")}, {"ce_subject", []byte("c-1")},
		{"ce_time", []byte("2026-11-23T08:00:00Z")}, {"content-type", []byte("application/json; charset=utf-8")},
	}, more...)
}

func instant(t *testing.T, text string) *schemas.Instant {
	t.Helper()
	at := new(schemas.Instant)
	if err := at.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return at
}

func TestDecodeCampaignEventReadsTheContractsExample(t *testing.T) {
	grace := int64(0)
	want := &schemas.Definition{
		CampaignID: "c-1", Revision: 1, AdvertiserID: "a-1", Name: "Spring sale",
		StartsAt: instant(t, "2026-12-01T05:00:00Z"), EndsAt: instant(t, "2026-12-08T05:00:00Z"),
		TimeZone: "America/New_York", Budget: schemas.Money{Amount: "500.00", Currency: "USD"}, CPM: "2.50",
		SettlementGraceSeconds: &grace, Stores: []string{"s-1", "s-2"},
		Creatives: []schemas.Creative{{
			CreativeID: "cr-1", Version: 1, URL: "https://cdn.example/cr-1.mp4",
			SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
			Bytes:  1048576, MIME: "video/mp4", DurationMs: 15000,
		}},
		Contacts: []schemas.Contact{{Email: "desk@example.com", Name: "Campaign desk", Locale: "en"}},
	}
	structured, refusal := DecodeCampaignEvent([]byte("c-1"), []byte(sampleEvent), nil)
	if refusal != nil {
		t.Fatal(*refusal)
	}
	binary, refusal := DecodeCampaignEvent([]byte("c-1"), []byte(sampleData()), binaryHeaders())
	if refusal != nil {
		t.Fatal(*refusal)
	}
	for name, event := range map[string]CampaignEvent{"structured": structured, "binary": binary} {
		if diff := cmp.Diff(want, event.Definition); diff != "" {
			t.Errorf("%s: definition differs (-want +got):\n%s", name, diff)
		}
		if event.Type != schemas.CampaignCreated || event.ID != "e-1" || event.CampaignID() != "c-1" || event.Revision() != 1 {
			t.Errorf("%s: got %+v", name, event)
		}
	}
	if structured.ContentHash != binary.ContentHash {
		t.Error("the two modes give the same data other hashes")
	}
}

func TestDecodeCampaignEventReadsChanges(t *testing.T) {
	for _, kind := range []schemas.Type{schemas.CampaignPaused, schemas.CampaignResumed, schemas.CampaignCancelled} {
		value := withData(kind, `{"campaign_id":"c-1","revision":7,"reason":"stock \"out\" \u2014 hold"}`)
		event, refusal := DecodeCampaignEvent([]byte("c-1"), []byte(value), nil)
		if refusal != nil {
			t.Fatal(*refusal)
		}
		want := &schemas.Change{CampaignID: "c-1", Revision: 7, Reason: `stock "out" — hold`}
		if diff := cmp.Diff(want, event.Change); diff != "" || event.Type != kind || event.Definition != nil {
			t.Errorf("%s: got %+v (-want +got):\n%s", kind, event, diff)
		}
	}
}

// acceptance is an event of c-1 that is unusual and yet in order.
type acceptance struct {
	name    string
	value   string
	headers []Header
}

func acceptances() []acceptance {
	created := func(data string) string { return withData(schemas.CampaignCreated, data) }
	return []acceptance{
		{"the smallest definition", created(smallest("")), nil},
		{"white space everywhere", strings.ReplaceAll(created(smallest("")), ",", " ,\r\n\t "), nil},
		{"unknown members", created(smallest(`"x":{"y":[1E+999999999,null,true]},"CAMPAIGN_ID":"other",`)), nil},
		{"null for optional members", created(smallest(`"name":null,"cpm":null,"stores":null,"starts_at_local":null,`)), nil},
		{"empty lists", created(smallest(`"stores":[],"creatives":[],"contacts":[],`)), nil},
		{"an escaped name of a member", created(replaced(`"campaign_id"`, `"\u0063ampaign_id"`)), nil},
		{"other notations of a whole number", created(replaced(`"revision":1`, `"revision":1.0e0`)), nil},
		{"the largest revision", created(replaced(`"revision":1`, `"revision":9007199254740991`)), nil},
		{"the longest grace", created(smallest(`"settlement_grace_seconds":31622400,`)), nil},
		{"an id of 128 characters", created(smallest(`"stores":["` + strings.Repeat("s", 128) + `"],`)), nil},
		{"a name of 256 characters of 3 bytes", created(smallest(`"name":"` + strings.Repeat("€", 256) + `",`)), nil},
		{"10,000 stores", created(smallest(`"stores":["s"` + strings.Repeat(`,"s"`, 9999) + `],`)), nil},
		{"nesting 32", created(smallest(`"x":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `,`)), nil},
		{"brackets in a string", created(smallest(`"name":"` + strings.Repeat("[{", 60) + `\"[",`)), nil},
		{"dates in year 0 and 9999, which the window judges", created(strings.NewReplacer("2026-12-01", "0000-01-01",
			"2026-12-08T05:00:00Z", "9999-12-31T23:59:59.999999999+23:59").Replace(smallest(""))), nil},
		{"wall-clock times", created(strings.NewReplacer(`"starts_at":"2026-12-01T05:00:00Z"`,
			`"starts_at_local":"2026-12-01T00:00:00","disambiguation":"later"`, `"ends_at":"2026-12-08T05:00:00Z"`,
			`"ends_at_local":"2026-12-08T00:00:00.5"`).Replace(smallest(""))), nil},
		{"money and zone that others judge", created(strings.NewReplacer(`"1"`, `"1E+999999999"`, "USD", "???",
			`"UTC"`, `"Mars/Olympus"`).Replace(smallest(""))), nil},
		{"unknown attributes", strings.Replace(created(smallest("")), `{`, `{"traceparent":5,"SUBJECT":"x",`, 1), nil},
		{"null for optional attributes", strings.Replace(created(smallest("")), `{`, `{"subject":null,"time":null,`, 1), nil},
		{"a content type of structured mode", created(smallest("")),
			[]Header{{"content-type", []byte("Application/CloudEvents+JSON; charset=UTF-8")}}},
		{"structured although binary headers are there too", created(smallest("")),
			binaryHeaders(Header{"content-type", []byte("application/cloudevents")})},
		{"another content type, without binary headers", created(smallest("")),
			[]Header{{"content-type", []byte("text/plain")}}},
		{"binary", smallest(""), binaryHeaders()},
		{"binary with a +json type", smallest(""), binaryHeaders(Header{"content-type", []byte("application/x+json")})},
		{"binary: the last header counts", smallest(""), append([]Header{{"ce_subject", []byte("x")}}, binaryHeaders()...)},
		{"binary with foreign headers", smallest(""), binaryHeaders(Header{"CE_SUBJECT", []byte("x")}, Header{"x", nil})},
		{"binary, nesting 32", smallest(`"x":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `,`), binaryHeaders()},
	}
}

func TestDecodeCampaignEventAccepts(t *testing.T) {
	for _, c := range acceptances() {
		t.Run(c.name, func(t *testing.T) {
			event, refusal := DecodeCampaignEvent([]byte("c-1"), []byte(c.value), c.headers)
			if refusal != nil {
				t.Fatal(*refusal)
			}
			if event.CampaignID() != "c-1" {
				t.Errorf("campaign id = %q", event.CampaignID())
			}
		})
	}
}

func TestDecodeCampaignEventRefuses(t *testing.T) {
	for _, c := range refusals() {
		t.Run(c.name, func(t *testing.T) {
			event, refusal := DecodeCampaignEvent([]byte(c.key), []byte(c.value), c.headers)
			if refusal == nil {
				t.Fatal("it was accepted")
			}
			if refusal.Reason != c.reason || !strings.HasPrefix(refusal.Detail, c.detail) {
				t.Errorf("got %s (%s), want %s (%s...)", refusal.Reason, refusal.Detail, c.reason, c.detail)
			}
			if event != (CampaignEvent{}) {
				t.Errorf("beside the refusal came %+v", event)
			}
		})
	}
}
