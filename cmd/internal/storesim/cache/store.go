package cache

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// What may be wrong with a content on its way to the disk.
var (
	ErrCorrupt  = errors.New("corrupt")   // it is not what its sha256 says
	ErrDiskFull = errors.New("disk-full") // the disk takes nothing
	ErrNoSuch   = errors.New("not-found") // its server does not have it
)

// Folder is a cache on the disk: a file per content, named by its sha256, and at most one that is not yet whole.
type Folder string

const partSuffix = ".part"

// Open makes the folder where there is none, and returns what is in it.
func (f Folder) Open() (map[string]Held, error) {
	if err := os.MkdirAll(string(f), 0o755); err != nil {
		return nil, fmt.Errorf("opening a cache: %w", err)
	}
	entries, err := os.ReadDir(string(f))
	if err != nil {
		return nil, fmt.Errorf("opening a cache: %w", err)
	}
	held := map[string]Held{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, fmt.Errorf("opening a cache: %w", err)
		}
		if sum, err := hex.DecodeString(e.Name()); err == nil && len(sum) == 32 && info.Mode().IsRegular() {
			held[e.Name()] = Held{Bytes: info.Size()}
		}
	}
	return held, nil
}

// Path returns where a content is.
func (f Folder) Path(sha256 string) string { return filepath.Join(string(f), sha256) }

// Part returns where a content is as long as it is not whole. What is there of others goes: one content is fetched at a time.
func (f Folder) Part(sha256 string) (string, error) {
	parts, err := filepath.Glob(filepath.Join(string(f), "*"+partSuffix))
	if err != nil {
		return "", fmt.Errorf("looking for parts of contents: %w", err)
	}
	own := f.Path(sha256) + partSuffix
	for _, part := range parts {
		if part != own && strings.HasSuffix(part, partSuffix) {
			if err := os.Remove(part); err != nil {
				return "", fmt.Errorf("removing a part of another content: %w", err)
			}
		}
	}
	return own, nil
}

// Evict removes a content.
func (f Folder) Evict(sha256 string) error {
	if err := os.Remove(f.Path(sha256)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("evicting a content: %w", err)
	}
	return nil
}
