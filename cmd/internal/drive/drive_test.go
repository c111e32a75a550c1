package drive_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/drive"
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
	refused(t, folder, drive.Order{}, "needs another folder")
	refused(t, folder, drive.Order{Start: at(start - 1), Rate: 1}, "time does not go back")
	refused(t, folder, drive.Order{Start: at(instant.Instant(reached) + 1_000_000), Rate: 1}, "")
	second, err := drive.Open(folder, drive.Order{Rate: 1})
	if err != nil {
		t.Fatal(err)
	}
	if note := second.Note(); note.Start < schemas.Instant(start) || note.Start > reached {
		t.Errorf("it goes on from %s; it was at %s", note.Start.Time(), reached.Time())
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

func TestANoteThatCannotBeReadIsNamed(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "clock.json"), []byte("soon"), 0o644); err != nil {
		t.Fatal(err)
	}
	refused(t, folder, drive.Order{}, "clock.json")
	refused(t, folder, drive.Order{Rate: 1}, "clock.json")
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
