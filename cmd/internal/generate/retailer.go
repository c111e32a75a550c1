package generate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// retailer runs stores in one market.
type retailer struct {
	id   string
	name string
	market
	// adDay is the weekday on which its weekly ads begin.
	adDay       time.Weekday
	stores      int
	advertisers int
}

// newRetailer makes the retailer of a number; numbers share the markets in turn, so a few already span the world.
func newRetailer(number int, draw *rand.Rand) retailer {
	places := []string{"Harbor", "Summit", "Maple", "Lakeside", "Prairie", "Coral", "Cedar", "Northgate", "Juniper", "Orchard"}
	trades := []string{"Market", "Grocers", "Foods", "Pharmacy", "Home", "Hardware", "Outfitters", "Electronics", "Pets", "Sports"}
	name := places[draw.IntN(len(places))] + " " + trades[draw.IntN(len(trades))]
	adDays := []time.Weekday{time.Sunday, time.Monday, time.Wednesday, time.Thursday}
	all := markets()
	return retailer{
		// The number tells two of one name apart.
		id:     fmt.Sprintf("%s-%d", strings.ReplaceAll(strings.ToLower(name), " ", "-"), number+1),
		name:   name,
		market: all[number%len(all)], adDay: adDays[draw.IntN(len(adDays))],
		stores: storesMin + draw.IntN(280), advertisers: 5 + draw.IntN(40),
	}
}

// zone draws one of its time zones: half of all campaigns are in the first.
func (r *retailer) zone(draw *rand.Rand) string {
	if draw.IntN(2) == 0 {
		return r.zones[0]
	}
	return r.zones[draw.IntN(len(r.zones))]
}

func (r *retailer) storeID(number int) string { return fmt.Sprintf("%s-%04d", r.id, number+1) }
