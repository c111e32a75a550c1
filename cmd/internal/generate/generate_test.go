package generate_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/rmn-arms/campaign-engine/cmd/internal/generate"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/money"
	"github.com/rmn-arms/campaign-engine/state/zone"
	"github.com/rmn-arms/campaign-engine/topics"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func settings(seed uint64, campaigns int) generate.Settings {
	return generate.Settings{
		Campaigns: campaigns, Seed: seed, From: time.Date(2026, 11, 24, 13, 0, 0, 0, time.FixedZone("", 3600)), Days: 200,
		Retailers: 20, Changes: 0.4,
	}
}

// lines returns the events as they are published.
func lines(t *testing.T, s generate.Settings) []byte {
	t.Helper()
	events, err := generate.Events(s)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for event := range events {
		line, err := json.Marshal(event, json.Deterministic(true))
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(line, '\n'))
	}
	return out.Bytes()
}

func TestGolden(t *testing.T) {
	s := settings(7, 8)
	s.Retailers, s.Days = 3, 14
	got, path := lines(t, s), filepath.Join("testdata", "seed-7.jsonl")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("seed 7 gives other events than %s; -update rewrites it:\n%s", path, got)
	}
}

// TestEveryEventIsAccepted takes each event through all the checks that the engine makes.
func TestEveryEventIsAccepted(t *testing.T) {
	for _, seed := range []uint64{0, 1, 1 << 63} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			var last schemas.Instant
			revisions := make(map[string]int64)
			for line := range bytes.Lines(lines(t, settings(seed, 2000))) {
				envelope, event := eventOf(t, line)
				if *envelope.Time < last {
					t.Fatalf("comes after an event of %v:\n%s", last, line)
				}
				last = *envelope.Time
				revisions[event.CampaignID()]++
				if event.Revision() != revisions[event.CampaignID()] {
					t.Fatalf("not revision %d:\n%s", revisions[event.CampaignID()], line)
				}
				if event.Definition != nil {
					if err := accept(event.Definition); err != nil {
						t.Fatalf("%v\n%s", err, line)
					}
				}
			}
			if len(revisions) != 2000 {
				t.Errorf("%d campaigns, want 2000", len(revisions))
			}
		})
	}
}

// accept makes the checks that come after the shape: zone, window, money.
func accept(d *schemas.Definition) error {
	in, err := zone.Load(d.TimeZone)
	if err != nil {
		return err
	}
	starts, startErr := resolve(in, d.StartsAt, d.StartsAtLocal, d.Disambiguation)
	ends, endErr := resolve(in, d.EndsAt, d.EndsAtLocal, d.Disambiguation)
	_, budgetErr := money.ParseAmount(d.Budget.Amount, d.Budget.Currency)
	_, cpmErr := money.ParseRate(d.CPM)
	if err := errors.Join(startErr, endErr, budgetErr, cpmErr); err != nil {
		return err
	}
	if starts >= ends {
		return errors.New("starts after its end")
	}
	return nil
}

func resolve(in *zone.Zone, at *schemas.Instant, local string, how schemas.Disambiguation) (instant.Instant, error) {
	if at != nil {
		return instant.Instant(*at), nil
	}
	wall, err := zone.ParseLocal(local)
	if err != nil {
		return 0, err
	}
	return in.Resolve(wall, zone.Disambiguation(how))
}

// TestLooksLikeRetail counts what makes the events realistic.
func TestLooksLikeRetail(t *testing.T) {
	text := string(lines(t, settings(3, 2000)))
	counts := make(map[string]int)
	for line := range strings.Lines(text) {
		for _, of := range []string{
			`T00:00:00","ends_at_local"`, `"starts_at"`, `"type":"campaign.created"`, `"type":"campaign.updated"`,
			`"type":"campaign.paused"`, `"type":"campaign.resumed"`, `"type":"campaign.cancelled"`,
			`"currency":"JPY"`, `"currency":"KWD"`, `"currency":"USD"`, `"America/Santiago"`, `"Australia/Lord_Howe"`,
		} {
			if strings.Contains(line, of) {
				counts[of]++
			}
		}
	}
	least := map[string]int{
		`T00:00:00","ends_at_local"`: 1600, `"starts_at"`: 50, `"type":"campaign.updated"`: 300,
		`"type":"campaign.paused"`: 150, `"type":"campaign.resumed"`: 150, `"type":"campaign.cancelled"`: 50,
		`"currency":"JPY"`: 50, `"currency":"KWD"`: 50, `"currency":"USD"`: 200,
		`"America/Santiago"`: 50, `"Australia/Lord_Howe"`: 5,
	}
	for of, want := range least {
		if counts[of] < want {
			t.Errorf("%d events with %s, want at least %d", counts[of], of, want)
		}
	}
	if counts[`"type":"campaign.created"`] != 2000 {
		t.Errorf("%d campaigns created", counts[`"type":"campaign.created"`])
	}
}

// TestTheFirstCampaignsStart at the instant that was asked for, to the millisecond, and none before.
func TestTheFirstCampaignsStart(t *testing.T) {
	s := settings(5, 300)
	s.Days = 3
	s.First = time.Date(2026, 12, 5, 23, 59, 50, 123_456_789, time.FixedZone("", 9*3600))
	want := schemas.InstantOf(s.First)
	atOnce, seen := 0, 0
	for line := range bytes.Lines(lines(t, s)) {
		_, event := eventOf(t, line)
		if event.Definition == nil || event.Type != schemas.CampaignCreated {
			continue
		}
		seen++
		if event.Definition.StartsAt == nil || event.Definition.EndsAt == nil || *event.Definition.StartsAt < want {
			t.Fatalf("starts before %v, or by no instant: %s", want, line)
		}
		if err := accept(event.Definition); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		if *event.Definition.StartsAt == want {
			atOnce++
		}
	}
	if seen != 300 || atOnce < 30 || atOnce > 200 {
		t.Errorf("of %d campaigns %d start at %v", seen, atOnce, want)
	}
	if s.Changes = 1; !bytes.Equal(lines(t, s), lines(t, s)) {
		t.Error("the same settings give other events the second time")
	}
}

