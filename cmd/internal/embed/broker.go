package embed

import (
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/rmn-arms/campaign-engine/cmd/internal/lockfile"
)

// ErrFolderInUse says that another process keeps its broker in the data folder.
var ErrFolderInUse = lockfile.ErrTaken

// DefaultAddress is where programs on this machine find the embedded broker of a campaignd with default switches.
const DefaultAddress = "127.0.0.1:19092"

// Settings say where the broker lives.
type Settings struct {
	// DataDir is the engine's data folder; the broker keeps its files in DataDir/broker.
	DataDir string
	// Listen is HOST:PORT as clients dial it; port 0 takes a free one.
	Listen string
	Logger kfake.Logger
	// Prepare is called when the folder and the address belong to this process, and the broker has not touched the folder yet; its
	// error is Open's. nil: nothing is to be prepared.
	Prepare func() error
}

// Broker is a running embedded broker.
type Broker struct {
	cluster *kfake.Cluster
	log     *faultLog
	address string
	folder  string
	note    *os.File
	release func() error
}

// Open starts the broker on what an earlier one left in the folder. After a kill it mends what was left half written,
// see mend. The folder belongs to this process until Close. Errors: ErrFolderInUse, ErrAddress, ErrPort.
func Open(s Settings) (_ *Broker, err error) {
	b := &Broker{folder: filepath.Join(s.DataDir, "broker"), log: &faultLog{Logger: s.Logger}}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("opening the embedded broker: %w", err), b.letGo())
		}
	}()
	if err := os.MkdirAll(s.DataDir, 0o755); err != nil {
		return nil, err
	}
	if b.release, err = lockfile.Take(filepath.Join(s.DataDir, "broker.lock")); err != nil {
		return nil, err
	}
	listener, err := listen(s.Listen)
	if err != nil {
		return nil, err
	}
	b.address = listener.Addr().String()
	if s.Prepare != nil {
		err = s.Prepare()
	}
	if err == nil {
		err = os.MkdirAll(b.folder, 0o755)
	}
	if err == nil {
		err = b.prepare()
	}
	if err == nil {
		err = b.start(listener)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("in %s: %w", b.folder, err), listener.Close())
	}
	return b, nil
}

// prepare mends the folder if the last broker was not closed. The file with the note of commits is there from now until
// Close, and so says by itself whether the broker was closed.
func (b *Broker) prepare() error {
	path := b.folder + ".running"
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		if err := mend(b.folder, path, time.Now()); err != nil {
			return fmt.Errorf("mending what a kill left: %w", err)
		}
		file, err = os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	}
	if err != nil {
		return err
	}
	b.note = file
	return nil
}

func (b *Broker) start(listener net.Listener) (err error) {
	gated := gate{listener, make(chan struct{})} // no commit before it is noted
	defer close(gated.opened)
	b.cluster, err = kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.DataDir(b.folder),
		kfake.ListenFn(func(string, string) (net.Listener, error) { return gated, nil }),
		kfake.WithLogger(b.log),
		kfake.BrokerConfigs(settings()),
	)
	if err != nil {
		return err
	}
	noteCommits(b.cluster, b.note, filepath.Join(b.folder, groupsFile), b.log)
	widenFetches(b.cluster)
	keepLast(b.cluster)
	return nil
}

// settings returns what the broker does otherwise than a broker does by default.
func settings() map[string]string {
	return map[string]string{
		// The cleaner does not stop before open transactions: it drops a committed record for a newer one of the same
		// key that may yet be aborted, and then a table has lost a row. Retention runs with it, and rests with it.
		"log.cleaner.backoff.ms": strconv.FormatInt((200 * 365 * 24 * time.Hour).Milliseconds(), 10),
		// A deployment that was away for longer than a week goes on where it was.
		"offsets.retention.minutes":      strconv.Itoa(math.MaxInt32),
		"transactional.id.expiration.ms": strconv.Itoa(math.MaxInt32), // 24 days, the most that it takes
	}
}

// Folder returns where the broker keeps its files.
func (b *Broker) Folder() string { return b.folder }

// Address returns HOST:PORT as clients dial it.
func (b *Broker) Address() string { return b.address }

// Close writes everything down and gives the folder back. Clients should have been closed before. After an error the
// next Open mends the folder.
func (b *Broker) Close() error {
	b.cluster.Close()
	if fault := b.log.fault.Load(); fault != nil {
		return errors.Join(fmt.Errorf("closing the embedded broker: %s", *fault), b.letGo())
	}
	return errors.Join(os.Remove(b.note.Name()), b.letGo())
}

// letGo gives back what Open took.
func (b *Broker) letGo() error {
	var errs []error
	if b.note != nil {
		errs = append(errs, b.note.Close())
	}
	if b.release != nil {
		errs = append(errs, b.release())
	}
	return errors.Join(errs...)
}

// faultLog remembers an error of the broker's, which says nowhere else that it could not write.
type faultLog struct {
	kfake.Logger
	fault atomic.Pointer[string]
}

func (l *faultLog) Logf(level kfake.LogLevel, format string, args ...any) {
	if level == kfake.LogLevelError {
		text := fmt.Sprintf(format, args...)
		l.fault.Store(&text)
	}
	l.Logger.Logf(level, format, args...)
}
