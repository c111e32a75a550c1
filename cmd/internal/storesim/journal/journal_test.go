package journal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/schemas"
)

func TestALineComesBackAsItWas(t *testing.T) {
	offset, late, at := int64(0), int64(0), schemas.Instant(3)
	l := journal.Line{
		At: 1, Event: journal.Started, Device: "d-1", Store: "s-1", DeviceAt: &at, Reason: "r", Revision: 2, Attempt: 3, Offset: &offset,
		Campaign: "c", Creative: "cr", PlayID: "p", StartsAt: &at, EndsAt: &at, LateMs: &late, Status: schemas.AckReady, Missing: []string{"m"},
		Error: "e", SHA256: "s", Bytes: 4, From: 5, Count: 6, ClockOffsetMs: 7, ClockPPM: 8, Playlist: []schemas.PlaylistEntry{{CampaignID: "c"}},
		Cache: []string{"a"}, Spare: []string{"b"}, Unsent: 9, Counts: map[string]int64{"x": 1},
	}
	for i := range reflect.ValueOf(l).NumField() {
		if reflect.ValueOf(l).Field(i).IsZero() {
			t.Fatalf("the test does not set %s", reflect.TypeFor[journal.Line]().Field(i).Name)
		}
	}
	var out bytes.Buffer
	w := journal.JSON(&out)
	w.Note(l)
	w.Note(journal.Line{Event: journal.Booted, At: schemas.InstantMax + 1})
	first, second, _ := strings.Cut(out.String(), "\n")
	var back journal.Line
	if err := json.Unmarshal([]byte(first), &back); err != nil || !reflect.DeepEqual(back, l) {
		t.Errorf("%s: %v", first, err)
	}
	if err := json.Unmarshal([]byte(second), &back); err != nil || back.Event != journal.Trouble {
		t.Errorf("a line that cannot be written: %s: %v", second, err)
	}
}

func TestSay(t *testing.T) {
	for want, l := range map[string]journal.Line{
		"00:00:00.001  d-1                  push   playlist 5: 1 entry": {At: 1, Event: journal.Obeyed, Device: "d-1", Revision: 5, Playlist: make([]schemas.PlaylistEntry, 1)},
		"00:00:00.000  d-1                  failed playlist 5, lacks a b (disk-full)": {
			Event: journal.Acked, Device: "d-1", Revision: 5, Status: schemas.AckFailed, Missing: []string{"a", "b"}, Error: "disk-full",
		},
		"00:00:00.000  d-1                  stop   cr of c":                                                    {Event: journal.Ended, Device: "d-1", Reason: journal.EndStopped, Creative: "cr", Campaign: "c"},
		"00:00:00.000  d-1                  end    cr of c":                                                    {Event: journal.Ended, Device: "d-1", Reason: journal.EndDone, Creative: "cr", Campaign: "c"},
		"00:00:00.000  d-1                  on, its clock is -5 ms off and drifts +2 ppm":                      {Event: journal.Booted, Device: "d-1", ClockOffsetMs: -5, ClockPPM: 2},
		"00:00:00.000  s-1                  trouble: no":                                                       {Event: journal.Trouble, Store: "s-1", Error: "no"},
		"00:00:00.000  d-1                  final  playlist 5: 0 entries, 1 content cached, plays not sent: 0": {Event: journal.Final, Device: "d-1", Revision: 5, Cache: []string{"a"}},
		"": {Event: journal.Fetching, Device: "d-1"},
	} {
		if got := journal.Say(l); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestCounts(t *testing.T) {
	var c journal.Counter
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			c.Note(journal.Line{Event: journal.Refused, Reason: "unsigned"})
			c.Note(journal.Line{Event: journal.Acked, Status: schemas.AckReady})
		})
	}
	all.Wait()
	want := map[string]int64{"refused": 100, "refused unsigned": 100, "acked": 100, "acked ready": 100}
	if got := c.Counts(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestAJournalThatCannotBeWrittenSaysSo(t *testing.T) {
	w := journal.Text(full{})
	w.Note(journal.Line{Event: journal.Online})
	if w.Err() == nil {
		t.Error("no error")
	}
}
