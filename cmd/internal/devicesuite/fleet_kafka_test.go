//go:build kafka

package devicesuite

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// patience bounds the whole test; reaching it is a failure.
const patience = 12 * time.Minute

// partitions of each topic.
const partitions = 8

// fleet is a broker, and the processes that run on it.
type fleet struct {
	t       *testing.T
	ctx     context.Context
	cluster *kafkatest.Cluster
	client  *kgo.Client
	folder  string
	disks   string // the folder of devices' disks
	engines []*engine
	content string // URL
	binary  struct{ campaignd, storesim string }
	server  *proctest.Process // of contents
	sims    []*simulation
}

// engine is a process of campaignd, or the place of one.
type engine struct {
	process *proctest.Process
	past    []*proctest.Process // those that were killed
	http    string
	args    []string
}

// simulation is a process of storesim with a journal.
type simulation struct {
	process *proctest.Process
	journal string
}

func startFleet(t *testing.T, seed uint64, lead time.Duration) *fleet {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	f := &fleet{t: t, ctx: ctx, folder: proctest.Folder(t, "devices"), disks: proctest.FolderIn(t, inMemory(), "disks")}
	f.binary.campaignd = proctest.Build(t, "github.com/rmn-arms/campaign-engine/cmd/campaignd")
	f.binary.storesim = proctest.Build(t, "github.com/rmn-arms/campaign-engine/cmd/storesim")
	f.cluster = kafkatest.Start(t, kafkatest.Options{})
	f.client = f.connect()
	_, err := topics.NewAdmin(f.client).Apply(ctx, topics.Streams(), topics.Options{Partitions: partitions})
	f.must(err)
	f.serveContent(seed)
	keys := filepath.Join(f.folder, "keys.json")
	made := proctest.Start(t, proctest.Command{Path: f.binary.campaignd, Args: []string{"keys", "init", keys}})
	if code, err := made.Wait(patience); err != nil || code != 0 {
		t.Fatalf("making keys: %d, %v\n%s", code, err, made.Report())
	}
	for i := range 2 {
		http := net.JoinHostPort("127.0.0.1", strconv.Itoa(proctest.Port(t)))
		e := &engine{http: http, args: []string{
			"run", "--brokers", f.cluster.Brokers()[0], "--instance-id", fmt.Sprintf("engine-%d", i), "--http-listen", http,
			"--signing-keys", keys, "--distribution-lead", lead.String(), "--processors", withoutTables(),
		}}
		f.engines = append(f.engines, e)
		f.start(e)
	}
	f.ready()
	return f
}

// memoryMin is how much room devices' disks need, of a run of the usual size, with some to spare.
const memoryMin = 2 << 30

// inMemory returns where files are no work for a disk, "" when there is no such place: the devices write a hundred thousand,
// and one disk would have to do what thousands of them do.
func inMemory() string {
	const place = "/dev/shm"
	var is syscall.Statfs_t
	if syscall.Statfs(place, &is) != nil || is.Bavail*uint64(is.Bsize) < memoryMin {
		return ""
	}
	return place
}

// withoutTables are the groups that need no Postgres.
func withoutTables() string {
	var names []string
	for _, g := range topics.Transacted() {
		names = append(names, g.Short)
	}
	return strings.Join(names, ",")
}

func (f *fleet) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) connect(opts ...kgo.Opt) *kgo.Client {
	f.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(f.cluster.Brokers()...), kgo.MetadataMinAge(50 * time.Millisecond), kgo.ProducerLinger(5 * time.Millisecond),
	}, opts...)...)
	f.must(err)
	f.t.Cleanup(client.Close)
	return client
}

func (f *fleet) start(e *engine) {
	f.t.Helper()
	e.process = proctest.Start(f.t, proctest.Command{Path: f.binary.campaignd, Args: e.args})
}

func (f *fleet) ready() {
	f.t.Helper()
	for _, e := range f.engines {
		if err := e.process.AwaitHTTP("http://"+e.http+"/readyz", patience); err != nil {
			f.t.Fatalf("waiting for an engine: %v", err)
		}
	}
}

// serveContent starts the server of contents, which is as bad as one may be.
func (f *fleet) serveContent(seed uint64) {
	f.t.Helper()
	listen := net.JoinHostPort("127.0.0.1", strconv.Itoa(proctest.Port(f.t)))
	f.server = proctest.Start(f.t, proctest.Command{Path: f.binary.storesim, Args: []string{
		"content", "--listen", listen, "--seed", fmt.Sprint(seed), "--cut", "0.01", "--corrupt", "0.01", "--refuse", "0.01",
	}})
	f.content = "http://" + listen
	f.must(f.server.AwaitHTTP(f.content+"/healthz", patience))
}

// simulate starts stores; each line of stores is a store and its devices.
func (f *fleet) simulate(name string, stores []string, args ...string) {
	f.t.Helper()
	file := filepath.Join(f.folder, name+".txt")
	f.must(os.WriteFile(file, []byte(strings.Join(stores, "\n")), 0o600))
	s := &simulation{journal: filepath.Join(f.folder, name+".jsonl")}
	f.must(os.WriteFile(s.journal, nil, 0o600))
	s.process = proctest.Start(f.t, proctest.Command{Path: f.binary.storesim, Args: slices.Concat([]string{
		"run", "--brokers", f.cluster.Brokers()[0], "--stores", file, "--state-dir", filepath.Join(f.disks, name),
		"--jwks", "http://" + f.engines[0].http + "/.well-known/jwks.json", "--journal", s.journal, "--register",
	}, args)})
	f.sims = append(f.sims, s)
}

// endSimulations has the devices say what they have come to.
func (f *fleet) endSimulations() {
	f.t.Helper()
	for _, s := range f.sims {
		f.must(s.process.Terminate())
	}
	for _, s := range f.sims {
		if code, err := s.process.Wait(patience); err != nil || code != 0 {
			f.t.Errorf("a simulation ended with %d, %v\n%s", code, err, s.process.Report())
		}
	}
}

// cpu says how much of the processors each kind of process has used.
func (f *fleet) cpu() string {
	f.t.Helper()
	var engines, sims time.Duration
	used := func(p *proctest.Process) time.Duration {
		u, err := p.Usage()
		f.must(err)
		return u.CPU.Round(100 * time.Millisecond)
	}
	for _, e := range f.engines {
		for _, p := range append(e.past, e.process) {
			engines += used(p)
		}
	}
	for _, s := range f.sims {
		sims += used(s.process)
	}
	broker, err := f.cluster.Usage(0)
	f.must(err)
	return fmt.Sprintf("engines %s, broker %s, stores %s, contents %s", engines, broker.CPU.Round(100*time.Millisecond), sims, used(f.server))
}

// stop ends the engines by SIGTERM.
func (f *fleet) stop() {
	f.t.Helper()
	for _, e := range f.engines {
		f.must(e.process.Terminate())
	}
	for _, e := range f.engines {
		if code, err := e.process.Wait(patience); err != nil || code != 0 {
			f.t.Errorf("an engine ended with %d, %v\n%s", code, err, e.process.Report())
		}
	}
}
