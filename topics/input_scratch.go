package topics

import (
	"sync"
	"unsafe"
)

// scratchMaxBytes is the largest buffer that is kept for the next record: a huge definition must not hold memory for good.
const scratchMaxBytes = 64 << 10

// scratch is what is needed only while a record is decoded or encoded: a document and a buffer.
type scratch struct {
	document
	form []byte
}

// scratches is a cache and nothing else: this is the hot path, and most of what it would allocate is these.
var scratches = sync.Pool{New: func() any { return new(scratch) }}

func borrowScratch() *scratch {
	if held, is := scratches.Get().(*scratch); is {
		return held
	}
	return new(scratch)
}

// giveBack ends the use of the scratch and of every part of its document. Texts that were taken out of it stay.
func (s *scratch) giveBack() {
	s.text = ""
	if cap(s.form) > scratchMaxBytes {
		s.form = nil
	}
	if cap(s.spans)*int(unsafe.Sizeof(span{})) > scratchMaxBytes {
		s.spans = nil
	}
	scratches.Put(s)
}
