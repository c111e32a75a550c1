package demo

import (
	"fmt"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// The times of a play: it lasts a moment, since the whole demonstration lasts ten seconds, and is reported when it is over.
const (
	playLasts    = 400 * time.Millisecond
	reportedIn   = 50 * time.Millisecond
	repeatedIn   = 300 * time.Millisecond
	betweenPlays = 500 * time.Millisecond
)

// plays publishes what the devices of two stores have shown, as their gateway reports it: mostly right, and as it goes in
// stores.
func (w *writer) plays() {
	for store := 1; store <= 2; store++ {
		for device := 1; device <= 2; device++ {
			for n := range 7 { // 28 plays of 41: 1,148 impressions, 2.87 USD
				w.play("coffee", store, device, n, "41", 2050*time.Millisecond+time.Duration(n)*betweenPlays)
			}
		}
		for n := range 8 { // those within the pause do not count
			w.play("garden", store, 1, n, "12.5", 2050*time.Millisecond+time.Duration(n)*650*time.Millisecond)
		}
		w.play("school", store, 1, 0, "20", 3100*time.Millisecond)
		for n := range 3 {
			w.play("sunday", store, 1, n, "8", 5100*time.Millisecond+time.Duration(n)*time.Second)
		}
	}
	for n := range 4 { // its budget is 0.50: the last one would cost more than what is left
		w.play("flash", 1, 1, n, "50.5", 2100*time.Millisecond+time.Duration(n)*time.Second)
	}
	w.repeat("coffee", 1, 2, 3)
	w.repeat("coffee", 2, 1, 5)
	w.play("coffee", 2, 3, 0, "41", 1200*time.Millisecond) // a device whose clock is slow, or that began too soon
	w.report(7*time.Second, "coffee", w.shown("coffee", 2, 2, 7, "41", 5*time.Second))
}

// play publishes that a device has shown a campaign from starts on, when it is over.
func (w *writer) play(name string, store, device, n int, impressions string, starts time.Duration) {
	w.report(starts+playLasts+reportedIn, name, w.shown(name, store, device, n, impressions, starts))
}

// shown is the n-th play of a campaign on a device.
func (w *writer) shown(name string, store, device, n int, impressions string, starts time.Duration) *schemas.Play {
	return &schemas.Play{
		PlayID: w.id(fmt.Sprintf("%s-%d-%d-%d", name, store, device, n)), CampaignID: w.id(name), CreativeID: "demo-" + name,
		DeviceID: fmt.Sprintf("demo-device-%d-%d", store, device), StoreID: fmt.Sprintf("demo-store-%d", store),
		StartedAt: *w.at(starts), EndedAt: *w.at(starts + playLasts), Impressions: impressions,
	}
}

func (w *writer) report(after time.Duration, name string, play *schemas.Play) {
	w.add(after, topics.Plays, name, schemas.PlayReported, play.PlayID[len(w.prefix)+1:], play)
}

// repeat publishes a play a second time, as a device does that has not heard that its report has arrived.
func (w *writer) repeat(name string, store, device, n int) {
	id := w.id(fmt.Sprintf("%s-%d-%d-%d", name, store, device, n))
	for _, s := range w.steps {
		if s.topic == topics.Plays && s.event.ID == id {
			s.after += repeatedIn
			w.steps = append(w.steps, s)
			return
		}
	}
	w.err = fmt.Errorf("writing the demonstration: there is no play %s", id)
}
