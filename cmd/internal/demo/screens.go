package demo

import (
	"strings"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// screen is what is known of a device.
type screen struct {
	campaigns map[string]bool // of its playlist
	playing   map[string]bool // of these, those that it has shown
	obeyed    bool
}

// screens make news of what the simulated devices tell.
type screens struct {
	byDevice map[string]*screen
	perStore map[string]int
	contents map[string]map[string]bool // by sha256: the campaigns
	news     news
}

func newScreens(n news) *screens {
	s := &screens{byDevice: map[string]*screen{}, perStore: map[string]int{}, contents: map[string]map[string]bool{}, news: n}
	for _, st := range theStores() {
		s.perStore[st.ID] = len(st.Devices)
		for _, id := range st.Devices {
			s.byDevice[id] = &screen{campaigns: map[string]bool{}, playing: map[string]bool{}}
		}
	}
	return s
}

// ready says that every device has obeyed a command: the stores' topics exist and are read.
func (s *screens) ready() bool {
	for _, d := range s.byDevice {
		if !d.obeyed {
			return false
		}
	}
	return true
}

// note takes a line in. It returns one that is told at once, since it tells that something went wrong; "" for none.
func (s *screens) note(l *journal.Line) string {
	d := s.byDevice[l.Device]
	if d == nil {
		return wrong(l)
	}
	switch l.Event {
	case journal.Registered:
		s.add(l.Store, joined, l)
	case journal.Obeyed:
		s.obey(d, l)
	case journal.Cached:
		for campaign := range s.contents[l.SHA256] {
			if d.campaigns[campaign] {
				s.add(campaign, cached, l).count += l.Bytes
			}
		}
	case journal.FetchFault:
		for campaign := range s.contents[l.SHA256] {
			if d.campaigns[campaign] {
				s.add(campaign, unfetched, l).why = cause(l.Error)
			}
		}
	case journal.Started:
		if !d.playing[l.Campaign] {
			d.playing[l.Campaign] = true
			s.add(l.Campaign, played, l)
		}
	case journal.Ended:
		if g := s.news[subject{l.Campaign, stopped}]; g != nil && l.Reason == journal.EndStopped {
			g.count++
		}
	default:
		return wrong(l)
	}
	return ""
}

// obey compares a playlist with the one before.
func (s *screens) obey(d *screen, l *journal.Line) {
	now := map[string]bool{}
	for i := range l.Playlist {
		e := &l.Playlist[i]
		now[e.CampaignID] = true
		if s.contents[e.SHA256] == nil {
			s.contents[e.SHA256] = map[string]bool{}
		}
		s.contents[e.SHA256][e.CampaignID] = true
		if !d.campaigns[e.CampaignID] {
			s.add(e.CampaignID, pushed, l)
		}
	}
	for campaign := range d.campaigns {
		if !now[campaign] {
			delete(d.playing, campaign)
			s.add(campaign, stopped, l)
		}
	}
	if len(now) == 0 && !d.obeyed {
		s.add(l.Store, emptied, l)
	}
	d.campaigns, d.obeyed = now, true
}

func (s *screens) add(whose string, k *kind, l *journal.Line) *gathered {
	of := len(s.byDevice)
	if n := s.perStore[whose]; n > 0 {
		of = n
	}
	g := s.news.of(whose, k, of, l.At)
	g.devices[l.Device] = true
	return g
}

// cause leaves out which address was asked: it says more than a line has room for.
func cause(text string) string {
	if at := strings.LastIndex(text, `": `); at >= 0 {
		return text[at+len(`": `):]
	}
	return text
}

// wrong returns the line of what went wrong.
func wrong(l *journal.Line) string {
	whose := l.Device
	if whose == "" {
		whose = l.Store
	}
	switch l.Event {
	case journal.Acked:
		if l.Status == schemas.AckFailed {
			return line(l.At, whose, "failed", l.Error)
		}
	case journal.Refused:
		return line(l.At, whose, "refused", "a command that is not to be obeyed: "+l.Reason)
	case journal.Trouble:
		return line(l.At, whose, "trouble", l.Error)
	case journal.KeysFetched:
		if l.Error != "" {
			return line(l.At, whose, "trouble", l.Error)
		}
	}
	return ""
}
