package table

import (
	"bytes"
	"slices"

	"github.com/lovoo/goka/storage"
)

var _ storage.Storage = (*Table)(nil)

// Open does nothing: a table is usable when it is made.
func (t *Table) Open() error { return nil }

// Close does nothing: rows outlive the claim, so that the partition's next claim goes on from them.
func (t *Table) Close() error { return nil }

// MarkRecovered does nothing: the engine recovers a table before goka sees it.
func (t *Table) MarkRecovered() error { return nil }

// Has says whether there is a row.
func (t *Table) Has(key string) (bool, error) {
	value, err := t.Get(key)
	return value != nil, err
}

// Get returns a row's value, nil without one. The value must not be changed.
func (t *Table) Get(key string) ([]byte, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if r, ok := t.rows[key]; ok {
		return r.value, nil
	}
	return nil, nil
}

// GetOffset answers goka's question for a locally stored offset: there is none, the engine recovers.
func (t *Table) GetOffset(unknown int64) (int64, error) { return unknown, nil }

// SetOffset does nothing: offsets count at the commit, which goka does not see.
func (t *Table) SetOffset(int64) error { return nil }

// Iterator returns the rows of this instant, in the order of their keys.
func (t *Table) Iterator() (storage.Iterator, error) { return t.IteratorWithRange(nil, nil) }

// IteratorWithRange returns the rows of [start, limit) of this instant, in the order of their keys; without a limit,
// as in goka's own storages, those that begin with start.
func (t *Table) IteratorWithRange(start, limit []byte) (storage.Iterator, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	it := &iterator{at: -1}
	for key, r := range t.rows {
		if r.value != nil && inRange([]byte(key), start, limit) {
			it.pairs = append(it.pairs, pair{key, r.value})
		}
	}
	slices.SortFunc(it.pairs, func(a, b pair) int { return bytes.Compare([]byte(a.key), []byte(b.key)) })
	return it, nil
}

func inRange(key, start, limit []byte) bool {
	if len(limit) == 0 {
		return bytes.HasPrefix(key, start)
	}
	return bytes.Compare(key, start) >= 0 && bytes.Compare(key, limit) < 0
}

type pair struct {
	key   string
	value []byte
}

type iterator struct {
	pairs []pair
	at    int
}

func (it *iterator) Next() bool { it.at++; return it.valid() }

func (it *iterator) valid() bool { return it.at >= 0 && it.at < len(it.pairs) }

func (it *iterator) Err() error { return nil }

func (it *iterator) Key() []byte {
	if !it.valid() {
		return nil
	}
	return []byte(it.pairs[it.at].key)
}

func (it *iterator) Value() ([]byte, error) {
	if !it.valid() {
		return nil, nil
	}
	return it.pairs[it.at].value, nil
}

func (it *iterator) Release() { it.pairs = nil }

// Seek moves to the first row whose key is key or comes after it.
func (it *iterator) Seek(key []byte) bool {
	it.at, _ = slices.BinarySearchFunc(it.pairs, key, func(p pair, key []byte) int {
		return bytes.Compare([]byte(p.key), key)
	})
	return it.valid()
}
