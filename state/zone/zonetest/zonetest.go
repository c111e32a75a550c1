// Package zonetest makes up releases of the time zone database for tests.
package zonetest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/rmn-arms/campaign-engine/state/zone"
)

// Release returns a database of that version in which each name has the rules that another zone has in the embedded one; a name
// without one ("") is left out. Europe/Berlin as Africa/Lagos, for instance, is a Berlin without summer time.
func Release(version string, rules map[string]string) (*zone.Database, error) {
	files, err := zip.NewReader(strings.NewReader(zone.Archive()), int64(len(zone.Archive())))
	if err != nil {
		return nil, fmt.Errorf("reading the embedded time zones: %w", err)
	}
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	for _, file := range files.File {
		from := file.Name
		if other, is := rules[file.Name]; is {
			from = other
		}
		if from == "" || !file.Mode().IsRegular() {
			continue
		}
		if err := copyRules(writer, file.Name, files, from); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("writing time zones: %w", err)
	}
	return zone.Open(archive.String(), version)
}

func copyRules(to *zip.Writer, name string, files *zip.Reader, from string) error {
	source, err := files.Open(from)
	if err != nil {
		return fmt.Errorf("taking the rules of %s for %s: %w", from, name, err)
	}
	defer source.Close()
	entry, err := to.CreateHeader(&zip.FileHeader{Name: name})
	if err != nil {
		return fmt.Errorf("writing zone %s: %w", name, err)
	}
	if _, err := io.Copy(entry, source); err != nil {
		return fmt.Errorf("writing zone %s: %w", name, err)
	}
	return nil
}
