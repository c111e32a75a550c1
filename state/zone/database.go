// Package zone turns wall-clock times into instants and back, by a time zone database of its own.
package zone

import (
	"archive/zip"
	"bytes"
	_ "embed" // zoneinfo.zip
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// DatabaseVersion is the release of the IANA time zone database in zoneinfo.zip, which is lib/time/zoneinfo.zip of the
// Go distribution (1.26.8) and in the public domain. The database of the machine is never looked at, so every instance
// and every replay resolves a time alike.
const DatabaseVersion = "2025c"

//go:embed zoneinfo.zip
var database []byte

// ErrUnknownZone says that a name is not one of the database's. Case counts; "" and "Local" are no names.
var ErrUnknownZone = errors.New("must be a name of the IANA time zone database, for example America/New_York")

// Zone is a time zone of the database. It never changes and may be used by many goroutines at once.
type Zone struct {
	name     string
	location *time.Location
}

// Name returns the zone's name in the database.
func (z *Zone) Name() string { return z.name }

// Load returns the zone of that name. Its error is ErrUnknownZone.
func Load(name string) (*Zone, error) {
	load, known := zones()[name]
	if !known {
		return nil, ErrUnknownZone
	}
	return load(), nil
}

// zones returns for each name how to load its zone. It is a pure cache of the embedded bytes: read at the first call,
// each zone once, when it is first asked for. It holds at most the names of the database.
var zones = sync.OnceValue(func() map[string]func() *Zone {
	archive, err := zip.NewReader(bytes.NewReader(database), int64(len(database)))
	if err != nil {
		panic(fmt.Sprintf("opening the embedded zoneinfo.zip: %v", err))
	}
	loads := make(map[string]func() *Zone, len(archive.File))
	for _, file := range archive.File {
		if file.Mode().IsRegular() {
			loads[file.Name] = sync.OnceValue(func() *Zone { return read(file) })
		}
	}
	return loads
})

// read parses one entry. The bytes are part of the program and tested whole: a broken one is a broken build.
func read(file *zip.File) *Zone {
	entry, err := file.Open()
	if err != nil {
		panic(fmt.Sprintf("opening embedded zone %s: %v", file.Name, err))
	}
	data, err := io.ReadAll(entry)
	if err != nil {
		panic(fmt.Sprintf("reading embedded zone %s: %v", file.Name, err))
	}
	location, err := time.LoadLocationFromTZData(file.Name, data)
	if err != nil {
		panic(fmt.Sprintf("parsing embedded zone %s: %v", file.Name, err))
	}
	return &Zone{name: file.Name, location: location}
}
