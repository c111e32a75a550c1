package proctest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTailKeepsTheEnd(t *testing.T) {
	cases := []struct {
		name   string
		writes []string
		want   string
	}{
		{"nothing", nil, ""},
		{"less than the limit", []string{"ab", "c"}, "abc"},
		{"the limit", []string{"abcd"}, "abcd"},
		{"one write past it", []string{"abcdefghij"}, "ghij"},
		{"many writes", []string{"ab", "cd", "ef", "gh", "ij"}, "ghij"},
		{"cut in between", []string{"abcd", "efgh", "i", "jklm"}, "jklm"},
		{"a short one after a cut", []string{"abcd", "efgh", "ijkl", "m"}, "jklm"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			kept := tail{limit: 4}
			for _, text := range c.writes {
				if n, err := kept.Write([]byte(text)); n != len(text) || err != nil {
					t.Fatalf("wrote %d of %d bytes, %v", n, len(text), err)
				}
				if len(kept.buf) > 2*kept.limit {
					t.Fatalf("holds %d bytes", len(kept.buf))
				}
			}
			if got := kept.String(); got != c.want {
				t.Errorf("kept %q, want %q", got, c.want)
			}
		})
	}
}

func TestRunStandsInForATest(t *testing.T) {
	var out strings.Builder
	var order []string
	err := Run(&out, func(tb TB) {
		tb.Cleanup(func() { order = append(order, "first registered") })
		tb.Cleanup(func() {
			order = append(order, "last registered")
			tb.Cleanup(func() { order = append(order, "registered by a cleanup") })
			tb.Fatalf("second failure")
		})
		tb.Fatalf("first %s", "failure")
		order = append(order, "after Fatalf")
	})
	if err == nil || err.Error() != "first failure" || out.String() != "second failure\n" {
		t.Errorf("returned %v, printed %q", err, out.String())
	}
	want := []string{"last registered", "registered by a cleanup", "first registered"}
	if !slices.Equal(order, want) {
		t.Errorf("ran %q, want %q", order, want)
	}
}

func TestAwaitReturnsTheLastAnswer(t *testing.T) {
	answer := errors.New("not yet")
	ctx, cancel := context.WithCancelCause(t.Context())
	calls := 0
	err := Await(ctx, func(ctx context.Context) error {
		if calls++; calls == 3 {
			cancel(errors.New("had enough"))
			return ctx.Err()
		}
		return answer
	})
	if !errors.Is(err, answer) || !strings.HasPrefix(err.Error(), "had enough") || calls != 3 {
		t.Errorf("after %d calls: %v", calls, err)
	}
}

func TestLockHasOneHolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lock")
	unlock, err := Lock(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := Lock(short, file); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("second holder: %v, want the deadline", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := Lock(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}

func TestBuildLastsAsLongAsTheTest(t *testing.T) {
	const pkg = "github.com/rmn-arms/campaign-engine/cmd/internal/proctest/testdata/hello"
	var path string
	t.Run("build", func(t *testing.T) {
		path = Build(t, pkg)
		p := Start(t, Command{Path: path})
		if code, err := p.Wait(patience); err != nil || code != 0 || p.Stdout() != "hello\n" {
			t.Errorf("exit code %d, %v\n%s", code, err, p.Report())
		}
	})
	if _, err := os.Lstat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("%s is still there (%v)", filepath.Dir(path), err)
	}
}
