package topics

import "sync"

// scratchMaxBytes is the largest buffer that is kept for the next record: a huge definition must not hold memory for good.
const scratchMaxBytes = 64 << 10

// scratches lends buffers for texts that live only while a record is decoded. It is a cache and nothing else: decoding is
// the hot path, and most of what it used to allocate was these.
var scratches = sync.Pool{New: func() any { return new([]byte) }}

// withScratch calls use with an empty buffer and keeps what use returns, grown or not, for the next call.
func withScratch(use func(empty []byte) []byte) {
	held, is := scratches.Get().(*[]byte)
	if !is {
		held = new([]byte)
	}
	used := use((*held)[:0])
	if cap(used) <= scratchMaxBytes {
		*held = used
		scratches.Put(held)
	}
}
