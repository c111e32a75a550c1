package fanout

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/rmn-arms/campaign-engine/state/fields"
)

// The list of a campaign's stores is in the order of their ids, in parts of chunkMax each, so that a step writes what it has told
// and not all that ever was: a part has less than 40 KiB. A list is made anew when other stores are targeted.

// chunkMax is how many stores a part of the list has; the last one may have less.
const chunkMax = 250

const (
	listPrefix  = "s/"
	chunkLayout = 1

	targetedFlag = 1
	toldFlag     = 2
)

// entry is a store in the list.
type entry struct {
	store    string
	targeted bool
	content  Hash // of the placement that it was told of last; zero: none, or that it was removed
}

func chunkName(number int64) string { return listPrefix + strconv.FormatInt(number, 36) }

// targetsOf returns the stores, each once and in their order, and their identity.
func targetsOf(stores []string) ([]string, Hash) {
	sorted := slices.Compact(slices.Sorted(slices.Values(stores)))
	var all []byte
	for _, store := range sorted {
		all = fields.AppendText(all, store)
	}
	return sorted, hashOf(all)
}

// aim makes the list anew: the targeted stores, and those that have been told before.
func (r *Row) aim(parts Parts, targeted []string) error {
	told, err := r.told(parts)
	if err != nil {
		return err
	}
	aimed := merged(told, targeted)
	before := chunks(r.Stores)
	r.Stores = int64(len(aimed))
	for number := range chunks(r.Stores) {
		from := number * chunkMax
		chunk := appendChunk(nil, aimed[from:min(from+chunkMax, r.Stores)])
		if name := chunkName(number); !bytes.Equal(chunk, parts.Part(name)) {
			parts.SetPart(name, chunk)
		}
	}
	for number := chunks(r.Stores); number < before; number++ {
		parts.SetPart(chunkName(number), nil)
	}
	return nil
}

// told returns the stores that have been told of a placement and not of its removal.
func (r *Row) told(parts Parts) (told []entry, err error) {
	first := int64(0)
	if !r.Placed { // a walk that removes has removed the parts that it has passed, too
		first = r.Walk.Cursor / chunkMax
	}
	for number := first; number < chunks(r.Stores); number++ {
		chunk, err := r.chunk(parts, number)
		if err != nil {
			return nil, err
		}
		told = append(told, slices.DeleteFunc(chunk, func(e entry) bool { return e.content == Hash{} })...)
	}
	return told, nil
}

// merged returns the stores that were told, and those that are targeted, all in their order.
func merged(told []entry, targeted []string) []entry {
	all := make([]entry, 0, len(told)+len(targeted))
	for len(told) > 0 || len(targeted) > 0 {
		switch {
		case len(targeted) == 0 || len(told) > 0 && told[0].store < targeted[0]:
			all = append(all, entry{store: told[0].store, content: told[0].content})
			told = told[1:]
		case len(told) == 0 || targeted[0] < told[0].store:
			all = append(all, entry{store: targeted[0], targeted: true})
			targeted = targeted[1:]
		default:
			all = append(all, entry{store: told[0].store, targeted: true, content: told[0].content})
			told, targeted = told[1:], targeted[1:]
		}
	}
	return all
}

// chunks is how many parts a list of some stores has.
func chunks(stores int64) int64 { return (stores + chunkMax - 1) / chunkMax }

// chunk reads a part of the list. Its error is ErrPart.
func (r *Row) chunk(parts Parts, number int64) ([]entry, error) {
	in := fields.NewReader(parts.Part(chunkName(number)))
	want := min(chunkMax, r.Stores-number*chunkMax)
	if in.Byte() != chunkLayout || int64(in.Length()) != want {
		return nil, ErrPart
	}
	entries := make([]entry, want)
	for i := range entries {
		e := &entries[i]
		e.store = in.Text()
		flags := in.Byte()
		e.targeted = flags&targetedFlag != 0
		if flags&toldFlag != 0 {
			in.Read(e.content[:])
		}
		if flags > targetedFlag|toldFlag || (e.content != Hash{}) != (flags&toldFlag != 0) || i > 0 && entries[i-1].store >= e.store {
			return nil, ErrPart
		}
	}
	if !in.Whole() {
		return nil, ErrPart
	}
	return entries, nil
}

// appendChunk appends the encoding of a part: layout, count, then of each store its id, flags, and the content it was told of.
func appendChunk(b []byte, entries []entry) []byte {
	b = fields.AppendUvarint(append(b, chunkLayout), int64(len(entries)))
	for i := range entries {
		e := &entries[i]
		flags := byte(0)
		if e.targeted {
			flags |= targetedFlag
		}
		if e.content != (Hash{}) {
			flags |= toldFlag
		}
		b = append(fields.AppendText(b, e.store), flags)
		if flags&toldFlag != 0 {
			b = append(b, e.content[:]...)
		}
	}
	return b
}
