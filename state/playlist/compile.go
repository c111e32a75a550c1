package playlist

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"strings"

	"github.com/rmn-arms/campaign-engine/state/fields"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Entry is a creative in a playlist, and the window of its campaign.
type Entry struct {
	CampaignID string
	Creative
	StartsAt, EndsAt instant.Instant
}

// form identifies all that an entry says: entries of equal form are equal.
type form [16]byte

// catalogue is what is placed in a store, in the order of playlists: by start, then by the campaign's id; the entries of a
// campaign are in the order of its definition.
type catalogue []placed

type placed struct {
	id     string
	endsAt instant.Instant
	// entries and forms are of equal length; bytes is what the entry takes in a command.
	entries []Entry
	forms   []form
	bytes   []int
}

// newCatalogue makes a catalogue of placements that are placed.
func newCatalogue(placements []Placement) catalogue {
	slices.SortFunc(placements, func(a, b Placement) int {
		return cmp.Or(cmp.Compare(a.StartsAt, b.StartsAt), strings.Compare(a.CampaignID, b.CampaignID))
	})
	made := make(catalogue, len(placements))
	var scratch []byte
	for i := range placements {
		p := &placements[i]
		n := len(p.Creatives)
		made[i] = placed{p.CampaignID, p.EndsAt, make([]Entry, n), make([]form, n), make([]int, n)}
		for j, creative := range p.Creatives {
			e := Entry{p.CampaignID, creative, p.StartsAt, p.EndsAt}
			scratch = e.append(scratch[:0])
			sum := sha256.Sum256(scratch)
			made[i].entries[j], made[i].forms[j], made[i].bytes[j] = e, form(sum[:]), e.bytes()
		}
	}
	return made
}

func (e *Entry) append(b []byte) []byte {
	b = e.Creative.append(fields.AppendText(b, e.CampaignID))
	return fields.AppendInstant(fields.AppendInstant(b, e.StartsAt), e.EndsAt)
}

// The sizes of JSON around the texts of an entry and of a command, with numbers and instants at their longest.
const (
	entryMaxBytes = len(`{"campaign_id":"","creative_id":"","version":,"url":"","sha256":"","bytes":,"mime":"","duration_ms":,`+
		`"starts_at":"2026-12-01T05:00:00.000Z","ends_at":"2026-12-01T05:00:00.000Z"},`) + 3*len("9007199254740991")
	envelopeMaxBytes = 4 << 10
)

// bytes is the most that the entry takes in a command's JSON.
func (e *Entry) bytes() int {
	size := entryMaxBytes
	for _, text := range [...]string{e.CampaignID, e.ID, e.URL, e.SHA256, e.MIME} {
		size += jsonBytes(text)
	}
	return size
}

// jsonBytes is the most that a text takes in JSON, its quotes apart.
func jsonBytes(text string) int {
	size := len(text)
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ':
			size += len(`\u0000`) - 1
		case c == '"' || c == '\\':
			size++
		}
	}
	return size
}

// compiled is the playlist of all devices that can play the same.
type compiled struct {
	campaigns []picked
	entries   []Entry // those of all campaigns
	bytes     int     // at most so many has the command as JSON
}

// picked is a campaign in a playlist, or one that is left out.
type picked struct {
	id      string
	left    leftOut
	entries []Entry
	forms   []form
}

// compile makes the playlist at an instant: campaigns whose window is not over, of each what the device can play, up to the
// first campaign for which there is no room.
func (c catalogue) compile(says bool, mime []string, at instant.Instant) *compiled {
	made := &compiled{bytes: envelopeMaxBytes}
	crowded := false
	for i := range c {
		if c[i].endsAt <= at {
			continue
		}
		pick, size := c[i].pick(says, mime)
		if pick.left == inside {
			if crowded = crowded || made.bytes+size > CommandMaxBytes; crowded {
				pick = picked{id: pick.id, left: full}
			} else {
				made.bytes += size
				made.entries = append(made.entries, pick.entries...)
			}
		}
		made.campaigns = append(made.campaigns, pick)
	}
	return made
}

// pick takes of a campaign what a device can play.
func (p *placed) pick(says bool, mime []string) (picked, int) {
	pick, size := picked{id: p.id}, 0
	for i := range p.entries {
		if !says || slices.Contains(mime, p.entries[i].MIME) {
			pick.entries, pick.forms = append(pick.entries, p.entries[i]), append(pick.forms, p.forms[i])
			size += p.bytes[i]
		}
	}
	if len(pick.entries) == 0 {
		pick.left = unplayable
	}
	return pick, size
}
