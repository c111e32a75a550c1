package embed

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// sequencesFile holds the producers' sequence numbers as of the last clean close.
const sequencesFile = "seq_windows.json"

// mend makes the broker's folder whole after a kill. kfake alone takes an open transaction for aborted without writing
// that down: a reader then drops what the same producer commits next, or waits for ever for the log's end, and after a
// second kill the aborted records count as committed. And a kill within a commit leaves a part of it. So, before the
// broker starts:
//
//  1. every batch gets its place in the index;
//  2. a commit that the kill cut through is taken back: its offsets, then its markers;
//  3. every transaction without an end gets an abort marker;
//  4. every transactional producer is fenced.
//
// The order makes it safe to be killed and begun anew. What is known here of kfake's files holds for its version in
// go.mod; the tests of this package kill a broker and would show a change.
func mend(folder, notePath string, now time.Time) error {
	last, noted, err := readNote(notePath)
	if err != nil {
		return err
	}
	producers, producersBytes, err := readJournal(filepath.Join(folder, producersFile))
	if err != nil {
		return err
	}
	partitions, err := surveyed(folder)
	if err != nil {
		return err
	}
	known := standings(producers)
	if noted && torn(last, known) {
		if err := takeBack(folder, partitions, last, now); err != nil {
			return fmt.Errorf("taking back a torn commit: %w", err)
		}
	}
	for _, p := range partitions {
		if err := p.abortOpen(now); err != nil {
			return fmt.Errorf("aborting what was open: %w", err)
		}
	}
	// Sequence numbers from before the kill would refuse what comes after it.
	if err := os.Remove(filepath.Join(folder, sequencesFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if raised := fences(producers, known); len(raised) > 0 {
		return appendJournal(filepath.Join(folder, producersFile), producersBytes, raised)
	}
	return nil
}

// surveyed reads every partition through and makes its index whole.
func surveyed(folder string) ([]partition, error) {
	root := filepath.Join(folder, "partitions")
	entries, err := os.ReadDir(root)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var partitions []partition
	for _, entry := range entries {
		p := partition{folder: filepath.Join(root, entry.Name()), open: make(map[int64]producer)}
		if err := mendIndexes(p.folder, p.see); err != nil {
			return nil, err
		}
		partitions = append(partitions, p)
	}
	return partitions, nil
}

// takeBack turns the markers of a torn commit into abort markers and drops its offsets. The offsets go first: when the
// kill comes again, the markers still show what was torn. Without markers nothing was written but, at most, offsets
// that nothing else depends on.
func takeBack(folder string, partitions []partition, last note, now time.Time) error {
	ends := func(p partition) bool { return p.endsWithCommit(last.producer) }
	if !slices.ContainsFunc(partitions, ends) {
		return nil
	}
	groups := filepath.Join(folder, groupsFile)
	if info, err := os.Stat(groups); err == nil && info.Size() > last.groupsBytes {
		if err := os.Truncate(groups, last.groupsBytes); err != nil {
			return err
		}
	}
	for _, p := range partitions {
		if !ends(p) {
			continue
		}
		marker := abortMarker(last.producer, p.last.nextOffset-1, now.UnixMilli(), p.last.epoch)
		if int64(len(marker)) != p.last.bytes {
			return fmt.Errorf("%s: a marker of %d bytes, not %d", p.last.segment, p.last.bytes, len(marker))
		}
		if err := errors.Join(p.forgetSnapshot(), writeAt(p.last.segment, marker, p.last.position)); err != nil {
			return err
		}
	}
	return nil
}

// abortOpen writes an abort marker for each transaction that has none, behind the last whole batch.
func (p *partition) abortOpen(now time.Time) error {
	if len(p.open) == 0 {
		return nil
	}
	var markers []byte
	offset := p.last.nextOffset
	for _, id := range slices.Sorted(maps.Keys(p.open)) {
		markers = append(markers, abortMarker(p.open[id], offset, now.UnixMilli(), p.last.epoch)...)
		offset++
	}
	end := p.last.position + p.last.bytes
	return errors.Join(
		p.forgetSnapshot(),
		os.Truncate(p.last.segment, end),
		writeAt(p.last.segment, markers, end),
		mendIndexes(p.folder, func(batch) {}),
	)
}

// forgetSnapshot makes the broker read the log itself: what a clean close knew of it holds no more.
func (p *partition) forgetSnapshot() error {
	err := os.Remove(filepath.Join(p.folder, snapshotFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
