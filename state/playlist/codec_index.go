package playlist

import (
	"slices"

	"github.com/rmn-arms/campaign-engine/state/fields"
)

const (
	indexLayout = 1
	// listedMaxBytes is what a campaign takes beside its id: three varints of at most 10 bytes, another for the id, two flags.
	listedMaxBytes = 3*10 + 2 + 2 + len(digest{})
)

// readIndex reads the index of campaigns. Its error is ErrPart.
func readIndex(parts Parts) (index, error) {
	part := parts.Part(indexPart)
	if part == nil {
		return nil, nil
	}
	in, whole := fields.NewReader(part), string(part)
	if in.Byte() != indexLayout {
		return nil, ErrPart
	}
	read := make(index, in.Length())
	for i := range read {
		l := &read[i]
		*l = listed{id: in.TextOf(whole), sequence: in.Uvarint(), revision: in.Uvarint(), placed: in.Bool(), endsAt: in.Instant()}
		if in.Bool() {
			in.Read(l.told[:])
		}
		if i > 0 && l.id <= read[i-1].id {
			return nil, ErrPart
		}
	}
	if !in.Whole() {
		return nil, ErrPart
	}
	return read, nil
}

// append appends the index: layout, number of campaigns, and each with its fields in their order.
func (x index) append(b []byte) []byte {
	size := 16
	for i := range x {
		size += len(x[i].id) + listedMaxBytes
	}
	b = slices.Grow(b, size)
	b = fields.AppendUvarint(append(b, indexLayout), int64(len(x)))
	for i := range x {
		l := &x[i]
		b = fields.AppendUvarint(fields.AppendUvarint(fields.AppendText(b, l.id), l.sequence), l.revision)
		b = fields.AppendInstant(fields.AppendBool(b, l.placed), l.endsAt)
		told := l.told != digest{}
		if b = fields.AppendBool(b, told); told {
			b = append(b, l.told[:]...)
		}
	}
	return b
}

// placements reads the campaigns that are placed. Its error is ErrPart.
func (x index) placements(parts Parts) ([]Placement, error) {
	var placements []Placement
	for i := range x {
		if !x[i].placed {
			continue
		}
		var p Placement
		if p.UnmarshalBinary(parts.Part(campaignPrefix+x[i].id)) != nil || p.CampaignID != x[i].id {
			return nil, ErrPart
		}
		placements = append(placements, p)
	}
	return placements, nil
}
