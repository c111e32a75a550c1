package run

import (
	"errors"
	"fmt"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
)

// TestARefusalIsBelievedWhenItComesAgain: what may pass by itself never ends a start.
func TestARefusalIsBelievedWhenItComesAgain(t *testing.T) {
	certain, guessed := &config.RefusalError{}, &config.RefusalError{Guessed: true}
	absent := errors.New("nobody answers")
	for _, c := range []struct {
		errs []error
		want int // the first that is believed, counted from 1; 0: none
	}{
		{[]error{certain, certain, certain}, 3},
		{[]error{guessed, guessed, guessed, guessed, guessed}, 5},
		{[]error{certain, certain, absent, certain, certain, certain}, 6},
		{[]error{guessed, guessed, guessed, guessed, absent, guessed}, 0},
		{[]error{absent, absent, absent, absent, absent, absent, absent}, 0},
	} {
		var r refusals
		believed := 0
		for i, err := range c.errs {
			if r.note(fmt.Errorf("looking: %w", err)) && believed == 0 {
				believed = i + 1
			}
		}
		if believed != c.want {
			t.Errorf("%v: number %d is believed, want %d", c.errs, believed, c.want)
		}
	}
}
