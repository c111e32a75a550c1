// Package linearhash is a set of entries, each under a hash, in buckets of some ten: a linear hash table (Litwin, 1980).
// A bucket is what is read and written at once, so an entry costs the same whether there are ten of them or ten million, and
// the table grows by one bucket at a time. How many buckets there are follows from how many entries were put in, so
// nothing but that number has to be kept beside them.
package linearhash

import (
	"encoding/binary"
	"errors"
	"iter"
	"math/bits"
	"strconv"
)

// Load is how many entries a bucket has on average.
const Load = 8

// Hash is the identity of an entry: uniformly distributed.
type Hash [16]byte

// Buckets is where buckets are kept.
type Buckets interface {
	// Part returns a bucket, nil without one. It is not changed.
	Part(name string) []byte
	// SetPart writes a bucket; nil removes it.
	SetPart(name string, value []byte)
}

// ErrBucket says that a bucket is not what Put wrote.
var ErrBucket = errors.New("reading a bucket: not the encoding of one")

// Table is a table of a number of entries. Its buckets are named <prefix><number>.
type Table struct {
	buckets Buckets
	prefix  string
	entries int64
	// looked is the bucket that Find looked into last: mostly the one that Put writes next. Its name is empty when there is none.
	looked struct {
		number int64
		name   string
		bucket []byte
	}
}

// Of returns the table that has a number of entries in buckets of a prefix.
func Of(buckets Buckets, prefix string, entries int64) *Table {
	return &Table{buckets: buckets, prefix: prefix, entries: entries}
}

// Entries returns how many entries were put in.
func (t *Table) Entries() int64 { return t.entries }

// Count returns how many buckets a table of some entries has.
func Count(entries int64) int64 { return max(1, (entries+Load-1)/Load) }

// Find returns what was put in under a hash. Its error is ErrBucket.
func (t *Table) Find(hash Hash) (content []byte, found bool, err error) {
	_, bucket := t.look(address(hash, Count(t.entries)))
	for entry, err := range entriesOf(bucket) {
		if err != nil {
			return nil, false, err
		}
		if entry.Hash == hash {
			return entry.Content, true, nil
		}
	}
	return nil, false, nil
}

// look returns the name and the content of a bucket.
func (t *Table) look(number int64) (name string, bucket []byte) {
	if t.looked.name == "" || t.looked.number != number {
		t.looked.number, t.looked.name = number, t.name(number)
		t.looked.bucket = t.buckets.Part(t.looked.name)
	}
	return t.looked.name, t.looked.bucket
}

// set writes a bucket.
func (t *Table) set(name string, bucket []byte) {
	t.looked.name = ""
	t.buckets.SetPart(name, bucket)
}

// Put puts an entry in under a hash that the table does not have. Its error is ErrBucket; the table is then unchanged.
func (t *Table) Put(hash Hash, content []byte) error {
	grown := Count(t.entries + 1)
	if grown > Count(t.entries) && t.entries > 0 {
		if err := t.split(grown); err != nil {
			return err
		}
	}
	t.entries++
	name, before := t.look(address(hash, grown))
	t.set(name, appendEntry(grow(before, len(content)), Entry{hash, content}))
	return nil
}

// Set puts an entry in, or another content under its hash. Its error is ErrBucket; the table is then unchanged.
func (t *Table) Set(hash Hash, content []byte) error {
	name, bucket := t.look(address(hash, Count(t.entries)))
	var written []byte
	found := false
	for entry, err := range entriesOf(bucket) {
		if err != nil {
			return err
		}
		if entry.Hash == hash {
			entry.Content, found = content, true
		}
		written = appendEntry(written, entry)
	}
	if !found {
		return t.Put(hash, content)
	}
	t.set(name, written)
	return nil
}

// split moves what belongs into the newest of count buckets there.
func (t *Table) split(count int64) error {
	newest := count - 1
	from := t.name(parent(newest))
	var stays, moves []byte
	for entry, err := range entriesOf(t.buckets.Part(from)) {
		switch {
		case err != nil:
			return err
		case address(entry.Hash, count) == newest:
			moves = appendEntry(moves, entry)
		default:
			stays = appendEntry(stays, entry)
		}
	}
	if moves == nil {
		return nil
	}
	t.set(from, stays)
	t.set(t.name(newest), moves)
	return nil
}

// Entry is what the table has under a hash.
type Entry struct {
	Hash    Hash
	Content []byte
}

// All yields every entry, in no order that means anything. A bucket that cannot be read yields ErrBucket, as the last.
func (t *Table) All() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for number := range Count(t.entries) {
			for entry, err := range entriesOf(t.buckets.Part(t.name(number))) {
				if !yield(entry, err) || err != nil {
					return
				}
			}
		}
	}
}

// Rewrite calls rewrite for every entry, and keeps what it returns as the entry's content. A bucket in which no entry is
// changed is not written. Its error is ErrBucket.
func (t *Table) Rewrite(rewrite func(Entry) (content []byte, changed bool)) error {
	for number := range Count(t.entries) {
		var written []byte
		any := false
		for entry, err := range entriesOf(t.buckets.Part(t.name(number))) {
			if err != nil {
				return err
			}
			content, changed := rewrite(entry)
			if changed {
				entry.Content, any = content, true
			}
			written = appendEntry(written, entry)
		}
		if any {
			t.set(t.name(number), written)
		}
	}
	return nil
}

// Remove removes up to limit buckets of a table of some entries, of which removed are gone already, and returns how many
// are gone then, and whether that is all of them. The table is not used any more after its first bucket is gone.
func (t *Table) Remove(removed, limit int64) (gone int64, all bool) {
	count := Count(t.entries)
	gone = min(count, removed+limit)
	for number := removed; number < gone; number++ {
		if name := t.name(number); t.buckets.Part(name) != nil {
			t.set(name, nil)
		}
	}
	return gone, gone == count
}

func (t *Table) name(number int64) string { return t.prefix + strconv.FormatInt(number, 36) }

// address returns the bucket of a hash, of count: a round of splits doubles the buckets, one after the other; those that
// were split in this round are told by one more bit.
func address(hash Hash, count int64) int64 {
	number := int64(binary.LittleEndian.Uint64(hash[:]) >> 1)
	doubled := int64(1) << bits.Len64(uint64(count-1))
	if at := number & (doubled - 1); at < count {
		return at
	}
	return number & (doubled/2 - 1)
}

// parent returns the bucket that was split into itself and this one.
func parent(number int64) int64 { return number &^ (1 << (bits.Len64(uint64(number)) - 1)) }
