package linearhash_test

import (
	"crypto/sha256"
	"errors"
	"maps"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/state/linearhash"
)

// memory keeps buckets and counts what is written.
type memory struct {
	parts  map[string][]byte
	writes int
}

func newMemory() *memory { return &memory{parts: map[string][]byte{}} }

func (m *memory) Part(name string) []byte { return m.parts[name] }

func (m *memory) SetPart(name string, value []byte) {
	m.writes++
	if value == nil {
		delete(m.parts, name)
		return
	}
	m.parts[name] = value
}

func hashOf(text string) linearhash.Hash {
	sum := sha256.Sum256([]byte(text))
	return linearhash.Hash(sum[:16])
}

// TestTableIsAMap compares with a Go map, opened anew at each step by the number of entries alone.
func TestTableIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		buckets, model := newMemory(), map[linearhash.Hash]string{}
		var entries int64
		for _, key := range rapid.SliceOfN(rapid.IntRange(0, 500), 0, 400).Draw(t, "keys") {
			table := linearhash.Of(buckets, "p/", entries)
			hash, content := hashOf(strconv.Itoa(key)), strconv.Itoa(key*key)
			_, known := model[hash]
			found, is, err := table.Find(hash)
			if err != nil || is != known || is && string(found) != model[hash] {
				t.Fatalf("%d: %q, %v, %v; known: %v", key, found, is, err, known)
			}
			switch {
			case known && rapid.Bool().Draw(t, "again"), !known && rapid.Bool().Draw(t, "set"):
				model[hash] = content + "!"
				if err := table.Set(hash, []byte(content+"!")); err != nil {
					t.Fatal(err)
				}
			case !known:
				model[hash] = content
				if err := table.Put(hash, []byte(content)); err != nil {
					t.Fatal(err)
				}
			}
			entries = table.Entries()
		}
		table := linearhash.Of(buckets, "p/", entries)
		if all := contents(t, table); !maps.Equal(all, model) {
			t.Fatalf("the table has %v; want %v", all, model)
		}
		if err := table.Rewrite(func(e linearhash.Entry) ([]byte, bool) {
			return append([]byte("x"), e.Content...), e.Content[0] == '1'
		}); err != nil {
			t.Fatal(err)
		}
		for hash, content := range contents(t, table) {
			if want := model[hash]; content != want && content != "x"+want || (want[0] == '1') != (content[0] == 'x') {
				t.Fatalf("%s was rewritten as %s", want, content)
			}
		}
		removed, all := int64(0), false
		for !all {
			removed, all = table.Remove(removed, 3)
		}
		if len(buckets.parts) != 0 {
			t.Fatalf("after all is removed there is %v", buckets.parts)
		}
	})
}

func contents(t interface{ Fatal(...any) }, table *linearhash.Table) map[linearhash.Hash]string {
	all := map[linearhash.Hash]string{}
	for entry, err := range table.All() {
		if err != nil {
			t.Fatal(err)
		}
		all[entry.Hash] = string(entry.Content)
	}
	return all
}

// TestAnEntryCostsTheSameInALargeTable holds writes and bytes per entry below a bound that does not grow.
func TestAnEntryCostsTheSameInALargeTable(t *testing.T) {
	buckets := newMemory()
	table := linearhash.Of(buckets, "p/", 0)
	const entries = 200_000
	for i := range entries {
		if err := table.Put(hashOf(strconv.Itoa(i)), make([]byte, 30)); err != nil {
			t.Fatal(err)
		}
	}
	largest := 0
	for _, bucket := range buckets.parts {
		largest = max(largest, len(bucket)/47)
	}
	if perEntry := float64(buckets.writes) / entries; perEntry > 1.3 || largest > 8*linearhash.Load {
		t.Errorf("%.2f writes per entry, %d entries in the largest bucket", perEntry, largest)
	}
	if got := int64(len(buckets.parts)); got > linearhash.Count(entries) {
		t.Errorf("%d buckets; want at most %d", got, linearhash.Count(entries))
	}
}

func TestUnreadableBuckets(t *testing.T) {
	for _, bucket := range []string{"short", "0123456789abcdef", "0123456789abcdef\x05abcd", "0123456789abcdef\xff"} {
		buckets := newMemory()
		buckets.parts["p/0"] = []byte(bucket)
		table := linearhash.Of(buckets, "p/", linearhash.Load)
		if _, _, err := table.Find(hashOf("a")); !errors.Is(err, linearhash.ErrBucket) {
			t.Errorf("finding in %q: %v", bucket, err)
		}
		if err := table.Put(hashOf("a"), nil); !errors.Is(err, linearhash.ErrBucket) || table.Entries() != linearhash.Load {
			t.Errorf("putting into %q: %v", bucket, err)
		}
		if err := table.Rewrite(func(linearhash.Entry) ([]byte, bool) { return nil, false }); !errors.Is(err, linearhash.ErrBucket) {
			t.Errorf("rewriting %q: %v", bucket, err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	table := linearhash.Of(newMemory(), "p/", 0)
	content := make([]byte, 36)
	i := 0
	for b.Loop() {
		i++
		hash := hashOf(strconv.Itoa(i))
		if _, found, _ := table.Find(hash); !found {
			_ = table.Put(hash, content)
		}
	}
}
