package drive_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/cmd/internal/drive"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

var start = instant.Of(time.Date(2027, 3, 28, 0, 59, 0, 0, time.UTC))

func at(i instant.Instant) *instant.Instant { return &i }

// refused wants an order to be refused with a text; "" wants it taken.
func refused(t *testing.T, folder string, order drive.Order, says string) {
	t.Helper()
	err := drive.Check(folder, order)
	if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
		t.Errorf("%+v: %v; want %q", order, err, says)
	}
}

// TestTimeDoesNotGoBackInAFolder: a clock goes on from where one was, also when the process was killed; a folder is not run
// by two kinds of time.
func TestTimeDoesNotGoBackInAFolder(t *testing.T) {
	folder := t.TempDir()
	refused(t, folder, drive.Order{}, "")
	order := drive.Order{Start: at(start), Rate: 1000}
	refused(t, folder, order, "")
	first, err := drive.Open(folder, order)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := first.Keep(ctx); err != nil {
		t.Fatal(err)
	}
	reached := first.Note().Reached
	if note := first.Note(); note.Start != schemas.Instant(start) || note.Rate != 1000 || reached < note.Start {
		t.Errorf("the note is %+v", note)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	closed := first.Note().Reached
	refused(t, folder, drive.Order{}, "needs another folder")
	refused(t, folder, drive.Order{Start: at(start - 1), Rate: 1}, "time does not go back")
	refused(t, folder, drive.Order{Start: at(instant.Instant(closed)), Rate: 1}, "")
	second, err := drive.Open(folder, drive.Order{Rate: 1})
	if err != nil {
		t.Fatal(err)
	}
	if note := second.Note(); note.Start < reached || note.Start > closed {
		t.Errorf("it goes on from %s; it was closed between %s and %s", note.Start.Time(), reached.Time(), closed.Time())
	}
}

func TestAFolderOfTheTimeOfDayIsNotDriven(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "broker"), 0o755); err != nil {
		t.Fatal(err)
	}
	refused(t, folder, drive.Order{Rate: 1}, "by the time of day")
	refused(t, folder, drive.Order{}, "")
	driven, err := drive.Open(folder, drive.Order{})
	if driven != nil || err != nil {
		t.Errorf("without an order a clock is driven: %v", err)
	}
}

// TestTimeNeverGoesBackWhateverEndsIt: a killed process leaves what it noted last, at whatever instant it is killed, and a closed
// one where it was. None shows an instant before one that was shown.
func TestTimeNeverGoesBackWhateverEndsIt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		folder, shown := t.TempDir(), start
		order := drive.Order{Start: at(start)}
		for range rapid.IntRange(2, 5).Draw(rt, "processes") {
			order.Rate = rapid.SampledFrom([]int64{1, 3_600, processors.DrivenRateMax}).Draw(rt, "rate")
			d, err := drive.Open(folder, order)
			if err != nil {
				rt.Fatal(err)
			}
			for range rapid.IntRange(0, 3).Draw(rt, "looks") {
				if now := d.Clock().Now(); now < shown || now > d.Reserved() {
					rt.Fatalf("it shows %s, after %s, and may go to %s", now.Time(), shown.Time(), d.Reserved().Time())
				}
				shown = d.Clock().Now()
				if rapid.Bool().Draw(rt, "noted") {
					if err := d.Reserve(); err != nil {
						rt.Fatal(err)
					}
				}
			}
			if rapid.Bool().Draw(rt, "closed") {
				if err := d.Close(); err != nil {
					rt.Fatal(err)
				}
				shown = d.Clock().Now() // the broker tells it still
			}
			order.Start = nil
		}
	})
}

// TestTheClockDoesNotPassWhatIsNotNoted: the next process would begin before it.
func TestTheClockDoesNotPassWhatIsNotNoted(t *testing.T) {
	folder := t.TempDir()
	d, err := drive.Open(folder, drive.Order{Rate: processors.DrivenRateMax})
	if err != nil {
		t.Fatal(err)
	}
	until := d.Reserved()
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := d.Reserve(); err == nil || d.Reserved() != until {
		t.Errorf("noted is nothing (%v), and the clock may go on from %s to %s", err, until.Time(), d.Reserved().Time())
	}
	if err := d.Close(); err == nil {
		t.Error("it is closed without a note, and nobody is told")
	}
}

// TestOpenLooksAgain: between the check of the switches and the folder's becoming this process's, another one may have run in it.
func TestOpenLooksAgain(t *testing.T) {
	folder := t.TempDir()
	refused(t, folder, drive.Order{Rate: 1}, "")
	if err := os.Mkdir(filepath.Join(folder, "broker"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := drive.Open(folder, drive.Order{Rate: 1}); err == nil {
		t.Error("a folder of the time of day is driven")
	}
	folder = t.TempDir()
	if _, err := drive.Open(folder, drive.Order{Start: at(start), Rate: 1}); err != nil {
		t.Fatal(err)
	}
	for _, order := range []drive.Order{{}, {Start: at(start - 1), Rate: 1}} {
		if _, err := drive.Open(folder, order); err == nil {
			t.Errorf("%+v: a folder that is driven is taken", order)
		}
	}
}

// TestANoteThatCannotBeReadIsNamed, nor one that no clock has written.
func TestANoteThatCannotBeReadIsNamed(t *testing.T) {
	const whole = `{"start":"2027-03-28T00:59:00Z","rate":60,"began_at":"2026-11-26T00:00:00Z","reached":"2027-03-28T01:00:00Z"}`
	for name, text := range map[string]string{
		"text": "soon", "an empty file": "", "a part": whole[:40],
		"a rate of 0":       strings.Replace(whole, "60", "0", 1),
		"a rate too high":   strings.Replace(whole, "60", "100001", 1),
		"a clock too far":   strings.Replace(whole, "2027-03-28T01", "2262-04-12T01", 1),
		"a start too early": strings.Replace(whole, "2027-03-28T00", "1969-03-28T00", 1),
		"a reserve too far": strings.Replace(whole, "}", `,"reserved":"9999-01-01T00:00:00Z"}`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "clock.json"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			refused(t, folder, drive.Order{}, "clock.json")
			refused(t, folder, drive.Order{Rate: 1}, "clock.json")
		})
	}
	folder := t.TempDir() // as it was written before there was a reserve
	if err := os.WriteFile(filepath.Join(folder, "clock.json"), []byte(whole), 0o644); err != nil {
		t.Fatal(err)
	}
	refused(t, folder, drive.Order{Rate: 1}, "")
	refused(t, folder, drive.Order{Start: at(start + 59_999), Rate: 1}, "time does not go back")
}

func TestWithoutAStartItBeginsNow(t *testing.T) {
	before := instant.Of(time.Now())
	d, err := drive.Open(t.TempDir(), drive.Order{Rate: 1})
	if err != nil {
		t.Fatal(err)
	}
	if begins := instant.Instant(d.Note().Start); begins < before || begins > instant.Of(time.Now()) {
		t.Errorf("it begins at %s", begins.Time())
	}
}
