package leaktest

import (
	"context"
	"testing"

	"go.uber.org/goleak"
)

// TestLeft: what ends late is waited for, what does not end is told of.
func TestLeft(t *testing.T) {
	blocked := make(chan struct{})
	go func() { <-blocked }()
	over, end := context.WithCancel(t.Context())
	end()
	if err := left(over, goleak.Find); err == nil {
		t.Error("a goroutine that goes on is not found")
	}
	looks := 0
	waiting, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := left(waiting, func(...goleak.Option) error {
		if looks++; looks == 2 {
			close(blocked)
		}
		return goleak.Find()
	}); err != nil || looks < 2 {
		t.Errorf("after %d looks: %v", looks, err)
	}
}
