package zone

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// names returns every name of the embedded database.
func names(t *testing.T) []string {
	t.Helper()
	return Default().Names()
}

func load(t *testing.T, name string) *Zone {
	t.Helper()
	zone, err := Load(name)
	if err != nil {
		t.Fatalf("Load(%q): %v", name, err)
	}
	return zone
}

// TestDatabaseVersion ties the constant to the bytes. The archive does not name its release, so the hash does; and what
// each of the two latest releases of 2025 changed is there: 2025b added Coyhaique, 2025c let Baja California keep
// California's summer time of 1953. Renewing zoneinfo.zip means changing all of them.
func TestDatabaseVersion(t *testing.T) {
	const hash = "8f55634d05f8bca1f7bc7c69c5933428c69357e0bdf565e5ba224e3f88ff12e8"
	if sum := sha256.Sum256([]byte(archive)); hex.EncodeToString(sum[:]) != hash || DatabaseVersion != "2025c" {
		t.Errorf("zoneinfo.zip has SHA-256 %x, DatabaseVersion is %s; want %s, 2025c", sum, DatabaseVersion, hash)
	}
	if _, err := Load("America/Coyhaique"); err != nil {
		t.Errorf("America/Coyhaique, new in 2025b: %v", err)
	}
	tijuana := load(t, "America/Tijuana").location
	if name, _ := time.Date(1953, 7, 1, 12, 0, 0, 0, tijuana).Zone(); name != "PDT" {
		t.Errorf("America/Tijuana in July 1953 is on %s; want PDT, as of 2025c", name)
	}
}

func TestEveryZoneOfTheDatabaseLoads(t *testing.T) {
	all := names(t)
	if len(all) < 590 {
		t.Fatalf("%d zones; want at least 590", len(all))
	}
	for _, name := range all {
		if zone := load(t, name); zone.Name() != name || zone.location.String() != name {
			t.Errorf("zone %q is called %q and its location %q", name, zone.Name(), zone.location)
		}
	}
}

func TestUnknownZones(t *testing.T) {
	for _, name := range []string{
		"", "Local", "local", "utc", "america/new_york", "AMERICA/NEW_YORK", "America/New York", "America/New_York ",
		"America", "America/", "/America/New_York", "../America/New_York", "America/../America/New_York",
		"America\\New_York", "/etc/localtime", "/usr/share/zoneinfo/UTC", "./UTC", "EST5EDT4", "UTC+1", "+01:00", "CEST",
		"posix/UTC", "posixrules", "zone.tab", "America/New_York\x00", "Mars/Olympus",
	} {
		if zone, err := Load(name); !errors.Is(err, ErrUnknownZone) || zone != nil {
			t.Errorf("Load(%q) = %v, %v; want ErrUnknownZone", name, zone, err)
		}
	}
}

// TestTheMachineIsNotAsked: neither the machine's database nor its own zone plays a part.
func TestTheMachineIsNotAsked(t *testing.T) {
	t.Setenv("ZONEINFO", t.TempDir())
	t.Setenv("TZ", "Asia/Kolkata")
	zone := load(t, "Europe/Berlin")
	at, err := zone.Resolve(0, Compatible)
	if err != nil || at != -3_600_000 {
		t.Errorf("1970-01-01T00:00:00 in Berlin is %d, %v; want -3600000", at, err)
	}
}

func TestLoadIsSharedAndConcurrent(t *testing.T) {
	all := names(t)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for _, name := range all {
				first, err := Load(name)
				second, again := Load(name)
				if err != nil || again != nil || first != second {
					t.Errorf("Load(%q) gives %p, %v, then %p, %v", name, first, err, second, again)
				}
				if _, err := first.Resolve(1_000_000_000_000, Compatible); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	workers.Wait()
}

// TestEntriesAreStored keeps loading cheap: the archive's entries are not compressed.
func TestEntriesAreStored(t *testing.T) {
	archive, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range archive.File {
		entry, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(entry); err != nil || file.Method != zip.Store || !bytes.HasPrefix(data, []byte("TZif")) {
			t.Errorf("%s: method %d, %d bytes, %v; want a stored TZif file", file.Name, file.Method, len(data), err)
		}
	}
}

// TestOpen: another release is another value, and nothing of the one is the other's.
func TestOpen(t *testing.T) {
	other, err := Open(archive, "2031z")
	if err != nil {
		t.Fatal(err)
	}
	if other.Version() != "2031z" || Default().Version() != DatabaseVersion || !slices.Equal(other.Names(), Default().Names()) {
		t.Errorf("opened is %s with %d zones, the default %s with %d", other.Version(), len(other.Names()),
			Default().Version(), len(Default().Names()))
	}
	if zone, err := other.Load("Europe/Berlin"); err != nil || zone == load(t, "Europe/Berlin") {
		t.Errorf("the zone of the other database is %p, %v: not one of its own", zone, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	var broken bytes.Buffer
	writer := zip.NewWriter(&broken)
	entry, err := writer.Create("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	_, err = entry.Write([]byte("TZif2 and no more"))
	if err = errors.Join(err, writer.Close()); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct{ archive, version string }{
		"no archive":         {"", "2031z"},
		"no version":         {archive, ""},
		"a version too long": {archive, "2031z-and-some-more"},
		"a broken zone":      {broken.String(), "2031z"},
		"half an archive":    {archive[:len(archive)/2], "2031z"},
	} {
		if database, err := Open(c.archive, c.version); err == nil || database != nil {
			t.Errorf("%s: %v, %v; want an error", what, database, err)
		}
	}
}

func TestResolveInADatabase(t *testing.T) {
	for _, c := range []struct {
		zone, local string
		how         Disambiguation
		want        error
	}{
		{"Europe/Berlin", "2026-12-01T00:00", Compatible, ErrLocal},
		{"Europe/Bärlin", "2026-12-01T00:00:00", Compatible, ErrUnknownZone},
		{"Europe/Berlin", "2027-03-28T02:30:00", Reject, ErrSkipped},
		{"Europe/Berlin", "2026-12-01T00:00:00", "first", ErrDisambiguation},
		{"Europe/Berlin", "2026-12-01T00:00:00", Reject, nil},
	} {
		if at, err := Default().Resolve(c.zone, c.local, c.how); !errors.Is(err, c.want) || err == nil && write(at) != "2026-11-30T23:00:00Z" {
			t.Errorf("%s in %s by %s: %s, %v; want %v", c.local, c.zone, c.how, write(at), err, c.want)
		}
	}
}

// TestAliases: a name that stands for another says the same at every instant, be it an old name or the zone that has it now.
func TestAliases(t *testing.T) {
	from := instant.Of(time.Date(1800, 1, 1, 0, 0, 0, 0, time.UTC)) // no zone changed before
	to := instant.Of(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
	for alias, name := range map[string]string{
		"US/Eastern": "America/New_York", "Asia/Calcutta": "Asia/Kolkata", "Europe/Kiev": "Europe/Kyiv", "Etc/UTC": "UTC",
		"Zulu": "UTC", "GMT": "Etc/GMT", "NZ": "Pacific/Auckland", "Australia/ACT": "Australia/Sydney", "EST": "America/Panama",
	} {
		one, other := load(t, alias), load(t, name)
		for at := from; at < to; at += 7 * 86_400_000 {
			if one.LocalAt(at) != other.LocalAt(at) {
				t.Fatalf("%s and %s differ at %s", alias, name, write(at))
			}
		}
	}
}
