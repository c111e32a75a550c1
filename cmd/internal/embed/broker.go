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
)

// DefaultAddress is where programs on this machine find the embedded broker of a campaignd with default switches.
const DefaultAddress = "127.0.0.1:19092"

// Settings say where the broker lives.
type Settings struct {
	// DataDir is the engine's data folder; the broker keeps its files in DataDir/broker.
	DataDir string
	// Listen is HOST:PORT as clients dial it; port 0 takes a free one.
	Listen string
	Logger kfake.Logger
}

// Broker is a running embedded broker.
type Broker struct {
	cluster *kfake.Cluster
	log     *faultLog
	address string
	folder  string
	running string // the file that marks a broker that has not been closed
	release func() error
}

// Open starts the broker on what an earlier one left in the folder. After a kill it mends what was left half written,
// see mend. The folder belongs to this process until Close. Errors: ErrFolderInUse, ErrAddress, ErrPort.
func Open(s Settings) (_ *Broker, err error) {
	folder := filepath.Join(s.DataDir, "broker")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("opening the embedded broker: %w", err)
	}
	release, err := lock(filepath.Join(s.DataDir, "broker.lock"))
	if err != nil {
		return nil, fmt.Errorf("opening the embedded broker: %w", err)
	}
	listener, err := listen(s.Listen)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the embedded broker: %w", err), release())
	}
	running := filepath.Join(s.DataDir, "broker.running")
	log := &faultLog{Logger: s.Logger}
	cluster, err := start(folder, running, listener, log)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the embedded broker in %s: %w", folder, err), listener.Close(), release())
	}
	return &Broker{
		cluster: cluster, log: log, address: listener.Addr().String(), folder: folder, running: running, release: release,
	}, nil
}

// start mends the folder if the last broker was not closed, marks it as running, and starts the broker.
func start(folder, running string, listener net.Listener, logger kfake.Logger) (*kfake.Cluster, error) {
	switch _, err := os.Lstat(running); {
	case err == nil:
		if err := mend(folder); err != nil {
			return nil, fmt.Errorf("mending what a kill left: %w", err)
		}
	case !errors.Is(err, os.ErrNotExist):
		return nil, err
	}
	if err := os.WriteFile(running, nil, 0o644); err != nil {
		return nil, err
	}
	return kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.DataDir(folder),
		kfake.ListenFn(func(string, string) (net.Listener, error) { return listener, nil }),
		kfake.WithLogger(logger),
		kfake.BrokerConfigs(settings()),
	)
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
		return errors.Join(fmt.Errorf("closing the embedded broker: %s", *fault), b.release())
	}
	return errors.Join(os.Remove(b.running), b.release())
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
