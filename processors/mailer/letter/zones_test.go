package letter_test

import (
	"testing"

	"github.com/rmn-arms/campaign-engine/state/zone"
)

// TestEveryZoneIsTold: letters tell a flight in each zone of the database as the one function for people does, beside UTC.
func TestEveryZoneIsTold(t *testing.T) {
	for _, name := range zone.Default().Names() {
		l := started()
		l.Campaign.Zone = name
		says(t, l, "Campaign started: Spring sale", name,
			zone.Display(name, l.Campaign.StartsAt), zone.Display(name, l.Campaign.EndsAt),
			zone.Display("UTC", l.Campaign.StartsAt), zone.Display("UTC", l.Campaign.EndsAt))
	}
}
