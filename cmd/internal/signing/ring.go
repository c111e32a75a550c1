package signing

import (
	"context"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"
)

// FollowEvery is how often a ring looks whether its file was changed.
const FollowEvery = time.Minute

// Ring is the keys of a file, as they are now. It may be used from many goroutines.
type Ring struct {
	path string

	mu   sync.Mutex
	keys *Keys
	seen sight // of the file when it was read last, whatever came of it
}

// sight is what tells one state of a file from another without reading it.
type sight struct {
	modified time.Time
	bytes    int64
	mode     fs.FileMode // changes without the time
}

// OpenRing reads the keys of a file; where create is given, and there is no file, it is made, which made says.
func OpenRing(path string, create bool) (ring *Ring, made bool, err error) {
	seen, _ := look(path) // before the file is read: what changes in between is read again
	var keys *Keys
	if create {
		keys, made, err = ReadOrCreateFile(path)
	} else {
		keys, err = ReadFile(path)
	}
	if err != nil {
		return nil, false, err
	}
	if made {
		seen, _ = look(path)
	}
	return &Ring{path: path, keys: keys, seen: seen}, made, nil
}

func look(path string) (sight, error) {
	info, err := os.Stat(path)
	if err != nil {
		return sight{}, err
	}
	return sight{info.ModTime(), info.Size(), info.Mode()}, nil
}

// Keys returns the keys as they are now.
func (r *Ring) Keys() *Keys {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys
}

// Sign is Keys.Sign with the key that signs now.
func (r *Ring) Sign(value []byte) (string, error) { return r.Keys().Sign(value) }

// Public is Keys.Public of the keys as they are now.
func (r *Ring) Public() []byte { return r.Keys().Public() }

// Outcome is what came of reading the file anew.
type Outcome struct {
	// Err says why the keys stay as they were; nil: they are those of the file.
	Err error
	// Changed says that other keys are valid now, or another one signs.
	Changed bool
	IDs     []string
	// Dropped is the key that signed until now, where it is valid no more: what it signed stays where it is, and nobody believes it.
	Dropped string
}

// Follow reads the file anew when it has changed, which is looked at every FollowEvery, and whenever asked, until ctx ends.
// A file that cannot be read leaves the keys as they are. tell gets each outcome once per state of the file.
func (r *Ring) Follow(ctx context.Context, asked <-chan os.Signal, tell func(Outcome)) {
	ticker := time.NewTicker(FollowEvery)
	defer ticker.Stop()
	r.follow(ctx, asked, ticker.C, tell)
}

func (r *Ring) follow(ctx context.Context, asked <-chan os.Signal, tick <-chan time.Time, tell func(Outcome)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-asked:
			tell(r.reload())
		case <-tick:
			if seen, _ := look(r.path); seen != r.lastSeen() { // one that is gone is seen as nothing
				tell(r.reload())
			}
		}
	}
}

func (r *Ring) lastSeen() sight {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

func (r *Ring) reload() Outcome {
	seen, _ := look(r.path)
	keys, err := ReadFile(r.path)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = seen
	if err != nil {
		return Outcome{Err: err, IDs: r.keys.IDs()}
	}
	outcome := Outcome{Changed: string(keys.public) != string(r.keys.public), IDs: keys.IDs()}
	if signed := r.keys.entries[0].id; !slices.Contains(outcome.IDs, signed) {
		outcome.Dropped = signed
	}
	r.keys = keys
	return outcome
}
