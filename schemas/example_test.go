package schemas_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// example is one frozen event. They are frozen because others have written and read events like them: a change of the
// structs or the schemas that a present example does not survive breaks those others.
type example struct {
	Name  string          `json:"name"`
	Key   string          `json:"key"` // of the record; the engine's own tests use it
	Event json.RawMessage `json:"event"`
	// ReadAs is how the engine would write what it has read, where that is not Event itself.
	ReadAs json.RawMessage `json:"read_as"`
}

func examples(t *testing.T, kind schemas.Type) []example {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", string(kind)+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []example
	if err := jsonv2.Unmarshal(text, &all, jsonv2.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("reading the examples of %s: %v", kind, err)
	}
	if len(all) < 3 {
		t.Fatalf("%s has %d examples", kind, len(all))
	}
	return all
}

// eventOf returns an empty event of a type.
func eventOf(t *testing.T, kind schemas.Type) any {
	t.Helper()
	switch kind {
	case schemas.CampaignCreated, schemas.CampaignUpdated:
		return new(schemas.Event[schemas.Definition])
	case schemas.CampaignPaused, schemas.CampaignResumed, schemas.CampaignCancelled:
		return new(schemas.Event[schemas.Change])
	case schemas.TransitionDue:
		return new(schemas.Event[schemas.Due])
	case schemas.TransitionApplied:
		return new(schemas.Event[schemas.Applied])
	case schemas.TransitionRejected:
		return new(schemas.Event[schemas.Rejected])
	case schemas.PlayReported:
		return new(schemas.Event[schemas.Play])
	case schemas.BudgetReleased:
		return new(schemas.Event[schemas.Released])
	case schemas.StatementFinal, schemas.StatementAdjusted:
		return new(schemas.Event[schemas.Statement])
	case schemas.DeviceRegistered:
		return new(schemas.Event[schemas.Registered])
	case schemas.DeviceRemoved:
		return new(schemas.Event[schemas.Removed])
	case schemas.DeviceCommand:
		return new(schemas.Event[schemas.Command])
	case schemas.DeviceAck:
		return new(schemas.Event[schemas.Ack])
	case schemas.CampaignReadiness:
		return new(schemas.Event[schemas.Readiness])
	case schemas.RecordRefused:
		return new(schemas.Event[schemas.Refused])
	}
	t.Fatalf("%s has no struct: add it here", kind)
	return nil
}

func canonical(t *testing.T, text []byte) string {
	t.Helper()
	form := jsontext.Value(text).Clone()
	if err := form.Canonicalize(); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return string(form)
}

func TestExamplesSurviveTheStructs(t *testing.T) {
	for _, kind := range schemas.Types() {
		for _, e := range examples(t, kind) {
			t.Run(string(kind)+"/"+e.Name, func(t *testing.T) {
				want := e.Event
				if e.ReadAs != nil {
					want = e.ReadAs
				}
				if got := rewritten(t, kind, e.Event); got != canonical(t, want) {
					t.Errorf("event differs (-want +got):\n%s", cmp.Diff(canonical(t, want), got))
				}
			})
		}
	}
}

// rewritten reads an event into its struct, its campaign into a Placed, and returns the canonical form of what is then
// written.
func rewritten(t *testing.T, kind schemas.Type, text []byte) string {
	t.Helper()
	event := eventOf(t, kind)
	if err := jsonv2.Unmarshal(text, event); err != nil {
		t.Fatal(err)
	}
	if campaign := campaignOf(event); campaign != nil && *campaign != nil {
		var placed schemas.Placed
		if err := jsonv2.Unmarshal(*campaign, &placed); err != nil {
			t.Fatal(err)
		}
		var err error
		if *campaign, err = jsonv2.Marshal(placed); err != nil {
			t.Fatal(err)
		}
	}
	written, err := jsonv2.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return canonical(t, written)
}

func campaignOf(event any) *json.RawMessage {
	switch e := event.(type) {
	case *schemas.Event[schemas.Due]:
		return &e.Data.Campaign
	case *schemas.Event[schemas.Applied]:
		return &e.Data.Campaign
	case *schemas.Event[schemas.Rejected]:
		return &e.Data.Campaign
	}
	return nil
}

// TestPlaceKeepsAllButTheContacts compares member by member, so that a new one cannot be forgotten.
func TestPlaceKeepsAllButTheContacts(t *testing.T) {
	const startsAt, endsAt = schemas.Instant(1_000), schemas.Instant(2_000)
	grace := int64(5)
	d := schemas.Definition{
		CampaignID: "c-1", Revision: 7, AdvertiserID: "a-1", Name: "n", StartsAtLocal: "2026-12-01T00:00:00",
		EndsAtLocal: "2026-12-08T00:00:00", TimeZone: "UTC", Disambiguation: schemas.Later,
		Budget: schemas.Money{Amount: "1", Currency: "USD"}, CPM: "2", SettlementGraceSeconds: &grace,
		Stores: []string{"s-1"}, Creatives: []schemas.Creative{{CreativeID: "cr"}},
		Contacts: []schemas.Contact{{Email: "a@b"}},
	}
	want, got := membersOf(t, d), membersOf(t, d.Place(startsAt, endsAt, "2025c", 5_000))
	delete(want, "contacts")
	want["starts_at"], want["ends_at"], want["tzdb"] = startsAt.String(), endsAt.String(), "2025c"
	want["settlement_grace_ms"] = json.Number("5000")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("members differ (-definition +placed):\n%s", diff)
	}
	if members := reflect.TypeFor[schemas.Definition]().NumField(); len(want)-2 != members-1 { // a definition has no tzdb and settlement_grace_ms
		t.Errorf("the definition here has %d of %d members: fill in what is new", len(want), members)
	}
}

// TestTheDatabaseIsToldOfWallClockTimes: of instants it decides nothing.
func TestTheDatabaseIsToldOfWallClockTimes(t *testing.T) {
	const local = "2026-12-01T00:00:00"
	for _, c := range []struct{ starts, ends, want string }{
		{"", "", ""}, {local, "", "2025c"}, {"", local, "2025c"}, {local, local, "2025c"},
	} {
		d := schemas.Definition{StartsAtLocal: c.starts, EndsAtLocal: c.ends}
		if got := d.Place(0, 1, "2025c", 0).TZDB; got != c.want {
			t.Errorf("of a window %q to %q the database is told as %q; want %q", c.starts, c.ends, got, c.want)
		}
	}
}

// TestARezoneReplacesTheWindow compares member by member: all that a rezone says counts, and nothing else changes.
func TestARezoneReplacesTheWindow(t *testing.T) {
	whole := schemas.Definition{
		CampaignID: "c-1", Revision: 7, Name: "n", StartsAtLocal: "2026-12-01T00:00:00", EndsAtLocal: "2026-12-08T00:00:00",
		TimeZone: "Europe/Berlin", Disambiguation: schemas.Later, Stores: []string{"s-1"},
	}
	placed := whole.Place(1_000, 2_000, "2025c", 0)
	want := membersOf(t, placed)
	to := schemas.Rezoned{StartsAt: 5_000, EndsAt: 6_000, EndsAtLocal: "2026-12-09T00:00:00", TZDB: "2026b"}
	placed.Rezone(&to)
	delete(want, "starts_at_local")
	for name, value := range membersOf(t, to) {
		want[name] = value
	}
	if diff := cmp.Diff(want, membersOf(t, placed)); diff != "" {
		t.Errorf("members differ (-want +rezoned):\n%s", diff)
	}
}

func membersOf(t *testing.T, value any) map[string]any {
	t.Helper()
	text, err := jsonv2.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return parsed(t, text)
}
