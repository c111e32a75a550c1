package main

import (
	"os"
	"syscall"
	"testing"
	"time"
)

// TestTheSameSignalTwiceIsOne: only one that comes later ends the process before its work is handed over.
func TestTheSameSignalTwiceIsOne(t *testing.T) {
	at := []time.Duration{0, time.Millisecond, secondAfter - 1, secondAfter}
	signals := make(chan os.Signal, len(at))
	for range at {
		signals <- syscall.SIGTERM
	}
	start, seen, ended := time.Now(), 0, 0
	untilForced(signals, func() { ended++ }, func() time.Time {
		seen++
		return start.Add(at[seen-1])
	})
	if ended != 1 || seen != len(at) {
		t.Errorf("ended %d times, at once after %d signals; want once, and after %d", ended, seen, len(at))
	}
}
