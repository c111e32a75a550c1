// Package zone turns wall-clock times into instants and back, by a time zone database of its own.
package zone

import (
	"archive/zip"
	_ "embed" // zoneinfo.zip
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// DatabaseVersion is the release of the IANA time zone database in zoneinfo.zip, which is lib/time/zoneinfo.zip of the
// Go distribution (1.26.8) and in the public domain. The database of the machine is never looked at, so every instance
// and every replay resolves a time alike.
const DatabaseVersion = "2025c"

//go:embed zoneinfo.zip
var archive string

// Archive returns the zip archive that is part of the program: a TZif file (RFC 9636) for each name, not compressed.
func Archive() string { return archive }

// ErrUnknownZone says that a name is not one of the database's. Case counts; "" and "Local" are no names.
var ErrUnknownZone = errors.New("must be a name of the IANA time zone database, for example America/New_York")

// Database is one release of the time zone database. It never changes and may be used by many goroutines at once.
type Database struct {
	version string
	// zones says for each name how its zone is loaded: each once, when it is first asked for.
	zones map[string]func() (*Zone, error)
}

// Default returns the database that is part of the program.
func Default() *Database { return embedded() }

var embedded = sync.OnceValue(func() *Database {
	database, err := index(archive, DatabaseVersion)
	if err != nil { // the bytes are part of the program and tested whole: a broken build
		panic(fmt.Sprintf("opening the embedded time zones: %v", err))
	}
	return database
})

// Open returns the database in a zip archive like Archive, of which version says what release it is. Every zone has then been
// read. Its error says what is broken.
func Open(archive, version string) (*Database, error) {
	database, err := index(archive, version)
	if err != nil {
		return nil, err
	}
	for _, name := range database.Names() {
		if _, err := database.zones[name](); err != nil {
			return nil, err
		}
	}
	return database, nil
}

// versionMaxBytes is far beyond 2025c; a transition's id and a row have room for it.
const versionMaxBytes = 16

func index(archive, version string) (*Database, error) {
	if version == "" || len(version) > versionMaxBytes {
		return nil, fmt.Errorf("opening time zones: the version %q must have 1 to %d bytes", version, versionMaxBytes)
	}
	files, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("opening time zones %s: %w", version, err)
	}
	database := &Database{version: version, zones: make(map[string]func() (*Zone, error), len(files.File))}
	for _, file := range files.File {
		if file.Mode().IsRegular() {
			database.zones[file.Name] = sync.OnceValues(func() (*Zone, error) { return read(file) })
		}
	}
	return database, nil
}

func read(file *zip.File) (*Zone, error) {
	entry, err := file.Open()
	if err != nil {
		return nil, fmt.Errorf("opening zone %s: %w", file.Name, err)
	}
	data, err := io.ReadAll(entry)
	if err != nil {
		return nil, fmt.Errorf("reading zone %s: %w", file.Name, err)
	}
	location, err := time.LoadLocationFromTZData(file.Name, data)
	if err != nil {
		return nil, fmt.Errorf("parsing zone %s: %w", file.Name, err)
	}
	return &Zone{name: file.Name, location: location}, nil
}

// Version returns which release it is, for example 2025c.
func (d *Database) Version() string { return d.version }

// Names returns the names of all zones, aliases included, sorted.
func (d *Database) Names() []string { return slices.Sorted(maps.Keys(d.zones)) }

// Load returns the zone of that name. Its error is ErrUnknownZone.
func (d *Database) Load(name string) (*Zone, error) {
	load, known := d.zones[name]
	if !known {
		return nil, ErrUnknownZone
	}
	zone, err := load()
	if err != nil { // Open and the tests have read them all
		panic(err.Error())
	}
	return zone, nil
}

// Resolve returns the instant that a wall-clock text means in a zone. Its errors are ErrLocal, ErrUnknownZone, and those of
// Zone.Resolve.
func (d *Database) Resolve(name, local string, how Disambiguation) (instant.Instant, error) {
	wall, err := ParseLocal(local)
	if err != nil {
		return 0, err
	}
	zone, err := d.Load(name)
	if err != nil {
		return 0, err
	}
	return zone.Resolve(wall, how)
}

// Load returns the zone of that name in the database that is part of the program. Its error is ErrUnknownZone.
func Load(name string) (*Zone, error) { return Default().Load(name) }

// Zone is a time zone of a database. It never changes and may be used by many goroutines at once.
type Zone struct {
	name     string
	location *time.Location
}

// Name returns the zone's name in the database.
func (z *Zone) Name() string { return z.name }
