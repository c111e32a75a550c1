package zone

import (
	"strings"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// LocalAt returns what a clock on the wall shows in this zone at an instant.
func (z *Zone) LocalAt(at instant.Instant) Local {
	_, seconds := at.Time().In(z.location).Zone()
	return Local(at.Add(instant.Millis(seconds) * 1000))
}

// Display returns an instant for a person in this zone: local time, fraction of a second if there is one, offset, and
// the abbreviation where people have one: "2026-12-01 00:00:00 -05:00 EST".
func (z *Zone) Display(at instant.Instant) string {
	local := at.Time().In(z.location)
	abbreviation, offset := local.Zone()
	layout := "2006-01-02 15:04:05.999 -07:00"
	if offset%60 != 0 {
		layout += ":00" // local mean time, before the zone had a standard one
	}
	// The database's own stand-in for an abbreviation is the offset again.
	if strings.HasPrefix(abbreviation, "+") || strings.HasPrefix(abbreviation, "-") {
		return local.Format(layout)
	}
	return local.Format(layout + " MST")
}
