package proctest

import (
	"fmt"
	"time"
)

// usageEndMax is how long a process may take from vanishing out of /proc to being reported as ended.
const usageEndMax = time.Second

// Usage is what a process has used of the machine.
type Usage struct {
	CPU      time.Duration // user and system, of all its threads, since its start; in steps of 10 ms while it runs
	RSSBytes int64         // resident memory now; 0 once it has ended
}

// Usage reads what the process has used so far, or had used when it ended.
func (p *Process) Usage() (Usage, error) {
	if !p.ended() {
		u, err := usageOf(p.PID())
		if err == nil {
			return u, nil
		}
		if _, waitErr := p.Wait(usageEndMax); waitErr != nil { // it may have ended since
			return Usage{}, fmt.Errorf("reading what %s used: %w", p.name, err)
		}
	}
	state := p.cmd.ProcessState
	return Usage{CPU: state.UserTime() + state.SystemTime()}, nil
}
