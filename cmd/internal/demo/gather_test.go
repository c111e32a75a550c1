package demo

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// at is an instant of the tests: so many milliseconds after an hour.
func at(ms int64) time.Time { return time.UnixMilli(3_600_000 + ms) }

// TestReportsAreGathered: a campaign has one line in two seconds.
func TestReportsAreGathered(t *testing.T) {
	var out strings.Builder
	teller := newTeller(&out, nil)
	if wait := teller.due(at(0)); wait != time.Second {
		t.Errorf("with nothing gathered it waits for %v", wait)
	}
	for ms, campaign := range []string{"b", "a", "b"} {
		teller.tell(&kgo.Record{Topic: string(topics.Plays), Key: []byte(campaign)}, schemas.InstantOf(at(int64(ms))))
	}
	if wait := teller.due(at(1999)); wait != time.Millisecond || out.Len() > 0 {
		t.Errorf("it waits for %v, want 1 ms, and tells %q", wait, out.String())
	}
	teller.due(at(2001))
	want := "01:00:02.001  b                      plays       2 plays were reported\n" +
		"01:00:02.001  a                      plays       1 play was reported\n"
	if out.String() != want {
		t.Errorf("it tells %q, want %q", out.String(), want)
	}
}

// story is what each of the screens tells.
func story(each ...journal.Line) (lines []journal.Line) {
	for ms, l := range each {
		for _, st := range theStores() {
			for _, id := range st.Devices {
				l.At, l.Store, l.Device = schemas.InstantOf(at(int64(ms)*100)), st.ID, id
				lines = append(lines, l)
			}
		}
	}
	return lines
}

// TestAllScreensAreOneLine, from the registration to the stop; a spot comes again and again, and is told once.
func TestAllScreensAreOneLine(t *testing.T) {
	var out strings.Builder
	teller := newTeller(&out, nil)
	began := 0
	for _, l := range story(
		journal.Line{Event: journal.Registered},
		journal.Line{Event: journal.Obeyed},
		journal.Line{Event: journal.Obeyed, Playlist: []schemas.PlaylistEntry{{CampaignID: "c-1", SHA256: "ab"}}},
		journal.Line{Event: journal.Cached, SHA256: "ab", Bytes: 250_000},
		journal.Line{Event: journal.Acked, Status: schemas.AckReady},
		journal.Line{Event: journal.Started, Campaign: "c-1"},
		journal.Line{Event: journal.Ended, Campaign: "c-1", Reason: journal.EndDone},
		journal.Line{Event: journal.Started, Campaign: "c-1"},
		journal.Line{Event: journal.Obeyed},
		journal.Line{Event: journal.Ended, Campaign: "c-1", Reason: journal.EndStopped},
		journal.Line{Event: journal.Acked, Status: schemas.AckFailed, Error: "disk-full"},
	) {
		if teller.hear(&l) {
			began++
		}
		teller.due(l.At.Time())
	}
	if began != 1 {
		t.Errorf("it begins %d times", began)
	}
	want := []string{
		"01:00:00.000  demo-store-1           register    2 screens, new in the store",
		"01:00:00.000  demo-store-2           register    2 screens, new in the store",
		"01:00:00.100  demo-store-1           push        an empty playlist to 2 screens",
		"01:00:00.100  demo-store-2           push        an empty playlist to 2 screens",
		"01:00:00.200  c-1                    push        to 4 screens",
		"01:00:00.300  c-1                    cached      on 4 screens, 250 kB each, and checked",
		"01:00:00.500  c-1                    play        on 4 screens",
	}
	got := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Fatalf("it tells\n%s", out.String())
	}
	rest := strings.Join(got[len(want):], "\n")
	if !strings.Contains(rest, "stop        off 4 screens") || strings.Count(rest, "failed      disk-full") != 4 {
		t.Errorf("at the end it tells\n%s", rest)
	}
}

