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

func (stream) publish() error { return nil }

// folder is the place of one file a topic. They are written under other names, and get their own when all is well: what an
// earlier simulation has left stays whole until then. A file is open only while it is written to: there may be more of them than
// a process may have open.
type folder struct {
	path string
	mark *os.File // is held until the simulation has ended
	// earlier are the files of an earlier simulation; made are the topics that have one of this.
	earlier []string
	made    map[string]bool
	// waiting are lines that are not in their files yet, by topic; bytes is the size of all.
	waiting map[string][]byte
	bytes   int
}

// The bounds of what waits: of a topic, and of all.
const (
	fileMaxBytes   = 256 << 10
	folderMaxBytes = 32 << 20
)

// suffix is what a topic's file is called behind its name, and part behind that until the simulation has ended well.
const (
	suffix = ".jsonl"
	part   = ".part"
)

// openFolder makes a folder, with an empty file for each of the topics. Of an earlier simulation's files, those that are called
// like a topic, what one that failed has left is removed. Such files of somebody else, and the input, are not touched: that is
// an error, and so is another simulation that writes there.
func openFolder(path string, streams []topics.Stream, input string) (*folder, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder: %w", err)
	}
	own, err := isMarked(filepath.Join(path, mark))
	if err != nil {
		return nil, err
	}
	there, err := leftIn(path, own, input)
	if err != nil {
		return nil, err
	}
	f := &folder{path: path, made: make(map[string]bool), waiting: make(map[string][]byte)}
	if f.mark, err = takeMark(filepath.Join(path, mark), own); err != nil {
		return nil, err
	}
	if err := f.begin(there, streams); err != nil {
		return nil, errors.Join(err, f.mark.Close())
	}
	return f, nil
}

// begin removes what one that failed has left, and makes a file for each of the topics.
func (f *folder) begin(there []string, streams []topics.Stream) error {
	for _, name := range there {
		if !strings.HasSuffix(name, part) {
			f.earlier = append(f.earlier, name)
		} else if err := os.Remove(name); err != nil {
			return fmt.Errorf("removing what an earlier simulation has left: %w", err)
		}
	}
	for _, each := range streams {
		if err := f.append(string(each.Name)); err != nil {
			return err
		}
	}
	return nil
}

// leftIn returns the files of an earlier simulation; without one in a folder that is its own there are none. input is what is to
// be simulated, "" where that is no file.
func leftIn(path string, own bool, input string) (files []string, err error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("reading the folder: %w", err)
	}
	for _, entry := range entries {
		name, is := strings.CutSuffix(strings.TrimSuffix(entry.Name(), part), suffix)
		if !is || !isTopic(topics.Name(name)) {
			continue
		}
		file := filepath.Join(path, entry.Name())
		if !own || !entry.Type().IsRegular() {
			return nil, fmt.Errorf("%s is there, and no simulation has made it: it would be replaced; give another folder", file)
		}
		if isSame(file, input) {
			return nil, fmt.Errorf("%s is what is to be simulated, and would be replaced; give another folder", file)
		}
		files = append(files, file)
	}
	return files, nil
}

// publish gives the files their names, and removes those of an earlier simulation that this one has not replaced.
func (f *folder) publish() error {
	for _, topic := range slices.Sorted(maps.Keys(f.made)) {
		name := filepath.Join(f.path, topic+suffix)
		if err := os.Rename(name+part, name); err != nil {
			return fmt.Errorf("giving a topic's file its name: %w", err)
		}
	}
	for _, name := range f.earlier {
		if f.made[strings.TrimSuffix(filepath.Base(name), suffix)] {
			continue
		}
		if err := os.Remove(name); err != nil {
			return fmt.Errorf("removing what an earlier simulation has left: %w", err)
		}
	}
	return nil
}

// isSame says whether two paths lead to one file.
func isSame(path, other string) bool {
	one, err := os.Stat(path)
	if err != nil {
		return false
	}
	two, err := os.Stat(other)
	return err == nil && os.SameFile(one, two)
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
		if err := f.append(topic); err != nil {
			return err
		}
	}
	return nil
}

// append writes what waits of a topic behind what is in its file.
func (f *folder) append(topic string) error {
	f.made[topic] = true
	file, err := os.OpenFile(filepath.Join(f.path, topic+suffix+part), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("opening a topic's file: %w", err)
	}
	_, err = file.Write(f.waiting[topic])
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("writing a topic's file: %w", err)
	}
	f.bytes -= len(f.waiting[topic])
	delete(f.waiting, topic) // its room too: each store has a topic
	return nil
}
