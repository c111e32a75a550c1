// Package fanout spreads what is wanted of a campaign to its stores. It is a fold over the campaign's applied transitions, which
// says what is wanted, and a walk over the list of its stores, in bounded steps, which tells each store of whom something else is
// known. A transition that wants something else begins a new walk; what the old one had told stands in the list, so the new one
// takes it back where it is to be taken back.
//
// Everything here is a plain function over plain data. Invariant: when no walk is under way, exactly the targeted stores have
// been told the newest placement, if one is wanted, and all others have been told nothing, or that it was removed. What a store
// is told has a sequence that is higher than that of what it was told before.
package fanout

import (
	"crypto/sha256"
	"errors"

	"github.com/rmn-arms/campaign-engine/state/playlist"
)

// Row is what the group keeps of a campaign; beside it, in parts, lie the list of its stores and what they are told. The zero Row
// is a campaign of which nothing is known. Of one that is over and removed everywhere nothing is left but the sequence.
type Row struct {
	Sequence    int64 // of the newest transition that was taken in
	Distributed bool  // its content has been due in the stores, and it is not over
	// Placed says that it is to be on devices. Content is then of what they get, Targets of the stores that do.
	Placed           bool
	Content, Targets Hash
	// Stores counts the list: the targeted stores, and those that have been told and are not targeted any more.
	Stores int64
	Walk   Walk
}

// Hash is the identity of a content or of a list of stores. The zero Hash is that of nothing.
type Hash [16]byte

func hashOf(content []byte) Hash {
	sum := sha256.Sum256(content)
	return Hash(sum[:])
}

// Walk is how far the stores have been told; the zero Walk is none. It is also the record that has a walk go on: one that is
// not the row's own is of a walk that was overtaken, or of a step that was made.
type Walk struct {
	Sequence int64 // of the transition that began it
	Cursor   int64 // of the list, the stores that have been passed
}

// Under says whether a walk is under way.
func (w Walk) Under() bool { return w.Sequence > 0 }

// Parts is where the parts of a row are kept.
type Parts interface {
	// Part returns a part, nil without one. It is not changed.
	Part(name string) []byte
	// SetPart writes a part; nil removes it.
	SetPart(name string, value []byte)
}

// ErrPart says that a part of a row is not what this package wrote.
var ErrPart = errors.New("reading a part of a campaign's placements: not the encoding of one")

// Change is an applied transition.
type Change struct {
	Sequence    int64
	Distributes bool // it is the one by which the content is due in the stores
	// Live says that the campaign is then scheduled or active, Over that it is completed or cancelled.
	Live, Over bool
	// Placement is what the stores are to get, and Stores who they are, where Row.Wants says so. Its sequence is not looked at.
	Placement playlist.Placement
	Stores    []string
}

// Wants says whether a change says what the stores are to get.
func (r *Row) Wants(c *Change) bool {
	return c.Sequence > r.Sequence && c.Live && (r.Distributed || c.Distributes)
}

// Apply takes a change in; one that is not newer than the newest changes nothing: again. The walk that it may begin is then to
// be stepped. Its error is ErrPart, and then nothing is changed.
func (r *Row) Apply(parts Parts, c *Change) (again bool, err error) {
	if c.Sequence <= r.Sequence {
		return true, nil
	}
	next := *r
	next.Sequence = c.Sequence
	next.Distributed = !c.Over && (r.Distributed || c.Distributes)
	switch {
	case r.Wants(c):
		err = next.place(parts, c)
	case r.Placed:
		err = next.remove(parts)
	}
	if err == nil {
		*r = next
	}
	return false, err
}

// place has a placement told to all targeted stores, and all others that were told before told that it is removed. Where
// neither it nor the stores have changed, there is nothing to tell.
func (r *Row) place(parts Parts, c *Change) error {
	goal := c.Placement
	goal.Placed = true
	content := contentOf(goal)
	stores, targets := targetsOf(c.Stores)
	sameStores := r.Placed && r.Targets == targets
	if sameStores && r.Content == content {
		return nil
	}
	if !sameStores {
		if err := r.aim(parts, stores); err != nil {
			return err
		}
	}
	r.Placed, r.Content, r.Targets = true, content, targets
	r.begin(parts, goal)
	return nil
}

// remove has all stores that were told before told that it is removed.
func (r *Row) remove(parts Parts) error {
	goal, err := goalIn(parts)
	if err != nil {
		return err
	}
	r.Placed, r.Content, r.Targets = false, Hash{}, Hash{}
	r.begin(parts, removalOf(goal))
	return nil
}

// begin begins a walk at the first store, which overtakes the one that was under way.
func (r *Row) begin(parts Parts, goal playlist.Placement) {
	goal.Sequence = r.Sequence
	parts.SetPart(goalPart, goal.AppendBinary(nil))
	r.Walk = Walk{Sequence: r.Sequence}
}

// contentOf is of what a store makes playlists of.
func contentOf(p playlist.Placement) Hash {
	p.Sequence, p.Revision = 0, 0
	return hashOf(p.AppendBinary(nil))
}

// removalOf takes a placement back.
func removalOf(p playlist.Placement) playlist.Placement {
	p.Placed, p.Creatives = false, nil
	return p
}

// goalPart is the name of the part that holds what targeted stores are told.
const goalPart = "g"

func goalIn(parts Parts) (goal playlist.Placement, err error) {
	if goal.UnmarshalBinary(parts.Part(goalPart)) != nil {
		return goal, ErrPart
	}
	return goal, nil
}
