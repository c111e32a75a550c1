package playlist

import (
	"errors"

	"github.com/rmn-arms/campaign-engine/state/fields"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Placement tells a store that a campaign is to be on its devices, or is to be no more. It is the record of store-placements,
// and what the store keeps of the campaign.
type Placement struct {
	CampaignID string
	// Sequence is that of the campaign's transition which led to it. A store drops one that is not higher than the newest
	// it has had of the campaign.
	Sequence int64
	Revision int64 // of the definition
	Placed   bool
	// StartsAt and EndsAt are the window: [StartsAt, EndsAt). A removal has them as well: they say how long it is remembered.
	StartsAt, EndsAt instant.Instant
	// Creatives are in the order of the definition; a removal has none.
	Creatives []Creative
}

// Creative is a file that devices play.
type Creative struct {
	ID         string
	Version    int64
	URL        string
	SHA256     string // hexadecimal
	Bytes      int64
	MIME       string
	DurationMs instant.Millis
}

// Presence tells a store that a device is in it, new or wiped, or is in it no more. It is the record of store-devices.
type Presence struct {
	DeviceID string
	// At is the CloudEvents time of the event behind it: a store takes them in the order in which they come, and they rise.
	At      instant.Instant
	Present bool
	// Says is true when the device says what it can play: MIME. Otherwise it is sent everything.
	Says bool
	MIME []string
	// Departed is the highest playlist revision under which a store has let the device go, as far as that is known, 0 for none:
	// what it is sent here is above that. Only what says that it is here has one.
	Departed int64
	// Notice says that this tells of Departed, which has risen, and of nothing else.
	Notice bool
}

// ErrRecord says that bytes are not a record of this package.
var ErrRecord = errors.New("decoding a placement, presence or departure: not the encoding of one")

const (
	placementLayout = 1
	presenceLayout  = 1
	departedLayout  = 2 // of a presence with Departed; one without is as it was before there were any
)

// AppendBinary appends the placement's encoding: layout, then the fields in their order.
func (p *Placement) AppendBinary(b []byte) []byte {
	b = fields.AppendText(append(b, placementLayout), p.CampaignID)
	b = fields.AppendUvarint(fields.AppendUvarint(b, p.Sequence), p.Revision)
	b = fields.AppendBool(b, p.Placed)
	b = fields.AppendInstant(fields.AppendInstant(b, p.StartsAt), p.EndsAt)
	b = fields.AppendUvarint(b, int64(len(p.Creatives)))
	for i := range p.Creatives {
		b = p.Creatives[i].append(b)
	}
	return b
}

func (c *Creative) append(b []byte) []byte {
	b = fields.AppendUvarint(fields.AppendText(b, c.ID), c.Version)
	b = fields.AppendText(fields.AppendText(b, c.URL), c.SHA256)
	b = fields.AppendText(fields.AppendUvarint(b, c.Bytes), c.MIME)
	return fields.AppendUvarint(b, int64(c.DurationMs))
}

// UnmarshalBinary sets the placement to what AppendBinary wrote; it shares no memory with data. Its error is ErrRecord.
func (p *Placement) UnmarshalBinary(data []byte) error {
	in := fields.NewReader(data)
	if in.Byte() != placementLayout {
		return ErrRecord
	}
	read := Placement{
		CampaignID: in.Text(), Sequence: in.Uvarint(), Revision: in.Uvarint(), Placed: in.Bool(),
		StartsAt: in.Instant(), EndsAt: in.Instant(),
	}
	if n := in.Length(); n > 0 {
		read.Creatives = make([]Creative, n)
	}
	for i := range read.Creatives {
		read.Creatives[i] = Creative{
			ID: in.Text(), Version: in.Uvarint(), URL: in.Text(), SHA256: in.Text(), Bytes: in.Uvarint(), MIME: in.Text(),
			DurationMs: instant.Millis(in.Uvarint()),
		}
	}
	if !in.Whole() {
		return ErrRecord
	}
	*p = read
	return nil
}

// AppendBinary appends the presence's encoding: layout, then the fields in their order.
func (p *Presence) AppendBinary(b []byte) []byte {
	layout := byte(presenceLayout)
	if p.Departed > 0 {
		layout = departedLayout
	}
	b = fields.AppendText(append(b, layout), p.DeviceID)
	b = fields.AppendInstant(b, p.At)
	b = fields.AppendBool(fields.AppendBool(b, p.Present), p.Says)
	b = fields.AppendUvarint(b, int64(len(p.MIME)))
	for _, mime := range p.MIME {
		b = fields.AppendText(b, mime)
	}
	if layout == departedLayout {
		b = fields.AppendBool(fields.AppendUvarint(b, p.Departed), p.Notice)
	}
	return b
}

// UnmarshalBinary sets the presence to what AppendBinary wrote; it shares no memory with data. Its error is ErrRecord.
func (p *Presence) UnmarshalBinary(data []byte) error {
	in := fields.NewReader(data)
	layout := in.Byte()
	if layout != presenceLayout && layout != departedLayout {
		return ErrRecord
	}
	read := Presence{DeviceID: in.Text(), At: in.Instant(), Present: in.Bool(), Says: in.Bool()}
	if n := in.Length(); n > 0 {
		read.MIME = make([]string, n)
	}
	for i := range read.MIME {
		read.MIME[i] = in.Text()
	}
	if layout == departedLayout {
		read.Departed, read.Notice = in.Uvarint(), in.Bool()
	}
	if !in.Whole() || layout == departedLayout && read.Departed == 0 {
		return ErrRecord
	}
	*p = read
	return nil
}
