package zone

import (
	"fmt"
	"strings"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// LocalAt returns what a clock on the wall shows in this zone at an instant.
func (z *Zone) LocalAt(at instant.Instant) Local {
	_, seconds := at.Time().In(z.location).Zone()
	return Local(at.Add(instant.Millis(seconds) * 1000))
}

// Display returns an instant for a person in the zone of that name, as Zone.Display does: the one way in which people are told
// times. It is empty where the zone is not known: of a newer database than this one, or of none.
func (d *Database) Display(name string, at instant.Instant) string {
	zone, err := d.Load(name)
	if err != nil {
		return ""
	}
	return zone.Display(at)
}

// Display is Database.Display by the database that is part of the program.
func Display(name string, at instant.Instant) string { return Default().Display(name, at) }

// Display returns an instant for a person in this zone: local time, fraction of a second if there is one, offset, and
// the abbreviation where people have one: "2026-12-01 00:00:00 -05:00 EST".
func (z *Zone) Display(at instant.Instant) string {
	local := at.Time().In(z.location)
	abbreviation, offset := local.Zone()
	text := local.Format("2006-01-02 15:04:05.999 ") + writeOffset(offset)
	// The database's own stand-in for an abbreviation is the offset again.
	if strings.HasPrefix(abbreviation, "+") || strings.HasPrefix(abbreviation, "-") {
		return text
	}
	return text + " " + abbreviation
}

// writeOffset writes an offset in seconds as +01:00, with its seconds if it has any: local mean time, before the zone had a
// standard one. The library's own layout writes -52 s as +00:00:-52.
func writeOffset(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	text := fmt.Sprintf("%c%02d:%02d", sign, seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		text += fmt.Sprintf(":%02d", seconds%60)
	}
	return text
}
