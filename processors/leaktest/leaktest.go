// Package leaktest has a package's tests fail when they leave goroutines behind.
package leaktest

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long goroutines may take to end once the tests have. goleak by itself waits less than half a second, in which
// a busy machine may not let them run at all.
const patience = 30 * time.Second

// Main runs the tests, as TestMain does, and exits.
func Main(m *testing.M) {
	code := m.Run()
	waiting, cancel := context.WithTimeout(context.Background(), patience)
	if code == 0 {
		if err := left(waiting, goleak.Find); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	cancel()
	os.Exit(code)
}

// left asks until nothing is found or ctx ends, and returns what was found last.
func left(ctx context.Context, find func(...goleak.Option) error) error {
	for {
		err := find()
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
}
