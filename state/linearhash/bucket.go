package linearhash

import (
	"encoding/binary"
	"iter"
)

// A bucket is its entries one after the other: the hash, the length of the content (uvarint), the content.

func appendEntry(b []byte, e Entry) []byte {
	b = append(b, e.Hash[:]...)
	b = binary.AppendUvarint(b, uint64(len(e.Content)))
	return append(b, e.Content...)
}

// grow returns a copy of a bucket with room for one more entry: the kept one is not changed.
func grow(bucket []byte, content int) []byte {
	return append(make([]byte, 0, len(bucket)+len(Hash{})+2+content), bucket...)
}

// entriesOf yields the entries of a bucket. What cannot be read yields ErrBucket, as the last.
func entriesOf(bucket []byte) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for len(bucket) > 0 {
			if len(bucket) <= len(Hash{}) {
				yield(Entry{}, ErrBucket)
				return
			}
			hash := Hash(bucket)
			bucket = bucket[len(hash):]
			length, size := binary.Uvarint(bucket)
			if size <= 0 || length > uint64(len(bucket)-size) {
				yield(Entry{}, ErrBucket)
				return
			}
			end := size + int(length)
			if !yield(Entry{hash, bucket[size:end:end]}, nil) {
				return
			}
			bucket = bucket[end:]
		}
	}
}