func eventOf(t *testing.T, line []byte) (schemas.RawEvent, topics.CampaignEvent) {
	t.Helper()
	var envelope schemas.RawEvent
	if err := json.Unmarshal(line, &envelope); err != nil {
		t.Fatal(err)
	}
	event, refusal := topics.DecodeCampaignEvent([]byte(envelope.Subject), line, nil)
	if refusal != nil {
		t.Fatalf("refused: %v\n%s", refusal, line)
	}
	return envelope, event
}

func TestTheShareOfChanges(t *testing.T) {
	for _, share := range []float64{0, 1} {
		s := settings(1, 300)
		s.Changes = share
		events, err := generate.Events(s)
		if err != nil {
			t.Fatal(err)
		}
		changed := make(map[string]bool)
		for event := range events {
			if event.Type != schemas.CampaignCreated {
				changed[event.Subject] = true
			}
		}
		if want := int(share) * 300; len(changed) != want {
			t.Errorf("with a share of %v %d of 300 campaigns are changed", share, len(changed))
		}
	}
}

func TestAnotherSeedIsAnother(t *testing.T) {
	if bytes.Equal(lines(t, settings(1, 3)), lines(t, settings(2, 3))) {
		t.Error("seeds 1 and 2 give the same events")
	}
	if !bytes.Equal(lines(t, settings(1, 50)), lines(t, settings(1, 50))) {
		t.Error("seed 1 gives other events the second time")
	}
}

func TestLimits(t *testing.T) {
	good := settings(1, 1)
	cases := []struct {
		name   string
		change func(*generate.Settings)
	}{
		{"no campaigns", func(s *generate.Settings) { s.Campaigns = 0 }},
		{"too many campaigns", func(s *generate.Settings) { s.Campaigns = generate.CampaignsMax + 1 }},
		{"no days", func(s *generate.Settings) { s.Days = 0 }},
		{"too many days", func(s *generate.Settings) { s.Days = generate.DaysMax + 1 }},
		{"no retailers", func(s *generate.Settings) { s.Retailers = 0 }},
		{"too many retailers", func(s *generate.Settings) { s.Retailers = generate.RetailersMax + 1 }},
		{"a negative share", func(s *generate.Settings) { s.Changes = -0.1 }},
		{"more than all", func(s *generate.Settings) { s.Changes = 1.1 }},
		{"no date", func(s *generate.Settings) { s.From = time.Time{} }},
		{"too late a start", func(s *generate.Settings) { s.First = time.Date(9901, 1, 1, 0, 0, 0, 0, time.UTC) }},
	}
	for _, c := range cases {
		s := good
		c.change(&s)
		if _, err := generate.Events(s); !errors.Is(err, generate.ErrSettings) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestStoresAndDevices: where it is said how many stores there are, campaigns run in these, and their devices come first.
func TestStoresAndDevices(t *testing.T) {
	s := settings(4, 300)
	s.Retailers, s.Stores, s.StoresEach, s.Devices = 3, 20, 4, 2
	devices := make(map[string]int) // by store
	last := schemas.Instant(0)
	for line := range bytes.Lines(lines(t, s)) {
		var envelope schemas.RawEvent
		if err := json.Unmarshal(line, &envelope); err != nil {
			t.Fatal(err)
		}
		if *envelope.Time < last {
			t.Fatalf("comes after an event of %v:\n%s", last, line)
		}
		last = *envelope.Time
		if envelope.Type == schemas.DeviceRegistered {
			if _, refusal := topics.DecodeDeviceEvent([]byte(envelope.Subject), bytes.TrimSpace(line), nil); refusal != nil {
				t.Fatalf("%v\n%s", refusal, line)
			}
			devices[envelope.Subject]++
			continue
		}
		_, event := eventOf(t, line)
		if event.Definition == nil {
			continue
		}
		if len(event.Definition.Stores) != s.StoresEach {
			t.Fatalf("%d stores, not %d:\n%s", len(event.Definition.Stores), s.StoresEach, line)
		}
		for _, store := range event.Definition.Stores {
			if devices[store] != s.Devices {
				t.Fatalf("store %s has %d devices:\n%s", store, devices[store], line)
			}
		}
	}
	if len(devices) != s.Stores {
		t.Errorf("%d stores, not %d", len(devices), s.Stores)
	}
	for _, wrong := range []func(*generate.Settings){
		func(s *generate.Settings) { s.Stores = -1 }, func(s *generate.Settings) { s.StoresEach = 7 },
		func(s *generate.Settings) { s.Stores, s.StoresEach = 0, 21 }, func(s *generate.Settings) { s.Devices = 1001 },
		func(s *generate.Settings) { s.StoresEach = 0 },
	} {
		refused := s
		if wrong(&refused); !refuses(refused) {
			t.Errorf("these are not refused: %+v", refused)
		}
	}
}

func refuses(s generate.Settings) bool {
	_, err := generate.Events(s)
	return errors.Is(err, generate.ErrSettings)
}
