package playlist

import (
	"strconv"
	"strings"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// firing is one Fire. It reads all that it needs before it writes anything.
type firing struct {
	next     Store
	parts    Parts
	storeID  string
	now      instant.Instant
	flushing bool
	devices  map[string]*device // those that were read
	known    *index             // nil until it is read
	placed   catalogue          // nil until it is read
	// playlists are those that were compiled, by what devices can play, and the instant.
	playlists map[string]*compiled
	bytes     int // of what was fired
	more      bool
	fired     Fired
	writes    []func()
}

// index reads the index once.
func (f *firing) index() (*index, error) {
	if f.known == nil {
		known, err := readIndex(f.parts)
		if err != nil {
			return nil, err
		}
		f.known = &known
	}
	return f.known, nil
}

func (f *firing) keepIndex() {
	f.writes = append(f.writes, func() { f.parts.SetPart(indexPart, f.known.append(nil)) })
}

// device reads a device once.
func (f *firing) device(id string) (*device, error) {
	if d := f.devices[id]; d != nil {
		return d, nil
	}
	d := new(device)
	if err := d.read(f.parts, id); err != nil {
		return nil, err
	}
	f.devices[id] = d
	return d, nil
}

func (f *firing) keep(id string, d *device) {
	f.writes = append(f.writes, func() { d.write(f.parts, id) })
}

// compile makes the playlist of a device at an instant, once for all devices that can play the same.
func (f *firing) compile(d *device, at instant.Instant) (*compiled, error) {
	if f.placed == nil {
		known, err := f.index()
		if err != nil {
			return nil, err
		}
		placements, err := known.placements(f.parts)
		if err != nil {
			return nil, err
		}
		f.placed = newCatalogue(placements)
	}
	key := strconv.FormatInt(int64(at), 36)
	if d.says {
		key += "\x00" + strings.Join(d.mime, "\x00")
	}
	if f.playlists[key] == nil {
		f.playlists[key] = f.placed.compile(d.says, d.mime, at)
	}
	return f.playlists[key], nil
}
