package budget

import (
	"sort"
	"strconv"

	"github.com/rmn-arms/campaign-engine/state/linearhash"
)

// A campaign's terms, intervals and raises grow with each change of it, and any of them may be asked for until the lock: a play
// may have started at any time. The row keeps the newest of each list, and the older ones lie in parts, in blocks that
// are written once. So the row is smaller than 64 KiB however often a campaign was changed, and none is forgotten.

// blockLength is how many elements a block has, and the row has less than twice as many. Only tests change it.
var blockLength = 128

// Blocks says how many blocks of each list lie in parts.
type Blocks struct{ Terms, Intervals, Raises int64 }

// shelf is how the elements of a list come into parts and back.
type shelf[E any] struct {
	prefix string
	append func([]byte, *E) []byte
	read   func(*reader) E
}

var (
	olderTerms     = shelf[Terms]{"t/", appendTerms, (*reader).terms}
	olderIntervals = shelf[Interval]{"i/", appendInterval, (*reader).interval}
	olderRaises    = shelf[Raise]{"r/", appendRaise, (*reader).raise}
)

func (s shelf[E]) name(number int64) string { return s.prefix + strconv.FormatInt(number, 36) }

// history finds what lies in parts. err stays after the first block that cannot be read; what was answered since means nothing.
type history struct {
	parts  linearhash.Buckets
	blocks map[string]any // that have been read
	err    error
}

// around returns the last element of some blocks that has been reached, and the first that has not; nil where there is none.
// No element has been reached behind one that has not.
func (s shelf[E]) around(h *history, blocks int64, reached func(*E) bool) (last, next *E) {
	n := int64(sort.Search(int(blocks), func(i int) bool { return !reached(&s.block(h, int64(i))[0]) }))
	if n < blocks {
		next = &s.block(h, n)[0]
	}
	if n == 0 {
		return nil, next
	}
	block := s.block(h, n-1)
	i := sort.Search(len(block), func(i int) bool { return !reached(&block[i]) })
	if i < len(block) {
		next = &block[i]
	}
	return &block[i-1], next
}

// block returns a block's elements, which are not to be changed.
func (s shelf[E]) block(h *history, number int64) []E {
	name := s.name(number)
	if known, is := h.blocks[name].([]E); is {
		return known
	}
	in := readerOf(h.parts.Part(name))
	elements := make([]E, blockLength)
	for i := range elements {
		elements[i] = s.read(&in)
	}
	if !in.Whole() {
		h.err = ErrAccount
	}
	if h.blocks == nil {
		h.blocks = make(map[string]any)
	}
	h.blocks[name] = elements
	return elements
}

// putAway writes blocks behind those that there are until the newest elements are few enough, and returns how many there are
// then.
func (s shelf[E]) putAway(parts linearhash.Buckets, blocks int64, newest []E) (int64, []E) {
	for ; len(newest) >= 2*blockLength; newest = newest[blockLength:] {
		var block []byte
		for i := range newest[:blockLength] {
			block = s.append(block, &newest[i])
		}
		parts.SetPart(s.name(blocks), block)
		blocks++
	}
	return blocks, newest
}

// remove removes blocks from one number up to another.
func (s shelf[E]) remove(parts linearhash.Buckets, from, to int64) {
	for number := from; number < to; number++ {
		parts.SetPart(s.name(number), nil)
	}
}

// putAway moves into parts what there is too much of in the row; before is what lay there before.
func (a *Account) putAway(parts linearhash.Buckets, before Blocks) {
	t := &a.Timeline
	t.Older.Terms, t.Terms = olderTerms.putAway(parts, t.Older.Terms, t.Terms)
	t.Older.Intervals, t.Intervals = olderIntervals.putAway(parts, t.Older.Intervals, t.Intervals)
	t.Older.Raises, a.Raises = olderRaises.putAway(parts, t.Older.Raises, a.Raises)
	olderIntervals.remove(parts, t.Older.Intervals, before.Intervals) // an end that lies back may have come out again
}

func (b Blocks) remove(parts linearhash.Buckets) {
	olderTerms.remove(parts, 0, b.Terms)
	olderIntervals.remove(parts, 0, b.Intervals)
	olderRaises.remove(parts, 0, b.Raises)
}
