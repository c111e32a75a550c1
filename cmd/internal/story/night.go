package story

import (
	"slices"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// The night: in Berlin it is that on which 02:00 becomes 03:00.
const (
	evening    = "2027-03-27"
	morning    = "2027-03-28"
	advertiser = "nordwind"
	berlin     = "Europe/Berlin"

	// Lead is the distribution lead.
	Lead = 2 * time.Hour

	// lonely is offline from the one instant until the other.
	lonely                    = "potsdam-2"
	offlineFrom, offlineUntil = "23:20", "03:20"
)

// The campaigns.
const (
	night, summer, flash = "night-show", "summer-time", "flash-sale"
)

// Start is what the clock shows at first.
func Start() instant.Instant { return at("20:00") }

// at returns an instant of the night, in UTC: what is before noon is of the morning.
func at(clock string) instant.Instant {
	day := evening
	if clock < "12:00" {
		day = morning
	}
	parsed, err := time.Parse("2006-01-02 15:04", day+" "+clock)
	if err != nil {
		panic("an instant of the script is written wrong: " + clock)
	}
	return instant.Of(parsed)
}

// step is something that happens at an instant, or is due then. The next comes when what is waited for was seen.
type step struct {
	at      string // of the night
	says    string
	events  []event
	until   []sight
	mails   int  // so many were written by then
	screens bool // what is on the screens then is noted
}

// bookings are the three campaigns.
func bookings() []booking {
	desk := schemas.Contact{Email: "desk@nordwind.example", Name: "Campaign desk", Locale: "en"}
	planung := schemas.Contact{Email: "planung@nordwind.example", Name: "Mediaplanung", Locale: "de-DE"}
	return []booking{
		{
			id: flash, name: "Flash sale", zone: "Asia/Kolkata", budget: "0.50", currency: "EUR", cpm: "5.00",
			starts: "22:30", ends: "02:00", grace: 2 * time.Hour, films: []string{"sale"}, contacts: []schemas.Contact{desk},
		},
		{
			id: night, name: "Night show", zone: "America/New_York", budget: "60.00", currency: "USD", cpm: "20.00",
			starts: "23:00", ends: "03:00", grace: time.Hour, films: []string{"comedy", "drama"},
			contacts: []schemas.Contact{desk, planung},
		},
		{
			id: summer, name: "Sommerzeit", zone: berlin, budget: "100.00", currency: "EUR", cpm: "12.50",
			startsLocal: morning + "T02:30:00", endsLocal: morning + "T06:00:00", grace: time.Hour, films: []string{"sunrise"},
			contacts: []schemas.Contact{planung},
		},
	}
}

// script is the night; contents are at base.
func script(base string) []step {
	var booked []event
	for _, b := range bookings() {
		booked = append(booked, b.created(base))
	}
	return slices.Concat(untilMidnight(booked), untilTheClocksChange(), untilMorning())
}

func untilMidnight(booked []event) []step {
	return []step{
		{at: "20:00", says: "Two stores open, with two screens each.", until: playlists(allScreens())},
		{
			at: "20:10", says: "Three campaigns are booked. One is told of twice: that is no news.", events: append(booked, booked[1]),
			until: []sight{applied(flash + "/1/schedule"), applied(night + "/1/schedule"), applied(summer + "/1/schedule")},
		},
		{
			at: "20:30", says: "Two hours before the flash sale starts, its film goes to the screens.",
			until: append(playlists(allScreens(), flash), applied(flash+"/1/distribute"), ready(flash, 4)),
		},
		{
			at: "21:00", says: "The night show's films.",
			until: append(playlists(allScreens(), flash, night), applied(night+"/1/distribute"), ready(night, 4)),
		},
		{
			at: "22:30", says: "It is 04:00 in Kolkata: the flash sale starts.",
			until: []sight{applied(flash + "/1/start"), started(flash)}, mails: 1,
		},
		{at: "22:40", says: "Its film is on all screens.", until: onScreens(flash, allScreens()), screens: true},
		{
			at: "22:55", says: "Its plays are reported. The third would cost more than is left of its half euro.",
			events: []event{
				play("f-1", flash, "sale", "mitte-1", "22:31", 10, "40"), play("f-2", flash, "sale", "potsdam-1", "22:32", 10, "40"),
				play("f-3", flash, "sale", "mitte-2", "22:40", 10, "40"), play("f-4", flash, "sale", lonely, "22:45", 10, "20"),
			},
			until: []sight{judged(flash, 4)},
		},
		{
			at: "23:00", says: "It is 19:00 in New York: the night show starts.",
			until: []sight{applied(night + "/1/start"), started(night)}, mails: 3,
		},
		{
			at: "23:12", says: "More plays; one that cost too much, one of less than nobody, one from before the start.",
			events: []event{
				play("f-5", flash, "sale", "mitte-1", "23:05", 5, "1"), play("f-6", flash, "sale", "mitte-2", "23:06", 5, "-5"),
				play("n-1", night, "comedy", "mitte-1", "23:02", 10, "100"), play("n-2", night, "drama", "potsdam-1", "23:05", 5, "150.5"),
				play("n-3", night, "drama", "mitte-2", "22:50", 5, "40"),
			},
			until: []sight{judged(flash, 6), judged(night, 3)},
		},
		{
			at: "23:15", says: "The flash sale has no money left, and is cancelled.",
			events: []event{change(flash, schemas.CampaignCancelled, 2, "sold out")},
			until:  append(playlists(allScreens(), night), applied(flash+"/2/cancel")), mails: 4,
		},
		{
			at: "23:17", says: "Somebody wants it back. It is too late for that.",
			events: []event{change(flash, schemas.CampaignResumed, 3, "more in stock")}, until: []sight{rejected(flash + "/3/resume")},
		},
		{
			at: offlineFrom, says: "A screen in Potsdam loses its network, and goes on showing what it has.",
			until: []sight{offline(true)},
		},
	}
}

func untilTheClocksChange() []step {
	online := connected()
	pause := change(night, schemas.CampaignPaused, 2, "wrong price in the film")
	return []step{
		{
			at: "23:30", says: "Two hours before summer time: its film goes to the screens that are there.",
			until: append(playlists(online, night, summer), applied(summer+"/1/distribute"), ready(summer, 3)),
		},
		{
			at: "00:00", says: "The night show is paused, which is told twice.",
			events: []event{pause, pause},
			until:  append(playlists(online, summer), applied(night+"/2/pause")),
		},
		{
			at: "00:30", says: "In the pause. The screen without a network does not know of it.",
			until: append(onScreens("", online), onScreens(night, []string{lonely})...), screens: true,
		},
		{
			at: "00:45", says: "The night show is resumed.", events: []event{change(night, schemas.CampaignResumed, 3, "price corrected")},
			until: append(playlists(online, night, summer), applied(night+"/3/resume")),
		},
		{at: "01:00", says: "In Berlin it is 02:00, and now 03:00."},
		{
			at: "01:15", says: "The flash sale is settled, two hours after the cancel.",
			until: append(onScreens(night, allScreens()), settled(flash)...), screens: true, mails: 5,
		},
		{
			at: "01:20", says: "Plays: one that was reported before, and one of summer time from before its start.",
			events: []event{
				play("n-4", night, "comedy", "mitte-1", "01:00", 10, "200.25"), play("n-1", night, "comedy", "mitte-1", "23:02", 10, "100"),
				play("s-1", summer, "sunrise", "mitte-1", "01:05", 10, "50"),
			},
			until: []sight{judged(night, 5), judged(summer, 1)},
		},
		{
			at: "01:30", says: "Summer time was to start at 02:30 in Berlin, which is not tonight. It is 03:30: it starts.",
			until: []sight{applied(summer + "/1/start"), started(summer)}, mails: 6,
		},
	}
}

func untilMorning() []step {
	online := connected()
	return []step{
		{
			at: "02:30", says: "Its plays.",
			events: []event{
				play("s-2", summer, "sunrise", "mitte-2", "01:40", 10, "120"), play("s-3", summer, "sunrise", "mitte-1", "02:10", 10, "80.5"),
			},
			until: []sight{judged(summer, 3)},
		},
		{
			at: "03:00", says: "The night show ends, at 23:00 in New York.",
			until: append(playlists(online, summer), applied(night+"/3/end")),
		},
		{
			at: "03:10", says: "The screen without a network has stopped by its own clock.",
			until: append(onScreens(summer, online), onScreens("", []string{lonely})...), screens: true,
		},
		{
			at: offlineUntil, says: "It is back, and gets what it has missed.",
			until: append(playlists([]string{lonely}, summer), offline(false), ready(summer, 4)),
		},
		{
			at: "03:25", says: "It reports what it has shown, in the pause, too. Elsewhere one ran over the end, one began behind it.",
			events: []event{
				play("n-5", night, "comedy", lonely, "23:30", 10, "80"), play("n-6", night, "drama", lonely, "00:20", 10, "90"),
				play("n-7", night, "drama", lonely, "01:10", 10, "70"), play("n-8", night, "comedy", "mitte-2", "02:58", 10, "60"),
				play("n-9", night, "comedy", "potsdam-1", "03:01", 10, "33"),
			},
			until: []sight{judged(night, 10)},
		},
		{
			at: "03:40", says: "Summer time is on all screens.", screens: true,
			events: []event{
				play("s-4", summer, "sunrise", lonely, "03:22", 10, "64"), play("s-5", summer, "sunrise", "potsdam-1", "03:25", 10, "33.3"),
			},
			until: append(onScreens(summer, allScreens()), judged(summer, 5)),
		},
		{
			at: "04:00", says: "At 06:00 in Berlin summer time ends, and the night show is settled.",
			until: slices.Concat(playlists(allScreens()), settled(night), []sight{applied(summer + "/1/end")}), mails: 8,
		},
		{at: "04:10", says: "The screens are dark.", until: onScreens("", allScreens()), screens: true},
		{at: "05:00", says: "Summer time is settled.", until: settled(summer), mails: 9},
	}
}

// connected are the devices that never lose their network.
func connected() []string {
	return slices.DeleteFunc(allScreens(), func(id string) bool { return id == lonely })
}
