package playlist

import (
	"crypto/sha256"
	"slices"
)

// digest is a short hash, to tell whether something is what it was.
type digest [8]byte

func digestOf(b []byte) digest {
	sum := sha256.Sum256(b)
	return digest(sum[:])
}

// same says whether a playlist has the content that the device was sent last.
func (d *device) same(c *compiled) bool {
	if d.revision == 0 || d.fresh {
		return false
	}
	var before []form
	for i := range d.shown {
		for j := range d.shown[i].entries {
			before = append(before, d.shown[i].entries[j].form)
		}
	}
	for i := range c.campaigns {
		for _, f := range c.campaigns[i].forms {
			if len(before) == 0 || before[0] != f {
				return false
			}
			before = before[1:]
		}
	}
	return len(before) == 0
}

// merge returns what the device is shown by a playlist under a revision. An entry whose form it was sent before keeps what is
// known of it; the others have their form since this revision.
func (d *device) merge(c *compiled, revision int64) []shown {
	known := make(map[form]*sent, len(c.entries))
	if !d.fresh {
		for i := range d.shown {
			for j := range d.shown[i].entries {
				known[d.shown[i].entries[j].form] = &d.shown[i].entries[j]
			}
		}
	}
	merged, entries := make([]shown, len(c.campaigns)), make([]sent, len(c.entries))
	for i := range c.campaigns {
		pick := &c.campaigns[i]
		n := len(pick.entries)
		merged[i] = shown{id: pick.id, left: pick.left, entries: entries[:n:n]}
		entries = entries[n:]
		for j := range pick.entries {
			if e := known[pick.forms[j]]; e != nil {
				merged[i].entries[j] = *e
				continue
			}
			merged[i].entries[j] = sent{creative: pick.entries[j].ID, form: pick.forms[j], since: revision}
		}
	}
	return merged
}

// empties says whether the device's newest command had entries, which an empty one takes away.
func (d *device) empties() bool {
	return slices.ContainsFunc(d.shown, func(s shown) bool { return len(s.entries) > 0 })
}
