package oracle

import "fmt"

// folded is what campaign-events says, read in the order of its partitions. Nothing in it depends on time.
type folded struct {
	accepted map[string][]change // per campaign, in order
	// refused are by the position of the input.
	refused map[string]refusal
	counts  InputCounts
}

// InputCounts says what became of the inputs: I6 is that they add up.
type InputCounts struct{ Read, Accepted, Duplicates, Stale, Refused int }

// refusal is an input that had to be refused, and why.
type refusal struct {
	reason string
	input  *Record
}

// identity is what a campaign's first accepted definition fixed, and its newest accepted change.
type identity struct {
	advertiser, currency string
	newest               change
}

func foldInputs(events []Record, topic string, findings *Findings) folded {
	f := folded{accepted: map[string][]change{}, refused: map[string]refusal{}}
	known := map[string]*identity{}
	for i := range events {
		r := &events[i]
		f.counts.Read++
		at := position(topic, r)
		if reason, planted := r.Headers[RefusedHeader]; planted {
			f.refuse(r, at, reason)
			continue
		}
		c, err := readChange(r)
		if err != nil || c.Campaign != r.Key {
			findings.add(Wrong, "I6", r.Key, at, "the oracle does not understand an input that is not marked as broken: %v", err)
			continue
		}
		c.At = at
		f.judge(r, c, known)
	}
	return f
}

func (f *folded) refuse(r *Record, at, reason string) {
	f.refused[at] = refusal{reason, r}
	f.counts.Refused++
}

// judge compares a change with what was accepted before, in the contract's order: advertiser, currency, whether the campaign
// is known, revision.
func (f *folded) judge(r *Record, c change, known map[string]*identity) {
	id := known[c.Campaign]
	switch {
	case id == nil && c.Definition == nil:
		f.refuse(r, c.At, "unknown-campaign")
	case id == nil:
		known[c.Campaign] = &identity{c.Definition.Advertiser, c.Definition.Currency, c}
		f.accept(c)
	case c.Definition != nil && c.Definition.Advertiser != id.advertiser:
		f.refuse(r, c.At, "schema")
	case c.Definition != nil && c.Definition.Currency != id.currency:
		f.refuse(r, c.At, "invalid-money")
	case c.Revision < id.newest.Revision:
		f.counts.Stale++
	case c.Revision == id.newest.Revision && c.Content == id.newest.Content:
		f.counts.Duplicates++
	case c.Revision == id.newest.Revision:
		f.refuse(r, c.At, "revision-conflict")
	default:
		if c.Kind == schedule {
			c.Kind = reschedule
		}
		id.newest = c
		f.accept(c)
	}
}

func (f *folded) accept(c change) {
	f.accepted[c.Campaign] = append(f.accepted[c.Campaign], c)
	f.counts.Accepted++
}

func position(topic string, r *Record) string {
	return fmt.Sprintf("%s/%d/%d", topic, r.Partition, r.Offset)
}
