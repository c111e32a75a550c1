package drive

import "github.com/rmn-arms/campaign-engine/state/instant"

// Reserve lets the tests say when the clock's next instant is noted.
func (d *Drive) Reserve() error { return d.reserve() }

// Reserved is what the clock does not pass.
func (d *Drive) Reserved() instant.Instant { return instant.Instant(d.reserved.Load()) }
