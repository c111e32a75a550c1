package linearhash

import "iter"

// In yields the entries of one bucket, of Count. A bucket that cannot be read yields ErrBucket, as the last.
func (t *Table) In(number int64) iter.Seq2[Entry, error] {
	return entriesOf(t.buckets.Part(t.name(number)))
}
