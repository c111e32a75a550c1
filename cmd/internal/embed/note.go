package embed

import (
	"encoding/binary"
	"errors"
	"os"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// note says which commit the broker was about to write, and how long the journal of groups was before. It is
// overwritten before each commit, so that after a kill it names the one that may be torn.
type note struct {
	producer    producer
	groupsBytes int64
}

// noteBytes is the length of a note on disk: producer id, epoch, journal's length, checksum of these.
const noteBytes = 8 + 2 + 8 + 4

func (n note) encode() []byte {
	content := binary.LittleEndian.AppendUint64(make([]byte, 0, noteBytes), uint64(n.producer.id))
	content = binary.LittleEndian.AppendUint16(content, uint16(n.producer.epoch))
	content = binary.LittleEndian.AppendUint64(content, uint64(n.groupsBytes))
	return binary.LittleEndian.AppendUint32(content, checksum(content))
}

// readNote returns the last note; found is false if there is none that is whole.
func readNote(path string) (n note, found bool, err error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return note{}, false, nil
	}
	if err != nil {
		return note{}, false, err
	}
	if len(content) != noteBytes {
		return note{}, false, nil
	}
	n = note{
		producer{int64(binary.LittleEndian.Uint64(content)), int16(binary.LittleEndian.Uint16(content[8:]))},
		int64(binary.LittleEndian.Uint64(content[10:])),
	}
	return n, string(n.encode()) == string(content), nil
}

// noteCommits makes the broker write a note before each commit. The broker runs the function in turn with everything
// else, right before it handles the request. A commit that cannot be noted is not made: its client loses the connection.
func noteCommits(cluster *kfake.Cluster, file *os.File, groups string, log *faultLog) {
	cluster.ControlKey(int16(kmsg.EndTxn), func(request kmsg.Request) (kmsg.Response, error, bool) {
		end, is := request.(*kmsg.EndTxnRequest)
		if !is || !end.Commit {
			return nil, nil, false
		}
		if err := writeNote(file, groups, producer{end.ProducerID, end.ProducerEpoch}); err != nil {
			log.Logf(kfake.LogLevelError, "noting a commit: %v", err)
			cluster.KeepControl()
			return nil, err, true
		}
		return nil, nil, false
	})
}

func writeNote(file *os.File, groups string, of producer) error {
	n := note{producer: of}
	info, err := os.Stat(groups)
	switch {
	case err == nil:
		n.groupsBytes = info.Size()
	case !errors.Is(err, os.ErrNotExist):
		return err
	}
	_, err = file.WriteAt(n.encode(), 0)
	return err
}
