package fanout

import "github.com/rmn-arms/campaign-engine/state/playlist"

// What a step may do. A record of a placement may be larger than StepBytesMax by itself; it is then the only one of its step.
const (
	StepRecordsMax = 250
	StepBytesMax   = 256 << 10
	// stepChunksMax is how many parts of the list it reads, and may write.
	stepChunksMax = 8
)

// Telling is what a store is to be told.
type Telling struct {
	StoreID string
	// Placement is not changed: others are told the same.
	Placement *playlist.Placement
}

// Step goes on with the walk that is under way, and returns what is to be told, to each store once; nothing when none is. Its
// error is ErrPart, and then nothing is changed.
func (r *Row) Step(parts Parts) ([]Telling, error) {
	if !r.Walk.Under() {
		return nil, nil
	}
	goal, err := goalIn(parts)
	if err != nil {
		return nil, err
	}
	s := newStep(r, &goal)
	var written [][]byte
	from := r.Walk.Cursor / chunkMax
	for number := from; number < min(chunks(r.Stores), from+stepChunksMax) && !s.full; number++ {
		chunk, err := r.chunk(parts, number)
		if err != nil {
			return nil, err
		}
		written = append(written, s.tell(number, chunk))
	}
	for i, chunk := range written {
		if passed := (from+int64(i)+1)*chunkMax <= s.cursor || s.cursor == r.Stores; passed && !r.Placed {
			parts.SetPart(chunkName(from+int64(i)), nil)
		} else if chunk != nil {
			parts.SetPart(chunkName(from+int64(i)), chunk)
		}
	}
	if r.Walk.Cursor = s.cursor; s.cursor == r.Stores {
		r.end(parts)
	}
	return s.telling, nil
}

// end ends the walk. What is placed nowhere needs no list.
func (r *Row) end(parts Parts) {
	r.Walk = Walk{}
	if !r.Placed {
		r.Stores = 0
		parts.SetPart(goalPart, nil)
	}
}

// step is one step of a walk.
type step struct {
	content           Hash // of what targeted stores are to have
	placement         *playlist.Placement
	removal           playlist.Placement
	placing, removing int // bytes of a record
	telling           []Telling
	bytes             int
	cursor            int64
	full              bool
}

func newStep(r *Row, goal *playlist.Placement) *step {
	s := &step{content: r.Content, placement: goal, removal: removalOf(*goal), cursor: r.Walk.Cursor}
	s.placing, s.removing = len(goal.AppendBinary(nil)), len(s.removal.AppendBinary(nil))
	return s
}

// tell passes the stores of a part from the cursor on, until the step is full. It returns the part as it is then, nil when
// nobody in it was told anything.
func (s *step) tell(number int64, chunk []entry) []byte {
	changed := false
	for i := s.cursor - number*chunkMax; i < int64(len(chunk)); i++ {
		e := &chunk[i]
		wanted, placement, size := Hash{}, &s.removal, s.removing
		if e.targeted && s.placement.Placed {
			wanted, placement, size = s.content, s.placement, s.placing
		}
		if e.content != wanted {
			if size += len(e.store); len(s.telling) == StepRecordsMax || len(s.telling) > 0 && s.bytes+size > StepBytesMax {
				s.full = true
				break
			}
			s.telling = append(s.telling, Telling{e.store, placement})
			s.bytes += size
			e.content, changed = wanted, true
		}
		s.cursor++
	}
	if !changed {
		return nil
	}
	return appendChunk(nil, chunk)
}
