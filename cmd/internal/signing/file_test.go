package signing

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAFileOfKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "signing-keys.json")
	if _, err := ReadFile(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("reading none: %v", err)
	}
	var all sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids { // processes that start at once
		all.Go(func() {
			keys, _, err := ReadOrCreateFile(path)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = keys.IDs()[0]
		})
	}
	all.Wait()
	if len(slices.Compact(slices.Sorted(slices.Values(ids)))) != 1 {
		t.Fatalf("they sign with %v", ids)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != FileMode {
		t.Fatalf("it is %v (%v)", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("one that everybody may read: %v", err)
	}
}

func TestARotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	is := func(want ...string) {
		t.Helper()
		keys, err := ReadFile(path)
		must(err)
		if got := keys.IDs(); !slices.Equal(got, want) {
			t.Fatalf("the keys are %v, not %v", got, want)
		}
	}
	old, err := Add(path)
	must(err)
	ring, made, err := OpenRing(path, false)
	must(err)
	before, err := ring.Sign([]byte("command"))
	if must(err); made {
		t.Error("it says that it has made the file")
	}
	must(os.Chmod(path, 0o640))
	fresh, err := Add(path)
	must(err)
	is(old, fresh)
	if info, _ := os.Stat(path); info.Mode() != 0o640 {
		t.Errorf("its mode has become %v", info.Mode())
	}
	must(Promote(path, fresh))
	is(fresh, old)
	if outcome := ring.reload(); outcome.Err != nil || !outcome.Changed || outcome.Dropped != "" || ring.reload().Changed {
		t.Errorf("reading it anew came to %+v", outcome)
	}
	verifier, err := ParseVerifier(ring.Public())
	must(err)
	after, err := ring.Sign([]byte("command"))
	must(err)
	for jws, want := range map[string]string{before: old, after: fresh} {
		if id, err := verifier.Verify(jws, []byte("command")); err != nil || id != want {
			t.Errorf("verified by %s: %v", id, err)
		}
	}
	if err := Retire(path, fresh); err == nil {
		t.Error("the one that signs can be retired")
	}
	must(Retire(path, old))
	is(fresh)
	if err := Retire(path, old); !errors.Is(err, ErrNoSuchKey) {
		t.Errorf("retiring it twice: %v", err)
	}
}

// TestARingFollowsItsFile: by the clock only what has changed is read, and a file that cannot be is told of once.
func TestARingFollowsItsFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	ring, made, err := OpenRing(path, true)
	if err != nil || !made {
		t.Fatal(made, err)
	}
	first := ring.Keys().IDs()
	ctx, cancel := context.WithCancel(t.Context())
	asked, tick, told := make(chan os.Signal), make(chan time.Time), make(chan Outcome, 10)
	var running sync.WaitGroup
	running.Go(func() { ring.follow(ctx, asked, tick, func(o Outcome) { told <- o }) })
	defer running.Wait()
	defer cancel()
	looked := func() { // the second one is taken when the first has been dealt with
		tick <- time.Time{}
		tick <- time.Time{}
	}
	looked()
	if len(told) > 0 {
		t.Fatalf("nothing has changed, and it tells %+v", <-told)
	}
	broken := path + ".new" // moved into its place: half of a file would be one more state to tell of
	if err := errors.Join(os.WriteFile(broken, []byte("{"), FileMode), os.Rename(broken, path)); err != nil {
		t.Fatal(err)
	}
	looked()
	looked()
	if o := <-told; o.Err == nil || len(told) > 0 || !slices.Equal(ring.Keys().IDs(), first) {
		t.Fatalf("a file that cannot be read is told of as %+v, and %d more", o, len(told))
	}
	asked <- os.Interrupt
	if o := <-told; o.Err == nil {
		t.Fatalf("asked, it tells %+v", o)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	looked()
	if o := <-told; !errors.Is(o.Err, fs.ErrNotExist) {
		t.Fatalf("a file that is gone is told of as %+v", o)
	}
	second, err := Add(path)
	if err != nil {
		t.Fatal(err)
	}
	looked()
	if o := <-told; o.Err != nil || !o.Changed || o.Dropped != first[0] || !slices.Equal(o.IDs, []string{second}) {
		t.Fatalf("another file is told of as %+v", o)
	}
}

// TestIDsAreNoSwitches: a key's id is given on command lines.
func TestIDsAreNoSwitches(t *testing.T) {
	for range 500 { // one id of 64 would begin with -
		made, err := generate()
		if err != nil || strings.HasPrefix(made.id, "-") {
			t.Fatal(made.id, err)
		}
	}
}
