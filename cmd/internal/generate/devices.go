package generate

import (
	"fmt"
	"iter"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// storesMin is how many stores a retailer has at the least, where their number is drawn.
const storesMin = 20

// fewestStores is how many stores the smallest retailer may have.
func (s Settings) fewestStores() int {
	if s.Stores == 0 {
		return storesMin
	}
	return s.Stores / s.Retailers
}

// storesOf is how many of Stores are a retailer's.
func (s Settings) storesOf(retailer int) int {
	count := s.Stores / s.Retailers
	if retailer < s.Stores%s.Retailers {
		count++
	}
	return count
}

// devices returns the registrations of all devices at an instant, store by store. Each device takes what campaigns are made of.
func (g *generator) devices(at schemas.Instant) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for i := range g.retailers {
			r := &g.retailers[i]
			for store := range r.stores {
				for device := range g.Devices {
					if !yield(registered(r, r.storeID(store), device+1, at)) {
						return
					}
				}
			}
		}
	}
}

func registered(r *retailer, store string, device int, at schemas.Instant) Event {
	id := fmt.Sprintf("%s-d%d", store, device)
	return Event{
		SpecVersion: schemas.SpecVersion, ID: id + "-registered", Source: "https://devices." + r.id + ".example",
		Type: schemas.DeviceRegistered, Subject: store, Time: &at, DataContentType: schemas.DataContentType,
		Data: schemas.Registered{
			DeviceID: id, StoreID: store, TimeZone: r.zones[0],
			Capabilities: &schemas.Capabilities{MIME: []string{"video/mp4", "image/jpeg"}},
		},
	}
}
