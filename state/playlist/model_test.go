package playlist_test

import (
	"fmt"
	"slices"

	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/playlist"
	"github.com/rmn-arms/campaign-engine/state/readiness"
)

// model is what a shop should say, reckoned anew from its history each time: nothing is carried on but the history.
type model struct {
	placed  map[string]playlist.Placement
	devices map[string]*history
	// revisions are the highest that devices were sent ever, registered or not.
	revisions map[string]int64
}

// history is that of a device since it was registered.
type history struct {
	presence playlist.Presence
	commands []playlist.Command
	acks     []playlist.Ack
	awaiting instant.Instant
}

func newModel() *model {
	return &model{
		placed: map[string]playlist.Placement{}, devices: map[string]*history{}, revisions: map[string]int64{},
	}
}

// wanted is the content that a device is to have.
func (m *model) wanted(h *history) []playlist.Entry {
	var entries []playlist.Entry
	for _, p := range m.inOrder() {
		for _, c := range p.Creatives {
			if !h.presence.Says || slices.Contains(h.presence.MIME, c.MIME) {
				entries = append(entries, playlist.Entry{CampaignID: p.CampaignID, Creative: c, StartsAt: p.StartsAt, EndsAt: p.EndsAt})
			}
		}
	}
	return entries
}

func (m *model) inOrder() []playlist.Placement {
	var all []playlist.Placement
	for _, p := range m.placed {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b playlist.Placement) int {
		if a.StartsAt != b.StartsAt {
			return int(a.StartsAt - b.StartsAt)
		}
		if a.CampaignID < b.CampaignID {
			return -1
		}
		return 1
	})
	return all
}

func (h *history) newest() (playlist.Command, bool) {
	if len(h.commands) == 0 {
		return playlist.Command{}, false
	}
	return h.commands[len(h.commands)-1], true
}

// since is the revision since which an entry of the newest command has been in all commands.
func (h *history) since(e playlist.Entry) int64 {
	since := int64(0)
	for _, c := range slices.Backward(h.commands) {
		if !slices.Contains(c.Entries, e) {
			break
		}
		since = c.Revision
	}
	return since
}

// standing is how the device stands to a campaign, by the contract's rule over all that it has said.
func (h *history) standing(campaign string) string {
	newest, _ := h.newest()
	since := int64(0)
	var entries []playlist.Entry
	for _, e := range newest.Entries {
		if e.CampaignID == campaign {
			entries = append(entries, e)
			since = max(since, h.since(e))
		}
	}
	if len(entries) == 0 {
		return "unplayable"
	}
	all := true
	for _, e := range entries {
		state, said := "pending", int64(0)
		for _, a := range h.acks {
			missing := slices.Contains(a.Missing, e.ID)
			switch {
			case a.Revision < h.since(e):
			case a.Status == playlist.Ready && !missing:
				state, said = "ready", a.Revision
			case a.Status == playlist.Failed && (missing || len(a.Missing) == 0):
				state, said = "failed", a.Revision
			case a.Status != playlist.Failed && missing && state == "ready":
				state, said = "pending", a.Revision
			}
		}
		if state == "failed" && said >= since {
			return "failed"
		}
		all = all && state == "ready"
	}
	if all {
		return "ready"
	}
	return "pending"
}

// settled says that the device is ready for all of its newest command.
func (h *history) settled() bool {
	newest, is := h.newest()
	said := false
	for _, a := range h.acks {
		if a.Revision == newest.Revision && a.Status != playlist.Underway {
			said = a.Status == playlist.Ready
		}
	}
	for _, e := range newest.Entries {
		if said = said && h.entryReady(e); !said {
			return false
		}
	}
	return is && said
}

func (h *history) entryReady(e playlist.Entry) bool {
	state := "pending"
	for _, a := range h.acks {
		missing := slices.Contains(a.Missing, e.ID)
		switch {
		case a.Revision < h.since(e):
		case a.Status == playlist.Ready && !missing:
			state = "ready"
		case a.Status == playlist.Failed && (missing || len(a.Missing) == 0):
			state = "failed"
		case missing && state == "ready":
			state = "pending"
		}
	}
	return state == "ready"
}

// readiness is a campaign's in this store.
func (m *model) readiness(campaign string, now instant.Instant) readiness.Change {
	var sum readiness.Change
	p, is := m.placed[campaign]
	if !is {
		return sum
	}
	sum.StoreID, sum.Revision = "s-1", p.Revision
	for i := range devicesMax {
		id := deviceName(i)
		h := m.devices[id]
		if h == nil {
			continue
		}
		sum.Total++
		reason := h.standing(campaign)
		switch {
		case reason == "ready":
			sum.Ready++
			continue
		case reason != "pending":
			sum.Failed++
		case h.awaiting != playlist.Never && now >= h.awaiting.Add(playlist.Silence):
			sum.Unreachable++
			reason = "unreachable"
		}
		sum.Unready = append(sum.Unready, readiness.Unready{DeviceID: id, Reason: reason})
	}
	return sum
}

// command checks a command against those before it, and takes it into the history.
func (m *model) command(s *shop, c playlist.Command) {
	s.t.Helper()
	h := m.devices[c.DeviceID]
	if h == nil { // a farewell
		h = &history{}
	}
	newest, any := h.newest()
	if c.Attempt > 1 {
		if newest.Revision != c.Revision || newest.Attempt != c.Attempt-1 || !slices.Equal(newest.Entries, c.Entries) ||
			newest.ValidUntil != c.ValidUntil {
			s.t.Fatalf("%s was pushed %+v behind %+v", c.DeviceID, c, newest)
		}
	} else {
		if c.Revision <= m.revisions[c.DeviceID] {
			s.t.Fatalf("%s was sent revision %d behind %d", c.DeviceID, c.Revision, m.revisions[c.DeviceID])
		}
		if any && slices.Equal(newest.Entries, c.Entries) {
			s.t.Fatalf("%s was sent what it has: %+v", c.DeviceID, c)
		}
	}
	m.revisions[c.DeviceID] = c.Revision
	h.commands = append(h.commands, c)
	if h.awaiting == playlist.Never {
		h.awaiting = s.now
	}
}

const devicesMax = 4

func deviceName(i int) string { return fmt.Sprintf("d-%d", i) }
