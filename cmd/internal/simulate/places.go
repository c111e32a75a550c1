package simulate

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rmn-arms/campaign-engine/topics"
)

// stream is the place of all topics in one.
type stream struct{ to *bufio.Writer }

func streamTo(to io.Writer) stream { return stream{bufio.NewWriterSize(to, 64<<10)} }

func (s stream) write(_ string, line []byte) error {
	_, err := s.to.Write(line)
	return err
}

func (s stream) flush() error { return s.to.Flush() }

// folder is the place of one file a topic. A file is open only while it is written to: there may be more of them than a process
// may have open.
type folder struct {
	path string
	// waiting are lines that are not in their files yet, by topic; bytes is the size of all.
	waiting map[string][]byte
	bytes   int
}

// The bounds of what waits: of a topic, and of all.
const (
	fileMaxBytes   = 256 << 10
	folderMaxBytes = 32 << 20
)

// suffix is what a topic's file is called behind its name.
const suffix = ".jsonl"

// openFolder makes a folder, with an empty file for each of the topics. Files that an earlier simulation has left are removed:
// those that are called like a topic. Nothing else in it is touched.
func openFolder(path string, streams []topics.Stream) (*folder, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder: %w", err)
	}
	there, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("reading the folder: %w", err)
	}
	for _, entry := range there {
		name, is := strings.CutSuffix(entry.Name(), suffix)
		if !is || !entry.Type().IsRegular() || !isTopic(topics.Name(name)) {
			continue
		}
		if err := os.Remove(filepath.Join(path, entry.Name())); err != nil {
			return nil, fmt.Errorf("removing what an earlier simulation has left: %w", err)
		}
	}
	f := &folder{path: path, waiting: make(map[string][]byte)}
	for _, each := range streams {
		if err := f.append(string(each.Name)); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func isTopic(name topics.Name) bool {
	_, known := topics.StreamNamed(name)
	_, ofStore := topics.StoreOf(name)
	return known || ofStore
}

func (f *folder) write(topic string, line []byte) error {
	f.waiting[topic] = append(f.waiting[topic], line...)
	f.bytes += len(line)
	switch {
	case f.bytes >= folderMaxBytes:
		return f.flush()
	case len(f.waiting[topic]) >= fileMaxBytes:
		return f.append(topic)
	}
	return nil
}

func (f *folder) flush() error {
	for _, topic := range slices.Sorted(maps.Keys(f.waiting)) {
		if len(f.waiting[topic]) == 0 {
			continue
		}
		if err := f.append(topic); err != nil {
			return err
		}
	}
	return nil
}

// append writes what waits of a topic behind what is in its file.
func (f *folder) append(topic string) error {
	file, err := os.OpenFile(filepath.Join(f.path, topic+suffix), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("opening a topic's file: %w", err)
	}
	_, err = file.Write(f.waiting[topic])
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing a topic's file: %w", err)
	}
	f.bytes -= len(f.waiting[topic])
	f.waiting[topic] = f.waiting[topic][:0]
	return nil
}
