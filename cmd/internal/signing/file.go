package signing

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// FileMode is what a file of keys is made with: only its owner reads it.
const FileMode fs.FileMode = 0o600

// others are the bits of a mode that let everybody in.
const others fs.FileMode = 0o007

// ReadFile reads the keys of a file. It refuses one that everybody on the machine may read or change.
func ReadFile(path string) (*Keys, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading keys: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("reading keys: %s is no file", path)
	case info.Mode()&others != 0:
		return nil, fmt.Errorf("reading keys: everybody may read %s, or change it; chmod 600 mends that", path)
	}
	text, err := io.ReadAll(io.LimitReader(file, keysMaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	keys, err := ParseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, path)
	}
	return keys, nil
}

// ReadOrCreateFile reads the keys of a file, and makes one with a new key where there is none. made says that it did. Of two
// processes that do so at once, one makes it, and both read that.
func ReadOrCreateFile(path string) (keys *Keys, made bool, err error) {
	if keys, err = ReadFile(path); !errors.Is(err, fs.ErrNotExist) {
		return keys, false, err
	}
	if keys, err = Generate(); err != nil {
		return nil, false, err
	}
	switch err := put(path, keys, os.Link); {
	case errors.Is(err, fs.ErrExist):
		keys, err = ReadFile(path)
		return keys, false, err
	case err != nil:
		return nil, false, err
	}
	return keys, true, nil
}

// Generate returns keys of which there is one, a new one.
func Generate() (*Keys, error) {
	private, err := generate()
	if err != nil {
		return nil, err
	}
	return newKeys([]entry{private})
}

// generate makes a key whose id does not begin with -: on a command line it would be taken for a switch.
func generate() (entry, error) {
	for {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return entry{}, fmt.Errorf("making a key: %w", err)
		}
		id, err := thumbprint(public)
		if err != nil || !strings.HasPrefix(id, "-") {
			return entry{publicKey{id, public}, private}, err
		}
	}
}

// put writes a file of keys whole or not at all: beside its place, and then into it by move.
func put(path string, keys *Keys, move func(from, to string) error) error {
	text, err := keys.text()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing keys: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // with FileMode
	if err != nil {
		return fmt.Errorf("writing keys: %w", err)
	}
	defer os.Remove(file.Name()) // of no effect after a rename
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = move(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing keys: %w", err)
	}
	return nil
}
