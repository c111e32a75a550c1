package playlist

import (
	"encoding/binary"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// When a device that has not said that it is ready is sent its newest command once more, in milliseconds.
const (
	// PushFirst is how long after a command the next attempt follows; it doubles with each.
	PushFirst instant.Millis = 30 * 1000
	// PushMax is the longest pause between two attempts.
	PushMax instant.Millis = 15 * 60 * 1000
	// Silence is how long a device may owe an answer; then it is unreachable, and is pushed no more until it speaks.
	Silence instant.Millis = 2 * 60 * 60 * 1000
)

// jitterPercent is by how much a pause is shorter or longer at most, so that devices that were sent something at one instant
// are not all pushed at one.
const jitterPercent = 20

// wait is the pause behind an attempt: the same whenever it is asked for.
func wait(id string, revision, attempt int64) instant.Millis {
	pause := PushMax
	if doublings := attempt - 1; doublings < 5 { // 30 s * 2^5 is more than the longest
		pause = PushFirst << max(0, doublings)
	}
	most := pause * jitterPercent / 100
	return pause - most + instant.Millis(draw(id, revision, attempt)%uint64(2*most+1))
}

// spreadMax is within what time the devices are pushed whose turn was long ago.
const spreadMax instant.Millis = 60 * 1000

// spread is how long such a device waits still: the same whenever it is asked for, and never 0.
func spread(id string, revision, attempt int64) instant.Millis {
	return 1 + instant.Millis(draw(id, revision, attempt)%uint64(spreadMax))
}

// draw is a number by chance that is always the same for an attempt.
func draw(id string, revision, attempt int64) uint64 {
	b := binary.BigEndian.AppendUint64([]byte(id), uint64(revision))
	sum := digestOf(binary.BigEndian.AppendUint64(b, uint64(attempt)))
	return binary.BigEndian.Uint64(sum[:])
}

// pushed notes that a command was sent: what it owes it owes since the first that it has not answered.
func (d *device) pushed(id string, now instant.Instant) {
	d.pushDue = now.Add(wait(id, d.revision, d.attempt))
	if d.awaiting == Never {
		d.awaiting = now
	}
}

// owes says whether it has not answered.
func (d *device) owes() bool { return d.awaiting != Never }

// due is when something is to be done about a device that owes an answer, or Never.
func (d *device) due() instant.Instant {
	if d.unreachable || d.awaiting == Never {
		return Never
	}
	return min(d.pushDue, d.awaiting.Add(Silence))
}

// silent says whether it has owed an answer for too long.
func (d *device) silent(now instant.Instant) bool {
	return d.awaiting != Never && now >= d.awaiting.Add(Silence)
}
