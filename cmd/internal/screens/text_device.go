package screens

import (
	"fmt"
	"io"
	"strings"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// Write prints the device for a person who looks at it at now; saidError says why it is not known what it has said.
func (d *Device) Write(to io.Writer, now schemas.Instant, saidError string, colour bool) error {
	var facts timeline.Table
	fact(&facts, "Device", d.DeviceID, timeline.Strong)
	fact(&facts, "Store", d.StoreID, timeline.Plain)
	fact(&facts, "Registered", when(now, d.Since), timeline.Plain)
	if d.MIME != nil {
		fact(&facts, "Can play", strings.Join(d.MIME, ", "), timeline.Plain)
	} else {
		fact(&facts, "Can play", "it does not say: it is sent everything", timeline.Faint)
	}
	facts.Row(title("Status"), d.statusCell())
	if p := d.Playlist; p != nil {
		fact(&facts, "Playlist", fmt.Sprintf("revision %d, attempt %d, caused %s", p.Revision, p.Attempt, when(now, p.CausedAt)),
			timeline.Plain)
	} else {
		fact(&facts, "Playlist", "none was sent since it was registered", timeline.Caution)
	}
	if d.Changing {
		fact(&facts, "", "another one may be on its way", timeline.Caution)
	}
	d.writeSaid(&facts, now, saidError)
	d.writePush(&facts, now)
	return write(to, colour, &facts, d.playlist())
}

// writeSaid tells what the device has said last, and of which playlist.
func (d *Device) writeSaid(t *timeline.Table, now schemas.Instant, saidError string) {
	s := d.Said
	switch {
	case saidError != "":
		fact(t, "Has said", "not known: "+saidError, timeline.Caution)
		return
	case s == nil:
		fact(t, "Has said", "nothing", timeline.Caution)
		return
	}
	of := "this revision"
	if d.Playlist == nil || s.Revision != d.Playlist.Revision {
		of = fmt.Sprintf("revision %d", s.Revision)
	}
	fact(t, "Has said", fmt.Sprintf("%s, of %s, %s", s.Status, of, when(now, s.At)), timeline.Plain)
	if len(s.Missing) > 0 {
		fact(t, "Missing", strings.Join(s.Missing, ", "), timeline.Plain)
	}
	if s.Error != "" {
		fact(t, "Error", s.Error, timeline.Bad)
	}
}

func (d *Device) writePush(t *timeline.Table, now schemas.Instant) {
	if d.OwesSince != nil {
		fact(t, "Owes", "an answer since "+when(now, *d.OwesSince), timeline.Plain)
	}
	switch {
	case d.NextPush != nil:
		fact(t, "Next push", d.NextPush.String()+"  "+timeline.Distance(now, *d.NextPush), timeline.Plain)
	case d.Status == Unreachable:
		fact(t, "Next push", "none until it speaks again", timeline.Bad)
	default:
		fact(t, "Next push", "none", timeline.Faint)
	}
}

func (d *Device) playlist() *timeline.Table {
	p := d.Playlist
	if p == nil {
		return nil
	}
	var t timeline.Table
	if len(p.Campaigns) == 0 {
		t.Row(title("There is nothing to show: its playlist is empty."))
		return &t
	}
	t.Row(header("CAMPAIGN", "CREATIVE", "STARTS (UTC)", "ENDS (UTC)", "SINCE (UTC)", "IS IT THERE")...)
	for i := range p.Campaigns {
		c := &p.Campaigns[i]
		starts, ends := window(c.StartsAt), window(c.EndsAt)
		if len(c.Creatives) == 0 {
			t.Row(text(c.CampaignID), title("left out"), starts, ends, title("-"), there(c.Ready, c.Reason))
		}
		for _, e := range c.Creatives {
			t.Row(text(c.CampaignID), text(e.CreativeID), starts, ends, timeline.Cell{Text: e.Since.String()}, there(e.Ready, e.Reason))
		}
	}
	return &t
}

func window(at *schemas.Instant) timeline.Cell {
	if at == nil {
		return timeline.Cell{Text: "taken away", Style: timeline.Caution}
	}
	return timeline.Cell{Text: at.String()}
}

func there(ready bool, reason string) timeline.Cell {
	switch {
	case ready:
		return timeline.Cell{Text: string(Ready), Style: timeline.Good}
	case reason == string(schemas.UnreadyPending):
		return timeline.Cell{Text: reason, Style: timeline.Caution}
	}
	return timeline.Cell{Text: timeline.Printable(reason), Style: timeline.Bad}
}

// Write prints where a device is of which its store does not know, for a person who looks at it at now.
func (p *Place) Write(to io.Writer, deviceID string, now schemas.Instant, colour bool) error {
	var t timeline.Table
	fact(&t, "Device", deviceID, timeline.Strong)
	switch {
	case p.StoreID != "":
		fact(&t, "Store", p.StoreID, timeline.Plain)
		fact(&t, "Registered", when(now, p.Registered), timeline.Plain)
		fact(&t, "Playlist", "none yet: the store has not heard of the device, or has no room for it", timeline.Caution)
	case p.RemovedAt != nil:
		fact(&t, "Store", fmt.Sprintf("none: it was removed from %s, %s", p.RemovedFrom, when(now, *p.RemovedAt)), timeline.Bad)
	default:
		fact(&t, "Store", "none", timeline.Bad)
	}
	return t.Write(to, colour)
}
