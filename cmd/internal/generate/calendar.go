package generate

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// slot is what a campaign's place in the retailer's calendar says about it. start and end are wall-clock times, kept as
// if they were in UTC.
type slot struct {
	title      string
	start, end time.Time
	// instants says that the window is given as instants, not as wall-clock times.
	instants bool
}

// moved returns the slot that much later, as instants.
func (s slot) moved(by time.Duration) slot {
	s.start, s.end, s.instants = s.start.Add(by), s.end.Add(by), true
	return s
}

// slot draws a campaign's place in the calendar: most begin at midnight of a day on which many others do.
func (g *generator) slot(r *retailer, draw *rand.Rand) slot {
	date := g.first.AddDate(0, 0, draw.IntN(g.Days))
	switch kind := draw.IntN(100); {
	case kind < 45:
		return g.weeklyAd(r, date)
	case kind < 70:
		return g.weekend(date)
	case kind < 85:
		return slot{title: season(date) + " sale", start: date, end: date.AddDate(0, 0, 10+draw.IntN(19))}
	case kind < 95:
		opens := date.Add(time.Duration(7+draw.IntN(10)) * time.Hour)
		return slot{title: "Flash deal", start: opens, end: opens.Add(time.Duration(2+draw.IntN(3)) * time.Hour)}
	default:
		starts := date.Add(time.Duration(draw.IntN(24*60)) * time.Minute)
		return slot{title: "Brand", start: starts, end: starts.AddDate(0, 0, 14+draw.IntN(60)), instants: true}
	}
}

// weeklyAd runs for a week from the retailer's weekday on.
func (g *generator) weeklyAd(r *retailer, date time.Time) slot {
	date = g.next(date, r.adDay)
	_, week := date.ISOWeek()
	return slot{title: fmt.Sprintf("Weekly ad %d", week), start: date, end: date.AddDate(0, 0, 7)}
}

// weekend runs from Friday to the end of Sunday.
func (g *generator) weekend(date time.Time) slot {
	date = g.next(date, time.Friday)
	return slot{title: "Weekend special", start: date, end: date.AddDate(0, 0, 3)}
}

// next returns the next such weekday; the last one when the next is too late, and the day itself when that is too early.
func (g *generator) next(date time.Time, weekday time.Weekday) time.Time {
	found := date.AddDate(0, 0, (int(weekday)-int(date.Weekday())+7)%7)
	if !found.Before(g.first.AddDate(0, 0, g.Days)) {
		found = found.AddDate(0, 0, -7)
	}
	if found.Before(g.first) {
		return date
	}
	return found
}

// season names the time of the year as shops do.
func season(date time.Time) string {
	return [...]string{"New Year", "Valentine's", "Spring", "Easter", "Garden", "Summer", "Summer", "Back to school",
		"Harvest", "Halloween", "Black Friday", "Holiday"}[date.Month()-1]
}
