package embed_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// write is one append that the broker made while it committed: file goes from a length to a longer one.
type write struct {
	file   string
	before int64
	after  int64
}

// TestEveryCutOfACommit cuts the writes of one commit at every place where a kill could fall, within entries too, and
// checks that the transaction is whole or gone, after a second kill as well.
func TestEveryCutOfACommit(t *testing.T) {
	b, _ := open(t, t.TempDir())
	p := producer(t, b)
	commit(t, p, 1)
	begin(t, p, 2)
	folder := filepath.Dir(b.Folder())
	before := killed(t, folder)
	if err := p.EndTransaction(within(t), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	after := killed(t, folder)
	writes := writesBetween(t, before, after)
	if len(writes) < 2*partitions+2 {
		t.Fatalf("saw %d writes, want two per partition and two journals: %v", len(writes), writes)
	}
	whole := 0
	for i, cut := range cuts(writes) {
		t.Run(fmt.Sprintf("%02d %s", i, cut), func(t *testing.T) {
			state := killed(t, after)
			for file, length := range cut.lengths {
				if err := os.Truncate(filepath.Join(state, file), length); err != nil {
					t.Fatal(err)
				}
			}
			first, _ := open(t, state)
			got, _ := read(t, first)
			numbers := []int64{1}
			if len(got[0]) == 2 {
				numbers = append(numbers, 2)
				whole++
			}
			want(t, first, numbers...)
			aborter := producer(t, first)
			begin(t, aborter, 9)
			if err := aborter.EndTransaction(within(t), kgo.TryAbort); err != nil {
				t.Fatal(err)
			}
			second, _ := open(t, killed(t, state))
			commit(t, producer(t, second), 3)
			want(t, second, append(numbers, 3)...)
		})
	}
	if whole == 0 || whole == len(cuts(writes)) {
		t.Errorf("in %d of %d cuts the transaction is whole", whole, len(cuts(writes)))
	}
}

// writesBetween returns what the broker appended between two states of its folder, in the order in which it wrote.
func writesBetween(t *testing.T, before, after string) (writes []write) {
	t.Helper()
	for _, pattern := range []string{"broker/partitions/*/*.dat", "broker/partitions/*/*.idx", "broker/groups.log", "broker/pids.log"} {
		found, err := fs.Glob(os.DirFS(after), pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			if w := (write{file, size(t, before, file), size(t, after, file)}); w.before != w.after {
				writes = append(writes, w)
			}
		}
	}
	return inOrder(writes)
}

// inOrder puts each partition's log and index side by side.
func inOrder(writes []write) (ordered []write) {
	for _, w := range writes {
		if strings.HasSuffix(w.file, ".idx") {
			continue
		}
		ordered = append(ordered, w)
		for _, index := range writes {
			if index.file == strings.TrimSuffix(w.file, ".dat")+".idx" {
				ordered = append(ordered, index)
			}
		}
	}
	return ordered
}

func size(t *testing.T, folder, file string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(folder, file))
	if os.IsNotExist(err) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// cut is a state that a kill can leave: how long each file is.
type cut struct {
	at      string
	lengths map[string]int64
}

func (c cut) String() string { return c.at }

// cuts returns states before, after and within each file's writes; the journals get several entries at once.
func cuts(writes []write) (all []cut) {
	const steps = 3
	for i, w := range writes {
		for step := range int64(steps + 1) {
			length := w.before + (w.after-w.before)*step/steps
			c := cut{fmt.Sprintf("%s at %d of %d", filepath.Base(filepath.Dir(w.file))+"/"+filepath.Base(w.file),
				length-w.before, w.after-w.before), make(map[string]int64)}
			for _, later := range writes[i:] {
				c.lengths[later.file] = later.before
			}
			c.lengths[w.file] = length
			all = append(all, c)
		}
	}
	return all
}
