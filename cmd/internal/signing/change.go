package signing

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// A rotation has three steps, so that at no time a command is signed by a key that devices do not know: Add, and wait until
// every process and device has read the new set (twice FollowEvery at the most, and what devices take); Promote; and Retire the
// old key when no command signed by it is to be obeyed any more.

// ErrNoSuchKey says that a file has no key of that id.
var ErrNoSuchKey = errors.New("there is no key of that id")

// Add puts a new key at the end of the file, which is made where there is none, and returns its id.
func Add(path string) (id string, err error) {
	keys, made, err := ReadOrCreateFile(path)
	if err != nil {
		return "", err
	}
	if made {
		return keys.entries[0].id, nil
	}
	added, err := generate()
	if err != nil {
		return "", err
	}
	return added.id, replace(path, append(slices.Clone(keys.entries), added))
}

// Promote has the key of that id sign from now on. The others stay valid.
func Promote(path, id string) error {
	return change(path, id, func(entries []entry, at int) ([]entry, error) {
		promoted := entries[at]
		if promoted.private == nil {
			return nil, errors.New("the file has its public part only: it cannot sign")
		}
		return slices.Insert(slices.Delete(entries, at, at+1), 0, promoted), nil
	})
}

// Retire takes the key of that id away: what was signed by it is believed no more.
func Retire(path, id string) error {
	return change(path, id, func(entries []entry, at int) ([]entry, error) {
		if at == 0 {
			return nil, errors.New("it is the one that signs; promote another one before")
		}
		return slices.Delete(entries, at, at+1), nil
	})
}

func change(path, id string, how func(entries []entry, at int) ([]entry, error)) error {
	keys, err := ReadFile(path)
	if err != nil {
		return err
	}
	entries := slices.Clone(keys.entries)
	at := slices.IndexFunc(entries, func(e entry) bool { return e.id == id })
	if at < 0 {
		return fmt.Errorf("changing %s: %w: %s", path, ErrNoSuchKey, id)
	}
	if entries, err = how(entries, at); err != nil {
		return fmt.Errorf("changing %s: %s: %w", path, id, err)
	}
	return replace(path, entries)
}

func replace(path string, entries []entry) error {
	keys, err := newKeys(entries)
	if err != nil {
		return err
	}
	return put(path, keys, func(from, to string) error { return keepMode(from, to, os.Rename) })
}

// keepMode moves a file to the place of another one, with its mode: who may read it was decided by a person.
func keepMode(from, to string, move func(from, to string) error) error {
	info, err := os.Stat(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := os.Chmod(from, info.Mode().Perm()); err != nil {
			return err
		}
	}
	return move(from, to)
}
