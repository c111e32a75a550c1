package topics

import (
	"strconv"
	"strings"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// Nearly every due transition is read in the very form in which EncodeDue wrote it, without a campaign or a reason. Such a
// record is read by walking along that form, in a tenth of the time; anything else, however small the difference, goes the
// long way. A test holds the two ways against each other.

// decodeOwnDue reads a due transition in EncodeDue's own form; false sends it the long way.
func decodeOwnDue(value []byte) (*schemas.Event[schemas.Due], bool) {
	if len(value) > eventCapacity {
		return nil, false
	}
	w := walk{rest: string(value)}
	w.expect(`{"specversion":"` + schemas.SpecVersion + `","id":"`)
	id := w.text()
	w.expect(`","source":"` + schemas.Source + `","type":"` + string(schemas.TransitionDue) + `","subject":"`)
	subject := w.text()
	w.expect(`","time":"`)
	at := w.instant()
	w.expect(`","datacontenttype":"` + schemas.DataContentType + `","data":{"transition_id":"`)
	d := schemas.Due{TransitionID: w.text()}
	w.expect(`","campaign_id":"`)
	d.CampaignID = w.text()
	w.expect(`","revision":`)
	d.Revision = w.integer()
	w.expect(`,"transition":"`)
	d.Transition = schemas.Transition(w.text())
	w.expect(`","scheduled_for":"`)
	d.ScheduledFor = w.instant()
	w.expect(`","decided_at":"`)
	d.DecidedAt = w.instant()
	w.expect(`","lateness_ms":`)
	d.LatenessMs = w.integer()
	w.expect(`}}`)
	if w.lost || w.rest != "" || id == "" || subject == "" || !isOwnDue(&d) {
		return nil, false
	}
	return &schemas.Event[schemas.Due]{
		SpecVersion: schemas.SpecVersion, ID: id, Source: schemas.Source, Type: schemas.TransitionDue, Subject: subject,
		Time: &at, DataContentType: schemas.DataContentType, Data: d,
	}, true
}

// isOwnDue holds what was read against the rules of the long way.
func isOwnDue(d *schemas.Due) bool {
	if !schemas.IsID(d.CampaignID) || d.Revision < 1 || d.Revision > schemas.IntegerMax || !isTransitionID(d) {
		return false
	}
	switch d.Transition {
	case schemas.Distribute, schemas.Start, schemas.End, schemas.Settle, schemas.Pause, schemas.Resume, schemas.Cancel:
		return true
	}
	return false
}

// walk goes along a text that is known in advance but for its values; lost stays true after the first surprise.
type walk struct {
	rest string
	lost bool
}

func (w *walk) expect(literal string) {
	rest, is := strings.CutPrefix(w.rest, literal)
	w.rest, w.lost = rest, w.lost || !is
}

// until takes what stands before the first of a byte.
func (w *walk) until(end byte) string {
	at := strings.IndexByte(w.rest, end)
	if at < 0 || w.lost {
		w.lost = true
		return ""
	}
	taken := w.rest[:at]
	w.rest = w.rest[at:]
	return taken
}

func (w *walk) text() string {
	text := w.until('"')
	w.lost = w.lost || !isPrintable(text)
	return text
}

func (w *walk) instant() (at schemas.Instant) {
	text := w.text()
	w.lost = w.lost || len(text) != len("2006-01-02T15:04:05.000Z") || at.UnmarshalText([]byte(text)) != nil
	return at
}

// integer takes a number as it is written without a choice: digits, not negative, no zero in front.
func (w *walk) integer() int64 {
	end := 0
	for end < len(w.rest) && '0' <= w.rest[end] && w.rest[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(w.rest[:end], 10, 64)
	w.lost = w.lost || err != nil || end > 1 && w.rest[0] == '0'
	w.rest = w.rest[end:]
	return n
}
