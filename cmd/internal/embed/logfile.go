package embed

import (
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// A partition is a folder with segments: <first offset>.dat holds Kafka record batches (format v2) one after another,
// <first offset>.idx one entry of indexEntryBytes per batch, snapshot.json what a clean close knew of both.
const (
	segmentSuffix   = ".dat"
	indexSuffix     = ".idx"
	snapshotFile    = "snapshot.json"
	indexEntryBytes = 15
	indexLayout     = 1
)

// Positions in a record batch of format v2. Source: Kafka protocol, Record Batch.
const (
	batchLengthAt   = 8  // of what follows the length
	batchLengthEnd  = 12 // where the length counts from
	batchCRCAt      = 17
	batchCRCFrom    = 21 // the checksum is of all from here on
	batchHeaderEnd  = 61
	attributeTx     = 1 << 4
	attributeMarker = 1 << 5
)

// producer is one incarnation of a transactional producer. The broker raises the epoch after every transaction.
type producer struct {
	id    int64
	epoch int16
}

// ending is what a batch says about its producer's transaction.
type ending uint8

const (
	notEnding ending = iota
	aborting
	committing
)

// batch is what mending has to know about one record batch.
type batch struct {
	producer   producer
	within     bool // its records belong to a transaction
	ending     ending
	at         int64 // ms since 1970; of a marker: when the broker wrote it
	nextOffset int64
	epoch      int32 // of the partition's leader
	segment    string
	position   int64 // in the segment
	bytes      int64
}

// readLog calls see for each batch of a partition, in order. A segment ends where a batch is not whole: a kill, or a
// failed power supply, may leave half a batch, and the broker itself goes on from there.
func readLog(folder string, see func(batch)) error {
	segments, err := segmentsOf(folder)
	if err != nil {
		return err
	}
	for _, segment := range segments {
		content, err := os.ReadFile(segment)
		if err != nil {
			return err
		}
		for position := 0; ; {
			found, ok := parseBatch(content[position:])
			if !ok {
				break
			}
			found.segment, found.position = segment, int64(position)
			see(found)
			position += int(found.bytes)
		}
	}
	return nil
}

// segmentsOf returns the segments of a partition in the order of their offsets.
func segmentsOf(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var bases []int64
	for _, entry := range entries {
		name, is := strings.CutSuffix(entry.Name(), segmentSuffix)
		if base, err := strconv.ParseInt(name, 10, 64); is && err == nil {
			bases = append(bases, base)
		}
	}
	slices.Sort(bases)
	segments := make([]string, 0, len(bases))
	for _, base := range bases {
		segments = append(segments, filepath.Join(folder, strconv.FormatInt(base, 10)+segmentSuffix))
	}
	return segments, nil
}

// parseBatch reads the batch at the beginning of content; ok is false if it is not whole.
func parseBatch(content []byte) (_ batch, ok bool) {
	if len(content) < batchHeaderEnd {
		return batch{}, false
	}
	size := int64(batchLengthEnd) + int64(binary.BigEndian.Uint32(content[batchLengthAt:]))
	if size < batchHeaderEnd || size > int64(len(content)) {
		return batch{}, false
	}
	content = content[:size]
	var read kmsg.RecordBatch
	if binary.BigEndian.Uint32(content[batchCRCAt:]) != checksum(content[batchCRCFrom:]) || read.ReadFrom(content) != nil {
		return batch{}, false
	}
	return batch{
		producer: producer{read.ProducerID, read.ProducerEpoch},
		within:   read.Attributes&attributeTx != 0 && read.Attributes&attributeMarker == 0,
		ending:   endingOf(&read), at: read.MaxTimestamp,
		nextOffset: read.FirstOffset + int64(read.LastOffsetDelta) + 1, epoch: read.PartitionLeaderEpoch, bytes: size,
	}, true
}

// endingOf reads a marker. Source: Kafka protocol, Control Batches; KIP-98.
func endingOf(read *kmsg.RecordBatch) ending {
	if read.Attributes&attributeMarker == 0 {
		return notEnding
	}
	var record kmsg.Record
	var key kmsg.ControlRecordKey
	if record.ReadFrom(read.Records) != nil || key.ReadFrom(record.Key) != nil {
		return notEnding
	}
	switch key.Type {
	case kmsg.ControlRecordKeyTypeAbort:
		return aborting
	case kmsg.ControlRecordKeyTypeCommit:
		return committing
	default:
		return notEnding
	}
}

// abortMarker returns the batch that ends a transaction as aborted at an offset. All such markers are of one length, as
// are the commit markers, so that the one can stand in the place of the other.
func abortMarker(of producer, offset, at int64, leaderEpoch int32) []byte {
	key := kmsg.ControlRecordKey{Type: kmsg.ControlRecordKeyTypeAbort}
	value := kmsg.EndTxnMarker{}
	record := kmsg.Record{Key: key.AppendTo(nil), Value: value.AppendTo(nil)}
	record.Length = int32(len(record.AppendTo(nil))) - 1 // the length itself takes one byte here
	content := (&kmsg.RecordBatch{
		FirstOffset: offset, PartitionLeaderEpoch: leaderEpoch, Magic: 2, Attributes: attributeTx | attributeMarker,
		FirstTimestamp: at, MaxTimestamp: at, ProducerID: of.id, ProducerEpoch: of.epoch, FirstSequence: -1,
		NumRecords: 1, Records: record.AppendTo(nil),
	}).AppendTo(nil)
	binary.BigEndian.PutUint32(content[batchLengthAt:], uint32(len(content)-batchLengthEnd))
	binary.BigEndian.PutUint32(content[batchCRCAt:], checksum(content[batchCRCFrom:]))
	return content
}

// writeAt overwrites or extends a file.
func writeAt(path string, content []byte, position int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteAt(content, position); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

// mendIndexes calls see for each batch, as readLog does, and makes the index of a segment anew where it does not have an
// entry for every batch: a kill between the two writes leaves it one short, and every later entry would then stand for
// the batch before its own.
func mendIndexes(folder string, see func(batch)) error {
	indexes := make(map[string][]byte)
	err := readLog(folder, func(b batch) {
		indexes[b.segment] = append(indexes[b.segment], indexEntry(b)...)
		see(b)
	})
	if err != nil {
		return err
	}
	for segment, index := range indexes {
		path := strings.TrimSuffix(segment, segmentSuffix) + indexSuffix
		if info, err := os.Stat(path); err == nil && info.Size() == int64(len(index)) {
			continue
		}
		if err := os.WriteFile(path, index, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// indexEntry returns: layout, low byte of the checksum of what follows, leader epoch, timestamp, and whether the batch
// belongs to a transaction.
func indexEntry(b batch) []byte {
	entry := []byte{indexLayout, 0}
	entry = binary.LittleEndian.AppendUint32(entry, uint32(b.epoch))
	entry = binary.LittleEndian.AppendUint64(entry, uint64(b.at))
	entry = append(entry, 0)
	if b.within {
		entry[indexEntryBytes-1] = 1
	}
	entry[1] = byte(checksum(entry[2:]))
	return entry
}

func checksum(content []byte) uint32 {
	return crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli))
}
