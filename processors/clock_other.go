//go:build !linux

package processors

import "time"

// sinceBoot knows no such clock here: a machine that was suspended then looks like one whose wall clock has jumped, and
// firing is held for a moment.
func sinceBoot() (time.Duration, bool) { return 0, false }
