package story

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// screen is what is known of a device.
type screen struct {
	offline bool
	shown   string // the campaign that is on it, "" for none
	obeyed  [][]schemas.PlaylistEntry
	films   int
}

// hear takes in what a device tells.
func (s *seen) hear(l *journal.Line) {
	d := s.screens[l.Device]
	if d == nil {
		if l.Event == journal.Trouble || l.Event == journal.Refused || l.Event == journal.KeysFetched && l.Error != "" {
			s.troubles = append(s.troubles, fmt.Sprintf("in the stores: %s %s%s", l.Event, l.Reason, l.Error))
		}
		return
	}
	switch l.Event {
	case journal.Offline, journal.Online:
		d.offline = l.Event == journal.Offline
	case journal.Obeyed:
		d.obeyed = append(d.obeyed, l.Playlist)
	case journal.Started:
		d.shown = l.Campaign
		d.films++
		if *l.DeviceAt < *l.StartsAt || *l.DeviceAt+filmMillis > *l.EndsAt {
			s.troubles = append(s.troubles, fmt.Sprintf("%s starts a film of %s at %s, which is to be shown from %s to %s",
				l.Device, l.Campaign, l.DeviceAt, l.StartsAt, l.EndsAt))
		}
	case journal.Ended:
		d.shown = ""
	case journal.Trouble, journal.Refused, journal.FetchFault:
		s.troubles = append(s.troubles, fmt.Sprintf("%s: %s %s%s", l.Device, l.Event, l.Reason, l.Error))
	}
}

// look notes what is on the screens.
func (s *seen) look(night string) string {
	var on []string
	for _, id := range allScreens() {
		shown := s.screens[id].shown
		if shown == "" {
			shown = "nothing"
		}
		on = append(on, id+" "+shown)
	}
	text := strings.Join(on, ", ")
	s.looks = append(s.looks, night+" "+text)
	return text
}

// playlists: the devices obey playlists of these campaigns and no others.
func playlists(devices []string, campaigns ...string) (all []sight) {
	for _, id := range devices {
		all = append(all, sight{what: fmt.Sprintf("%s has a playlist of %q", id, campaigns), met: func(s *seen) bool {
			obeyed := s.screens[id].obeyed
			return len(obeyed) > 0 && slices.Equal(campaignsOf(obeyed[len(obeyed)-1]), campaigns)
		}})
	}
	return all
}

// onScreens: the devices show films of a campaign, "" for none.
func onScreens(campaign string, devices []string) (all []sight) {
	for _, id := range devices {
		all = append(all, sight{
			what: fmt.Sprintf("%s shows %q", id, campaign), met: func(s *seen) bool { return s.screens[id].shown == campaign },
		})
	}
	return all
}

// offline: the lonely device has lost its network, or is back.
func offline(is bool) sight {
	return sight{what: lonely + " is offline, or back", met: func(s *seen) bool { return s.screens[lonely].offline == is }}
}

// campaignsOf returns the campaigns of a playlist, in its order, each once.
func campaignsOf(list []schemas.PlaylistEntry) (all []string) {
	for i := range list {
		if !slices.Contains(all, list[i].CampaignID) {
			all = append(all, list[i].CampaignID)
		}
	}
	return all
}
