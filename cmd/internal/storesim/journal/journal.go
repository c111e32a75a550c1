// Package journal is what the simulation tells: one line per thing that happened, as JSON for an oracle, as text for a
// person.
package journal

import (
	"bufio"
	"encoding/json"
	"io"
	"sync"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// Event is what happened.
type Event string

// The events. Beside At, every line about a device has Device and Store.
const (
	Booted      Event = "booted"     // it runs, with what its disk held: Revision, Cache (all of it), Clock
	Registered  Event = "registered" // the registry was told of it
	Obeyed      Event = "obeyed"     // a command is what it does from now on: Revision, Attempt, Offset, Playlist
	Repeated    Event = "repeated"   // the revision that it obeys came with a higher attempt: Revision, Attempt, Offset
	Skipped     Event = "skipped"    // valid, but a newer one lay behind it when it came back: Revision, Attempt, Offset
	Refused     Event = "refused"    // a record was not obeyed: Reason, Offset; Revision if it could be read
	Fetching    Event = "fetching"   // a download begins: SHA256, Bytes, From (the byte at which it goes on)
	Cached      Event = "cached"     // a content is there and right: SHA256, Bytes
	FetchFault  Event = "fetch-fault"
	Evicted     Event = "evicted" // SHA256
	Acked       Event = "acked"   // an ack was handed to Kafka: Revision, Attempt, Status, Missing, Error
	Started     Event = "play-started"
	Ended       Event = "play-ended"   // Reason: one of the reasons of an end
	Reported    Event = "reported"     // plays have arrived in Kafka: Count
	Offline     Event = "offline"      // its network is gone
	Online      Event = "online"       // and back
	Slow        Event = "slow"         // its network is slow, Reason "over" when it is no more
	DiskFull    Event = "disk-full"    // its disk takes nothing, Reason "over" when it does again
	Off         Event = "off"          // it has no power: Reason restart, wiped or end
	Attack      Event = "attack"       // a record of the attacker's is in the store's topic: Reason (which kind), Offset
	Final       Event = "final"        // at the end: Revision, Playlist, Cache, Spare, Unsent, Status
	Totals      Event = "totals"       // at the very end: Counts
	Trouble     Event = "trouble"      // the simulation itself could not do something: Error
	KeysFetched Event = "keys-fetched" // the public keys were fetched, or not: Error
)

// The reasons of an end.
const (
	EndDone    = "done"    // the spot was over
	EndStopped = "stopped" // a newer playlist does not have it any more
	EndPower   = "power"   // the device went off; the play is not reported
)

// Line is one thing that happened.
type Line struct {
	At     schemas.Instant `json:"at"` // the true time
	Event  Event           `json:"event"`
	Device string          `json:"device,omitempty"`
	Store  string          `json:"store,omitempty"`
	// DeviceAt is the time by the device's own clock.
	DeviceAt *schemas.Instant `json:"device_at,omitempty"`
	Reason   string           `json:"reason,omitempty"`

	Revision int64  `json:"playlist_revision,omitempty"`
	Attempt  int64  `json:"attempt,omitempty"`
	Offset   *int64 `json:"offset,omitempty"` // in the store's topic

	Campaign string           `json:"campaign_id,omitempty"`
	Creative string           `json:"creative_id,omitempty"`
	PlayID   string           `json:"play_id,omitempty"`
	StartsAt *schemas.Instant `json:"starts_at,omitempty"`
	EndsAt   *schemas.Instant `json:"ends_at,omitempty"`
	// LateMs is of a play's start: by the device's clock since the first instant at which the spot might have started, if
	// nothing was shown before; of a play's end: since the end of the spot.
	LateMs *int64 `json:"late_ms,omitempty"`

	Status  schemas.AckStatus `json:"status,omitempty"`
	Missing []string          `json:"missing,omitempty"`
	Error   string            `json:"error,omitempty"`

	SHA256 string `json:"sha256,omitempty"`
	Bytes  int64  `json:"bytes,omitempty"`
	From   int64  `json:"from,omitempty"`
	Count  int    `json:"count,omitempty"`

	ClockOffsetMs int64 `json:"clock_offset_ms,omitempty"`
	ClockPPM      int64 `json:"clock_ppm,omitempty"`

	// Playlist is the whole playlist of Obeyed and Final.
	Playlist []schemas.PlaylistEntry `json:"playlist,omitempty"`
	// Cache is what is held of the contents that the playlist needs, Spare what is held beside it, both sorted sha256; of Booted
	// Cache is all that is held.
	Cache  []string `json:"cache,omitempty"`
	Spare  []string `json:"spare,omitempty"`
	Unsent int      `json:"unsent,omitempty"` // plays that Kafka does not have yet

	Counts map[string]int64 `json:"counts,omitempty"`
}

// Sink takes lines. It is called from many goroutines.
type Sink func(Line)

// Both hands each line to two sinks.
func Both(a, b Sink) Sink {
	return func(l Line) {
		a(l)
		b(l)
	}
}

// Counter counts lines by event, and by event and reason where there is one.
type Counter struct {
	mu     sync.Mutex
	counts map[string]int64
}

// Note is a Sink.
func (c *Counter) Note(l Line) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[string]int64{}
	}
	c.counts[string(l.Event)]++
	switch {
	case l.Reason != "":
		c.counts[string(l.Event)+" "+l.Reason]++
	case l.Status != "" && l.Event == Acked:
		c.counts[string(l.Event)+" "+string(l.Status)]++
	}
}

// Counts returns a copy of the counts: "<event>" and "<event> <reason or status>".
func (c *Counter) Counts() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]int64, len(c.counts))
	for name, n := range c.counts {
		all[name] = n
	}
	return all
}

// Writer writes lines; each line is whole. Its methods are safe for concurrent use.
type Writer struct {
	mu   sync.Mutex
	to   *bufio.Writer
	form func(Line) []byte
	err  error
}

// JSON writes each line as JSON.
func JSON(to io.Writer) *Writer {
	return &Writer{to: bufio.NewWriter(to), form: func(l Line) []byte {
		text, err := json.Marshal(l)
		if err != nil { // an instant that RFC 3339 cannot write, from a clock set to such a time
			text, _ = json.Marshal(Line{Event: Trouble, Device: l.Device, Store: l.Store, Error: err.Error()})
		}
		return append(text, '\n')
	}}
}

// Text writes each line that a person wants to see as text.
func Text(to io.Writer) *Writer {
	return &Writer{to: bufio.NewWriter(to), form: func(l Line) []byte {
		if said := Say(l); said != "" {
			return append([]byte(said), '\n')
		}
		return nil
	}}
}

// Note is a Sink. What it writes is out when it returns: a journal must survive the process's death.
func (w *Writer) Note(l Line) {
	text := w.form(l)
	if text == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		_, w.err = w.to.Write(text)
	}
	if w.err == nil {
		w.err = w.to.Flush()
	}
}

// Err returns the first error of writing; nothing was written after it.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}
