package kafkatest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
)

const (
	formatMax   = 2 * time.Minute
	stopMax     = 2 * time.Minute
	logTailMax  = 8 << 10 // bytes
	formatMain  = "kafka.tools.StorageTool"
	brokerMain  = "kafka.Kafka"
	propertiesF = "server.properties"
	logConfigF  = "log4j2.properties"
)

// ErrRunning says that a broker runs already; ErrDown that it does not run.
var (
	ErrRunning = errors.New("broker is running")
	ErrDown    = errors.New("broker is down")
)

// broker is one Kafka process, or the place where one ran and may run again.
type broker struct {
	node
	java, jars string
	flags      []string // of Java

	mu      sync.Mutex
	process *proctest.Process // nil when down
	past    time.Duration     // CPU of the processes that ran here before
	closed  bool              // no process may be started any more
}

// prepare writes the broker's configuration and formats its data folder, as Kafka wants it once before the first start.
// The controllers' voters stand in the configuration, so the format is the one for a static quorum: none of
// --standalone, --initial-controllers and --no-initial-controllers (KIP-853).
func (b *broker) prepare(clusterID, properties string) error {
	if err := errors.Join(
		os.MkdirAll(filepath.Join(b.dir, "tmp"), 0o755),
		os.WriteFile(filepath.Join(b.dir, propertiesF), []byte(properties), 0o644),
		os.WriteFile(filepath.Join(b.dir, logConfigF), []byte(logConfig(b.logFile())), 0o644),
	); err != nil {
		return fmt.Errorf("configuring broker %d: %w", b.id, err)
	}
	// As one word: an id may begin with a dash.
	format, err := b.run(fmt.Sprintf("format of broker %d", b.id), formatFlags(), formatMain, "format",
		"--cluster-id="+clusterID, "--config", propertiesF)
	if err != nil {
		return err
	}
	code, err := format.Wait(formatMax)
	if err != nil {
		return errors.Join(fmt.Errorf("formatting broker %d: %w", b.id, err), format.Kill())
	}
	if code != 0 {
		return fmt.Errorf("formatting broker %d: %s", b.id, format.Report())
	}
	return nil
}

// run starts a Java program in the broker's folder, with nothing of it outside: no performance file in the machine's
// temporary folder, no crash report in the test's.
func (b *broker) run(name string, flags []string, main string, args ...string) (*proctest.Process, error) {
	flags = slices.Concat(flags, []string{
		"-XX:-UsePerfData", "-XX:ErrorFile=" + filepath.Join(b.dir, "crash.log"),
		"-Djava.io.tmpdir=" + filepath.Join(b.dir, "tmp"), "-Djava.awt.headless=true",
		"-Dlog4j2.configurationFile=" + filepath.Join(b.dir, logConfigF), "-Dlog4j2.disable.jmx=true",
		"-cp", filepath.Join(b.jars, "*"), main,
	}, args)
	return proctest.Launch(proctest.Command{Path: b.java, Args: flags, Dir: b.dir, Name: name})
}

// start launches the broker on what its folder holds. Error: ErrRunning.
func (b *broker) start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return fmt.Errorf("starting broker %d: the test has ended", b.id)
	}
	if b.process != nil {
		return fmt.Errorf("starting broker %d: %w", b.id, ErrRunning)
	}
	process, err := b.run(fmt.Sprintf("broker %d", b.id), b.flags, brokerMain, propertiesF)
	if err != nil {
		return err
	}
	b.process = process
	return nil
}

// running returns the broker's process. Error: ErrDown.
func (b *broker) running() (*proctest.Process, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.process == nil {
		return nil, fmt.Errorf("broker %d: %w", b.id, ErrDown)
	}
	return b.process, nil
}

// end ends the process in the way given and leaves the broker down.
func (b *broker) end(how func(*proctest.Process) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.process == nil {
		return fmt.Errorf("broker %d: %w", b.id, ErrDown)
	}
	if err := how(b.process); err != nil {
		return err
	}
	used, err := b.process.Usage()
	b.past += used.CPU
	b.process = nil
	return err
}

// stop lets the broker shut down by itself.
func stop(p *proctest.Process) error {
	if err := p.Terminate(); err != nil {
		return err
	}
	_, err := p.Wait(stopMax)
	return err
}

// close kills the broker if it runs, for good.
func (b *broker) close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	err := b.end((*proctest.Process).KillGroup)
	if errors.Is(err, ErrDown) {
		return nil
	}
	return err
}

func (b *broker) usage() (proctest.Usage, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.process == nil {
		return proctest.Usage{CPU: b.past}, nil
	}
	used, err := b.process.Usage()
	used.CPU += b.past
	return used, err
}

// context ends with the broker's process too.
func (b *broker) context(parent context.Context) (context.Context, context.CancelFunc) {
	process, err := b.running()
	if err != nil {
		ctx, cancel := context.WithCancelCause(parent)
		cancel(err)
		return ctx, func() {}
	}
	return process.Context(parent)
}

// report describes the broker for a person: its process, what that printed, and the end of its log.
func (b *broker) report() string {
	text := fmt.Sprintf("broker %d: down", b.id)
	if process, err := b.running(); err == nil {
		text = process.Report()
	}
	tail, err := fileTail(b.logFile(), logTailMax)
	if err != nil {
		tail = err.Error()
	}
	return text + "\n--- end of " + filepath.Base(b.logFile()) + "\n" + tail
}

func fileTail(file string, limit int64) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if _, err := f.Seek(-limit, io.SeekEnd); err != nil && !errors.Is(err, syscall.EINVAL) { // shorter than the limit
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(f, limit))
	return string(text), err
}
