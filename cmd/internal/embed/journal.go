package embed

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// The broker keeps a journal of producers and one of groups' offsets. A journal is a file of entries: length and checksum
// of what follows (little endian, 4 bytes each), layout (2 bytes), JSON.
const (
	producersFile = "pids.log"
	groupsFile    = "groups.log"

	entryLengthEnd   = 4
	entryChecksumEnd = 8
	entryLayoutEnd   = 10
	entryLayout      = 1
)

// errLayout says that the folder was written by a broker of another version.
var errLayout = errors.New("entries have a form that this version does not know")

// entry is one entry of the journal of producers.
type entry struct {
	Type            string `json:"type"`
	ProducerID      int64  `json:"pid"`
	ProducerEpoch   int16  `json:"epoch"`
	TransactionalID string `json:"txid,omitempty"`
	TimeoutMs       int32  `json:"timeout,omitempty"`
	// Commit is set on the end of a transaction, and on a compacted entry.
	Commit *bool `json:"commit,omitempty"`
}

// entryInit is the type of the entry that gives a producer its epoch; of the others, each ends a transaction.
const entryInit = "init"

// readJournal reads the entries up to the first that is not whole, and says where that begins. A file that is not there
// is empty.
func readJournal(path string) (entries []entry, wholeBytes int64, err error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	position := 0
	for position+entryLayoutEnd <= len(content) {
		end := position + entryChecksumEnd + int(binary.LittleEndian.Uint32(content[position:]))
		if end < position+entryLayoutEnd || end > len(content) {
			break
		}
		body := content[position+entryChecksumEnd : end]
		if checksum(body) != binary.LittleEndian.Uint32(content[position+entryLengthEnd:]) {
			break
		}
		if binary.LittleEndian.Uint16(body) != entryLayout {
			return nil, 0, fmt.Errorf("reading %s: %w", path, errLayout)
		}
		var read entry
		if err := json.Unmarshal(body[entryLayoutEnd-entryChecksumEnd:], &read); err != nil {
			return nil, 0, fmt.Errorf("reading %s: %w", path, err)
		}
		entries = append(entries, read)
		position = end
	}
	return entries, int64(position), nil
}

// appendJournal writes entries behind those that are whole.
func appendJournal(path string, wholeBytes int64, entries []entry) error {
	var content []byte
	for _, e := range entries {
		body, err := json.Marshal(e)
		if err != nil {
			return err
		}
		body = append(binary.LittleEndian.AppendUint16(nil, entryLayout), body...)
		content = binary.LittleEndian.AppendUint32(content, uint32(len(body)))
		content = binary.LittleEndian.AppendUint32(content, checksum(body))
		content = append(content, body...)
	}
	return writeAt(path, content, wholeBytes)
}
