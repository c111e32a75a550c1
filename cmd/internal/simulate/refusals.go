package simulate

import (
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Lost is a line that was refused, and why.
type Lost struct {
	Line   int
	Reason schemas.Reason
	Detail string
}

// lostMax is how many lines are named that were refused.
const lostMax = 10

// refusals finds out which lines were refused: a dead letter names a position, which is that of a line's record. It keeps a
// number for each line.
type refusals struct {
	line  int              // that is published next, 0: none
	lines map[string][]int // of the records of a topic, by offset; 0: it is no line's
	first []Lost
	more  int
}

func newRefusals() *refusals { return &refusals{lines: make(map[string][]int)} }

// see takes a record that was written. The first one behind a line is its own.
func (r *refusals) see(record topics.Record) {
	switch topics.Name(record.Topic) {
	case topics.CampaignEvents, topics.Plays, topics.DeviceEvents, topics.DeviceAcks:
		r.lines[record.Topic] = append(r.lines[record.Topic], r.line)
		r.line = 0
	case topics.DeadLetters:
		event, is := topics.Decoded[schemas.Refused](topics.RefusedCodec{}, record.Value)
		if !is {
			return
		}
		d, of := &event.Data, r.lines[event.Data.Topic]
		switch {
		case d.Offset >= int64(len(of)) || of[d.Offset] == 0: // the engine's own
		case len(r.first) == lostMax:
			r.more++
		default:
			r.first = append(r.first, Lost{of[d.Offset], d.Reason, d.Detail})
		}
	}
}
