package logging

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
)

// wait lets the bubble's time pass.
func wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// TestSeldomLosesNoCount: what is told adds up to what came, however it is spread over time.
func TestSeldomLosesNoCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seldom := NewSeldom(10 * time.Second)
		var mu sync.Mutex
		var told []int
		tell := func(count int) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, count)
		}
		expect := func(when string, want ...int) {
			t.Helper()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(told, want) {
				t.Fatalf("%s: told %v, want %v", when, told, want)
			}
		}
		seldom.Tell("a", 3, tell)
		expect("at once", 3)
		seldom.Tell("a", 1, tell)
		seldom.Tell("a", 4, tell)
		seldom.Tell("b", 7, tell)
		expect("another kind, and the same again", 3, 7)
		wait(10 * time.Second)
		expect("after the interval", 3, 7, 5)
		seldom.Tell("a", 2, tell)
		expect("within the next", 3, 7, 5)
		wait(10 * time.Second)
		expect("after that", 3, 7, 5, 2)
		wait(20 * time.Second)
		expect("in the silence", 3, 7, 5, 2)
		seldom.Tell("a", 6, tell)
		expect("after the silence", 3, 7, 5, 2, 6)
	})
}

// TestAnOutageIsAFewLines: a client without a broker warns several times a second.
func TestAnOutageIsAFewLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		client := ForKafka(newLogger(zerolog.SyncWriter(&out), false, Switches{}))
		for range 100 {
			client.Log(kgo.LogLevelWarn, "unable to open connection", "err", errors.New("refused"), "backoff", 250*time.Millisecond)
			client.Log(kgo.LogLevelError, "group manage loop errored")
			wait(100 * time.Millisecond)
		}
		wait(20 * time.Second)
		text := out.String()
		if strings.Count(text, "\n") != 4 || strings.Count(text, `"left_out":98`) != 2 || !strings.Contains(text, `"backoff":"250ms"`) {
			t.Errorf("100 warnings and errors in 10 s are told as\n%s", text)
		}
	})
}

func TestDurationsHaveUnits(t *testing.T) {
	var out bytes.Buffer
	logger := newLogger(&out, false, Switches{})
	logger.Warn().Dur("retry_in", 1500*time.Millisecond).Msg("own")
	ForKafka(logger.Level(zerolog.DebugLevel)).Log(kgo.LogLevelInfo, "client", "backoff", 231133079*time.Nanosecond)
	for _, want := range []string{`"retry_in":"1.5s"`, `"backoff":"231.133079ms"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it logs\n%s\nwant %s", out.String(), want)
		}
	}
}
