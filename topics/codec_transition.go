package topics

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// Transitions are written by hand, member by member, because they are what the engine writes most. The result is byte
// for byte what encoding by reflection gives; a test holds the two against each other.

// eventCapacity is room enough for a transition without its campaign.
const eventCapacity = 640

// EncodeDue writes the value of a record of transitions-due. Its error says that a text is no UTF-8 or an instant not
// between the years 0 and 9999, neither of which the decoders let in.
func EncodeDue(event *schemas.Event[schemas.Due]) ([]byte, error) {
	held := borrowScratch()
	defer held.giveBack()
	w := beginEvent(held, event.ID, event.Type, event.Subject, event.Time)
	writeDue(&w, &event.Data)
	return w.endEvent("encoding a due transition")
}

// EncodeApplied writes the value of a record of transitions-applied; its error is EncodeDue's.
func EncodeApplied(event *schemas.Event[schemas.Applied]) ([]byte, error) {
	held := borrowScratch()
	defer held.giveBack()
	w := beginEvent(held, event.ID, event.Type, event.Subject, event.Time)
	d := &event.Data
	writeDue(&w, &d.Due)
	w.textIfAny(`,"from":`, string(d.From))
	w.text(`,"to":`, string(d.To))
	w.instant(`,"applied_at":`, d.AppliedAt)
	w.integer(`,"sequence":`, d.Sequence)
	if d.FirstActive {
		w.raw(`,"first_active":true`)
	}
	return w.endEvent("encoding an applied transition")
}

// EncodeRejected writes the value of a record of transitions-rejected; its error is EncodeDue's.
func EncodeRejected(event *schemas.Event[schemas.Rejected]) ([]byte, error) {
	held := borrowScratch()
	defer held.giveBack()
	w := beginEvent(held, event.ID, event.Type, event.Subject, event.Time)
	d := &event.Data
	writeDue(&w, &d.Due)
	w.textIfAny(`,"status":`, string(d.Status))
	w.text(`,"reason":`, string(d.Reason))
	return w.endEvent("encoding a rejected transition")
}

func writeDue(w *eventWriter, d *schemas.Due) {
	w.text(`"transition_id":`, d.TransitionID)
	w.text(`,"campaign_id":`, d.CampaignID)
	w.integer(`,"revision":`, d.Revision)
	w.text(`,"transition":`, string(d.Transition))
	w.instant(`,"scheduled_for":`, d.ScheduledFor)
	w.instant(`,"decided_at":`, d.DecidedAt)
	w.integer(`,"lateness_ms":`, d.LatenessMs)
	w.textIfAny(`,"change_reason":`, d.ChangeReason)
	if d.Window != nil {
		writeRezoned(w, d.Window)
	}
	if len(d.Campaign) > 0 {
		w.raw(`,"campaign":`)
		w.buffer = append(w.buffer, d.Campaign...)
	}
}

func writeRezoned(w *eventWriter, to *schemas.Rezoned) {
	w.instant(`,"window":{"starts_at":`, to.StartsAt)
	w.textIfAny(`,"starts_at_local":`, to.StartsAtLocal)
	w.instant(`,"ends_at":`, to.EndsAt)
	w.textIfAny(`,"ends_at_local":`, to.EndsAtLocal)
	w.text(`,"tzdb":`, to.TZDB)
	w.raw("}")
}

// eventWriter appends the members of an event and keeps the first error.
type eventWriter struct {
	buffer []byte
	failed error
	held   *scratch // whose buffer it is
}

func beginEvent(held *scratch, id string, kind schemas.Type, subject string, at *schemas.Instant) eventWriter {
	w := eventWriter{buffer: held.form[:0], held: held}
	w.raw(`{"specversion":"` + schemas.SpecVersion + `"`)
	w.text(`,"id":`, id)
	w.raw(`,"source":"` + schemas.Source + `"`)
	w.text(`,"type":`, string(kind))
	w.textIfAny(`,"subject":`, subject)
	if at != nil {
		w.instant(`,"time":`, *at)
	}
	w.raw(`,"datacontenttype":"` + schemas.DataContentType + `","data":{`)
	return w
}

func (w *eventWriter) endEvent(doing string) ([]byte, error) {
	if w.failed != nil {
		return nil, fmt.Errorf("%s: %w", doing, w.failed)
	}
	w.raw("}}")
	return w.written(), nil
}

// written returns what was written, in memory of its own and no larger than it has to be.
func (w *eventWriter) written() []byte {
	if cap(w.buffer) > scratchMaxBytes {
		return w.buffer // the scratch would not keep it
	}
	w.held.form = w.buffer
	return bytes.Clone(w.buffer)
}

func (w *eventWriter) raw(text string) { w.buffer = append(w.buffer, text...) }

func (w *eventWriter) text(name, value string) {
	w.raw(name)
	if isPrintable(value) {
		w.raw(`"`)
		w.raw(value)
		w.raw(`"`)
		return
	}
	quoted, err := jsontext.AppendQuote(w.buffer, value)
	w.keep(quoted, err)
}

// isPrintable says that a text is written as it stands: printable ASCII without a quote or a backslash. Ids, addresses and
// hashes are.
func isPrintable(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func (w *eventWriter) textIfAny(name, value string) {
	if value != "" {
		w.text(name, value)
	}
}

func (w *eventWriter) integer(name string, value int64) {
	w.raw(name)
	w.buffer = strconv.AppendInt(w.buffer, value, 10)
}

func (w *eventWriter) instant(name string, value schemas.Instant) {
	w.raw(name)
	w.raw(`"`)
	w.keep(value.AppendText(w.buffer))
	w.raw(`"`)
}

func (w *eventWriter) keep(buffer []byte, err error) {
	w.buffer = buffer
	if w.failed == nil {
		w.failed = err
	}
}