// TestCutsAreTold with the stop that they come from, and screens that are silent are not waited for long.
func TestCutsAreTold(t *testing.T) {
	n := news{}
	s := newScreens(n)
	lines := story(journal.Line{Event: journal.Obeyed, Playlist: []schemas.PlaylistEntry{{CampaignID: "c-1"}}},
		journal.Line{Event: journal.Obeyed}, journal.Line{Event: journal.Ended, Campaign: "c-1", Reason: journal.EndStopped})
	for i := range lines[:11] { // the last screen was showing something else
		s.note(&lines[i])
	}
	all := n.due(schemas.InstantOf(at(150)))
	want := "01:00:00.100  c-1                    stop        off 4 screens, 3 spots cut short"
	if len(all) != 2 || all[1] != want {
		t.Errorf("it tells %q", all)
	}
	faults := story(journal.Line{Event: journal.Obeyed, Playlist: []schemas.PlaylistEntry{{CampaignID: "c-1", SHA256: "ab"}}},
		journal.Line{Event: journal.FetchFault, SHA256: "ab", Error: `fetching x: Get "http://x": connection refused`})
	for i := range faults {
		s.note(&faults[i])
		s.note(&faults[i])
	}
	want = "01:00:00.100  c-1                    trouble     its spot cannot be fetched, on 4 screens: connection refused"
	if got := n.due(schemas.InstantOf(at(2100))); len(got) != 2 || got[1] != want {
		t.Errorf("it tells %q", got)
	}
	late := story(journal.Line{Event: journal.Started, Campaign: "c-1"})
	s.note(&late[0])
	if got := n.due(schemas.InstantOf(at(999))); len(got) > 0 {
		t.Errorf("it tells %q after 999 ms", got)
	}
	if got := n.due(schemas.InstantOf(at(1000))); len(got) != 1 || !strings.HasSuffix(got[0], "on 1 screen") {
		t.Errorf("it tells %q", got)
	}
}

// TestReadinessIsToldWhenItRises, and at the start.
func TestReadinessIsToldWhenItRises(t *testing.T) {
	r := readyLines{}
	for _, id := range []string{"c-1", "c-2"} {
		applied := schemas.NewEvent("e", schemas.TransitionApplied, id, 0, schemas.Applied{
			Due:  schemas.Due{TransitionID: id + "/1/start", CampaignID: id, Revision: 1, Transition: schemas.Start, Campaign: []byte("{}")},
			From: schemas.Scheduled, To: schemas.Active, Sequence: 3})
		value, err := topics.AppliedCodec{}.Encode(&applied)
		if err != nil {
			t.Fatal(err)
		}
		r.noteStart(&kgo.Record{Value: value})
	}
	for _, c := range []struct {
		data schemas.Readiness
		want string
	}{
		{schemas.Readiness{CampaignID: "c-1", DevicesTotal: 4}, ""},
		{schemas.Readiness{CampaignID: "c-1", DevicesTotal: 4, DevicesReady: 3}, "ready       3 of 4 screens"},
		{schemas.Readiness{CampaignID: "c-1", DevicesTotal: 4, DevicesReady: 3, DevicesFailed: 1}, ""},
		{schemas.Readiness{CampaignID: "c-1", DevicesTotal: 4, DevicesReady: 3, AtStart: &schemas.AtStart{DevicesReady: 3, DevicesTotal: 4}},
			"readiness   at the start 3 of 4 screens"},
		{schemas.Readiness{CampaignID: "c-1", AtStart: &schemas.AtStart{DevicesReady: 3, DevicesTotal: 4}}, ""},
		{schemas.Readiness{CampaignID: "c-3", AtStart: &schemas.AtStart{}}, ""}, // it started before
		{schemas.Readiness{CampaignID: "c-2", AtStart: &schemas.AtStart{}}, "at the start no screen: its stores have not heard of it yet"},
	} {
		event := schemas.NewEvent("e", schemas.CampaignReadiness, c.data.CampaignID, 3_600_000, c.data)
		value, err := topics.ReadinessCodec{}.Encode(&event)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.tell(&kgo.Record{Value: value}); !strings.HasSuffix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%+v: %q, want %q", c.data, got, c.want)
		}
	}
	if got := r.tell(&kgo.Record{Value: []byte("rubbish")}); got != "" {
		t.Errorf("of rubbish it tells %q", got)
	}
}
