// Package generate makes realistic campaigns: retailers all over the world with their calendars, and what their
// campaign services would publish about them, in the order of time. Nothing here reads a clock or a file.
//
//	generate.go  settings, and the order of events
//	market.go    countries: time zones with their changes of the clocks, currencies, scales
//	retailer.go  retailers, their stores, the weekday of their weekly ad
//	calendar.go  which kind of campaign, and its window
//	campaign.go  one campaign: its definition and what happens to it later
//	event.go     its events
//	devices.go   the devices in the stores
//
// The same settings give the same events, byte for byte, on every machine and Go release: every draw comes from
// math/rand/v2's PCG (PCG-DXSM, whose output is fixed), seeded with Settings.Seed and a stream of its own for each
// retailer and each campaign, and no number is a float on its way. So a campaign can be made again when its next event
// is due, and a million of them need memory for their instants only.
package generate

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// Settings say what to make.
type Settings struct {
	Campaigns int
	Seed      uint64
	// From is the first local day on which a campaign may start; only its date counts. Events are up to
	// leadMaxDays older.
	From time.Time
	// First, unless it is zero, is when the first campaigns start: all windows are moved by as much, and given as instants,
	// so that what begins at one midnight anywhere in the calendar begins at one instant. From is then First's day.
	First time.Time
	// Days is on how many days, from From on, campaigns start.
	Days      int
	Retailers int
	// Changes is the share of campaigns, 0 to 1, that are changed after they were created.
	Changes float64
	// Stores is how many stores there are, shared out evenly among the retailers; 0: 20 to 299 each.
	Stores int
	// StoresEach is in how many stores each campaign runs; 0: 3 to 14.
	StoresEach int
	// Devices is how many devices are registered in each store, before anything else happens.
	Devices int
}

// The limits of Settings. A step of the order of events takes 16 bytes, so the most campaigns take about 300 MB.
const (
	CampaignsMax = 10_000_000
	DaysMax      = 3660
	RetailersMax = 1000
	StoresMax    = 1_000_000
	DevicesMax   = 1000
)

// ErrSettings says that the settings are outside the limits.
var ErrSettings = errors.New("outside the limits")

func (s Settings) check() error {
	if !s.First.IsZero() {
		s.From = s.First
	}
	switch {
	case s.Campaigns < 1 || s.Campaigns > CampaignsMax:
		return fmt.Errorf("%w: campaigns must be from 1 to %d", ErrSettings, CampaignsMax)
	case s.Days < 1 || s.Days > DaysMax:
		return fmt.Errorf("%w: days must be from 1 to %d", ErrSettings, DaysMax)
	case s.Retailers < 1 || s.Retailers > RetailersMax:
		return fmt.Errorf("%w: retailers must be from 1 to %d", ErrSettings, RetailersMax)
	case !(s.Changes >= 0 && s.Changes <= 1):
		return fmt.Errorf("%w: changes must be from 0 to 1", ErrSettings)
	case s.Stores < 0 || s.Stores > StoresMax || s.Devices < 0 || s.Devices > DevicesMax:
		return fmt.Errorf("%w: stores must be from 1 to %d, devices from 0 to %d a store", ErrSettings, StoresMax, DevicesMax)
	case s.StoresEach < 0 || s.fewestStores() < cmp.Or(s.StoresEach, storesEachMax):
		return fmt.Errorf("%w: the smallest retailer has %d stores, so a campaign cannot run in %d", ErrSettings, s.fewestStores(),
			cmp.Or(s.StoresEach, storesEachMax))
	case s.From.Year() < 1971 || s.From.Year() > 9900:
		return fmt.Errorf("%w: from must be a day of the years 1971 to 9900", ErrSettings)
	}
	return nil
}

// Event is one event of a campaign service; Data is a schemas.Definition or a schemas.Change.
type Event = schemas.Event[any]

// Events returns the events in the order of their time. Error: ErrSettings.
func Events(s Settings) (iter.Seq[Event], error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("generating campaigns: %w", err)
	}
	if !s.First.IsZero() {
		s.From = s.First.UTC()
	}
	year, month, day := s.From.Date()
	g := generator{Settings: s, first: time.Date(year, month, day, 0, 0, 0, 0, time.UTC)}
	g.retailers = make([]retailer, s.Retailers)
	for i := range g.retailers {
		g.retailers[i] = newRetailer(i, g.draws(retailerStreams+uint64(i)))
		if s.Stores > 0 {
			g.retailers[i].stores = s.storesOf(i)
		}
	}
	if !s.First.IsZero() {
		g.move = s.First.Truncate(time.Millisecond).Sub(g.earliest())
	}
	return func(yield func(Event) bool) {
		order := g.order()
		for event := range g.devices(order[0].at) {
			if !yield(event) {
				return
			}
		}
		for _, at := range order {
			c := g.campaign(int(at.campaign))
			if !yield(c.event(int(at.step))) {
				return
			}
		}
	}, nil
}

// generator makes campaigns by their number.
type generator struct {
	Settings
	first     time.Time // midnight of From, as if it were in UTC
	retailers []retailer
	// move is how much later than by the calendar all campaigns start and end, with Settings.First.
	move time.Duration
}

// earliest returns the first start of all campaigns by the calendar.
func (g *generator) earliest() time.Time {
	var earliest time.Time
	for number := range g.Campaigns {
		if _, s, _ := g.plan(number); number == 0 || s.start.Before(earliest) {
			earliest = s.start
		}
	}
	return earliest
}

// retailerStreams keeps the streams of retailers apart from those of campaigns, which are their numbers.
const retailerStreams = 1 << 63

func (g *generator) draws(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(g.Seed, stream)) }

// moment is when one event of a campaign happens.
type moment struct {
	at       schemas.Instant
	campaign int32
	step     int32
}

// order returns all events in the order of their time; of one instant in the order of campaigns.
func (g *generator) order() []moment {
	moments := make([]moment, 0, g.Campaigns*3/2)
	for number := range g.Campaigns {
		planned, _, _ := g.plan(number)
		for step, s := range planned.steps {
			moments = append(moments, moment{s.at, int32(number), int32(step)})
		}
	}
	slices.SortFunc(moments, func(a, b moment) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.campaign, b.campaign), cmp.Compare(a.step, b.step))
	})
	return moments
}
