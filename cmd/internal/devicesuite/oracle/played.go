package oracle

import "fmt"

// Play takes a record of plays.
func (b *Book) Play(r Record) error {
	e, err := read[playJSON](&r)
	if err != nil {
		return err
	}
	before, is := b.plays[e.Data.PlayID]
	if is && before != e.Data {
		return fmt.Errorf("reading play %s: it was %v, and is %v", &r, before, e.Data)
	}
	if !is {
		b.Counts.Reported++
	}
	b.plays[e.Data.PlayID] = e.Data
	return nil
}

// judgePlays compares what was reported with what was shown. What a device did not report before it was wiped is lost.
func (b *Book) judgePlays(final bool, f *findings) {
	for id, p := range b.plays {
		u := b.units[unitID{p.DeviceID, p.StoreID}]
		if u == nil || u.shown[id] == nil {
			f.add(text(id), "it is reported, and nobody has shown it")
			continue
		}
		s := u.shown[id]
		if p.CampaignID != s.entry.campaign || p.CreativeID != s.entry.id || p.StartedAt.UnixMilli() != s.started ||
			p.EndedAt.UnixMilli() > s.ends || s.reason == "done" && p.EndedAt.UnixMilli() != s.ends {
			f.add(text(id), "reported is %v, shown was %v", p, *s)
		}
	}
	if !final {
		return
	}
	for _, u := range b.units {
		unsent := 0
		for id, s := range u.shown {
			if _, reported := b.plays[id]; !reported && (s.reason == "done" || s.reason == "stopped") && s.life == u.wiped {
				unsent++
			}
		}
		if u.final == nil || unsent > u.final.Unsent {
			f.add(u.id, "%d of its plays were never reported", unsent)
		}
	}
}
