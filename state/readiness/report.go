package readiness

import (
	"cmp"
	"crypto/sha256"
	"slices"

	"github.com/rmn-arms/campaign-engine/state/fields"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/linearhash"
)

// Report is what is told of a campaign.
type Report struct {
	// Number is 1, 2, 3, ... per campaign.
	Number   int64
	At       instant.Instant
	Revision int64
	Counts
	// AtStart is there from the first activation on.
	AtStart *AtStart
	// Unready are the devices that are not ready, in the order of store and device, cut at UnreadyMax. All of them are
	// Total - Ready.
	Unready []UnreadyIn
}

// UnreadyIn is a device of a store that is not ready.
type UnreadyIn struct {
	StoreID string
	Unready
}

// speak looks at once when that was not done for a Pause, else when it will be one. A start does not wait, but for an outage to
// be caught up with: then what is due fires.
func (r *Row) speak(parts linearhash.Buckets, at Moment) (*Report, error) {
	// A clock that was put back makes nobody wait for longer than a Pause.
	wait := max(0, min(Pause, Pause-at.Now.Sub(r.Looked)))
	if r.Stage == Starting {
		wait = 0
	}
	switch {
	case wait > 0 || at.CatchingUp:
		r.Due = min(r.Due, at.Now.Add(wait))
		return nil, nil
	case r.Stage == Starting:
		return r.start(parts, at.Now)
	}
	return r.look(parts, at.Now)
}

// start keeps what the campaign has as what it had at its first activation.
func (r *Row) start(parts linearhash.Buckets, now instant.Instant) (*Report, error) {
	r.Stage, r.AtStart = Started, AtStart{r.Sums.Ready, r.Sums.Total}
	return r.look(parts, now)
}

// look makes a report when there is something new to tell.
func (r *Row) look(parts linearhash.Buckets, now instant.Instant) (*Report, error) {
	r.Looked, r.Due = now, Never
	unready, err := r.unready(parts)
	if err != nil {
		r.Due = now.Add(repairPause)
		return nil, err
	}
	report := &Report{At: now, Revision: r.Revision, Counts: r.Sums, Unready: unready}
	if r.Stage == Started {
		report.AtStart = new(r.AtStart)
	}
	content := report.content()
	if r.Reports > 0 && content == r.Said {
		return nil, nil
	}
	r.Said = content
	r.Reports++
	report.Number = r.Reports
	return report, nil
}

// unready returns the first UnreadyMax devices that are not ready. Their stores are among the first UnreadyMax that have some.
func (r *Row) unready(parts linearhash.Buckets) ([]UnreadyIn, error) {
	var first []string
	for entry, err := range r.stores(parts).All() {
		if err != nil {
			return nil, err
		}
		kept, err := readStore(entry.Content)
		if err != nil {
			return nil, err
		}
		if !kept.listed {
			continue
		}
		if first = append(first, kept.id); len(first) == 4*UnreadyMax {
			slices.Sort(first)
			first = first[:UnreadyMax]
		}
	}
	slices.Sort(first)
	var devices []UnreadyIn
	for _, storeID := range first {
		if len(devices) >= UnreadyMax {
			break
		}
		var err error
		if devices, err = readUnready(devices, storeID, parts.Part(listName(storeID))); err != nil {
			return nil, err
		}
	}
	return devices[:min(len(devices), UnreadyMax)], nil
}

// readUnready appends what appendUnready wrote of a store. Its error is ErrPart.
func readUnready(devices []UnreadyIn, storeID string, list []byte) ([]UnreadyIn, error) {
	in := fields.NewReader(list)
	begin := len(devices)
	for !in.Whole() {
		if in.Bad {
			return nil, ErrPart
		}
		devices = append(devices, UnreadyIn{storeID, Unready{in.Text(), in.Text()}})
	}
	slices.SortFunc(devices[begin:], func(a, b UnreadyIn) int { return cmp.Compare(a.DeviceID, b.DeviceID) })
	return devices, nil
}

// content identifies what the report says, without its number and instant.
func (r *Report) content() Content {
	b := r.Counts.append(fields.AppendUvarint(nil, r.Revision))
	b = fields.AppendBool(b, r.AtStart != nil)
	if r.AtStart != nil {
		b = fields.AppendUvarint(fields.AppendUvarint(b, r.AtStart.Ready), r.AtStart.Total)
	}
	for _, u := range r.Unready {
		b = fields.AppendText(fields.AppendText(fields.AppendText(b, u.StoreID), u.DeviceID), u.Reason)
	}
	sum := sha256.Sum256(b)
	return Content(sum[:len(Content{})])
}
