package playlist

import (
	"github.com/rmn-arms/campaign-engine/state/readiness"
)

// Why a device is not ready, in the contract's words.
const (
	reasonPending     = "pending"
	reasonFailed      = "failed"
	reasonUnplayable  = "unplayable"
	reasonUnreachable = "unreachable"
	reasonFull        = "full"
)

// tell tells of each campaign what its readiness is now, when that is another than was told. What becomes of one whose window is
// over nobody asks any more: its last word stays.
func (f *firing) tell() error {
	if !f.flushing || f.more || !f.next.Untold {
		return nil
	}
	known, err := f.index()
	if err != nil {
		return err
	}
	sums, err := f.sum(*known)
	if err != nil {
		return err
	}
	for i := range *known {
		l, change := &(*known)[i], &sums[i]
		change.StoreID, change.Revision = f.storeID, l.revision
		is := digestOfChange(change)
		if is == l.told || l.endsAt <= f.now {
			continue
		}
		if f.more = f.bytes >= stepMaxBytes; f.more {
			break
		}
		l.told = is
		f.fired.Changes = append(f.fired.Changes, Told{l.id, *change})
		f.bytes += changeBytes(change)
	}
	f.next.Untold = f.more
	if len(f.fired.Changes) > 0 {
		f.keepIndex()
	}
	return nil
}

// sum adds up, for each campaign of the index, how the devices stand to it.
func (f *firing) sum(known index) ([]readiness.Change, error) {
	sums := make([]readiness.Change, len(known))
	at := make(map[string]int, len(known))
	for i := range known {
		at[known[i].id] = i
	}
	for i := range f.next.Devices {
		r := &f.next.Devices[i]
		if r.Leaving {
			continue
		}
		d, err := f.device(r.ID)
		if err != nil {
			return nil, err
		}
		for j := range d.shown {
			if campaign, is := at[d.shown[j].id]; is {
				add(&sums[campaign], r.ID, d, &d.shown[j])
			}
		}
	}
	return sums, nil
}

// add counts a device: as ready before failed before unreachable.
func add(sum *readiness.Change, id string, d *device, s *shown) {
	standing, reason := s.standing()
	sum.Total++
	switch {
	case standing == ready:
		sum.Ready++
		return
	case standing == failed:
		sum.Failed++
	case d.unreachable:
		sum.Unreachable++
		reason = reasonUnreachable
	}
	if len(sum.Unready) < readiness.UnreadyMax {
		sum.Unready = append(sum.Unready, readiness.Unready{DeviceID: id, Reason: reason})
	}
}

// digestOfChange is zero for a change that says that the campaign is on no device: that is how it begins, and ends.
func digestOfChange(c *readiness.Change) digest {
	if c.Total == 0 {
		return digest{}
	}
	return digestOf(c.AppendBinary(nil))
}

func changeBytes(c *readiness.Change) int {
	size := 64 + len(c.StoreID)
	for i := range c.Unready {
		size += 8 + len(c.Unready[i].DeviceID) + len(c.Unready[i].Reason)
	}
	return size
}
