//go:build bench

package bench

import (
	"context"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/topics"
)

// patience bounds each wait; reaching it is a failure.
const patience = 10 * time.Minute

// rig is a broker and the engine on it.
type rig struct {
	t       *testing.T
	name    string
	ctx     context.Context
	binary  string
	brokers []string
	cluster *kafkatest.Cluster // nil: the broker is the engine's own
	data    string
	keys    string // what commands are signed with
	http    string
	engine  *proctest.Process
}

func newRig(t *testing.T, cluster *kafkatest.Cluster) *rig {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	r := &rig{
		t: t, ctx: ctx, cluster: cluster, binary: proctest.Build(t, "github.com/rmn-arms/campaign-engine/cmd/campaignd"),
		http: address(t), data: proctest.Folder(t, "data"),
	}
	r.keys = filepath.Join(r.data, "keys.json")
	_, err := signing.Add(r.keys)
	r.must(err)
	if cluster != nil {
		r.name, r.brokers = "one real broker", cluster.Brokers()
		r.createTopics()
	} else {
		r.name, r.brokers = "embedded broker", []string{address(t)}
	}
	return r
}

func address(t *testing.T) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(proctest.Port(t)))
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) createTopics() {
	r.t.Helper()
	client := r.connect()
	_, err := topics.NewAdmin(client).Apply(r.ctx, topics.Streams(), topics.Options{Partitions: partitions})
	r.must(err)
}

func (r *rig) connect(opts ...kgo.Opt) *kgo.Client {
	r.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(r.brokers...), kgo.MetadataMinAge(50 * time.Millisecond),
		kgo.ProducerLinger(5 * time.Millisecond), kgo.MaxBufferedRecords(200_000), kgo.ProducerBatchMaxBytes(1 << 20),
	}, opts...)...)
	r.must(err)
	r.t.Cleanup(client.Close)
	return client
}

// start runs the engine and returns how long it took to be ready.
func (r *rig) start(args ...string) time.Duration {
	r.t.Helper()
	began := time.Now()
	switches := []string{"run", "--instance-id", "bench", "--http-listen", r.http}
	if r.cluster != nil {
		switches = append(switches, "--brokers", r.brokers[0], "--signing-keys", r.keys)
	} else {
		switches = append(switches, "--embedded-listen", r.brokers[0], "--data-dir", r.data)
	}
	r.engine = proctest.Start(r.t, proctest.Command{Path: r.binary, Args: append(switches, withoutTables(args)...)})
	if err := r.engine.AwaitHTTP("http://"+r.http+"/readyz", patience); err != nil {
		r.t.Fatalf("waiting for the engine: %v\n%s", err, r.engine.Report())
	}
	return time.Since(began)
}

// withoutTables returns switches that run all processors but the sinks where they ask for all and name no database: no other
// figure wants a Postgres beside it.
func withoutTables(args []string) []string {
	if slices.Contains(args, "--database-url") {
		return args
	}
	var names []string
	for _, group := range topics.Transacted() {
		names = append(names, group.Short)
	}
	all := strings.Join(names, ",")
	at := slices.Index(args, "--processors") + 1
	if at == 0 {
		return append(slices.Clip(args), "--processors", all)
	}
	args = slices.Clone(args)
	if args[at] == "all" {
		args[at] = all
	}
	return args
}

func (r *rig) stop() {
	r.t.Helper()
	r.must(r.engine.Terminate())
	if code, err := r.engine.Wait(30 * time.Second); err != nil || code != 0 {
		r.t.Fatalf("the engine ended with %d, %v\n%s", code, err, r.engine.Report())
	}
}

// cpu returns what the engine and the broker have used so far.
func (r *rig) cpu() (engine, broker time.Duration) {
	r.t.Helper()
	usage, err := r.engine.Usage()
	r.must(err)
	if r.cluster == nil {
		return usage.CPU, 0
	}
	served, err := r.cluster.Usage(0)
	r.must(err)
	return usage.CPU, served.CPU
}

// rss returns the engine's resident memory in MiB.
func (r *rig) rss() int64 {
	r.t.Helper()
	usage, err := r.engine.Usage()
	r.must(err)
	return usage.RSSBytes >> 20
}

// sum adds up a counter of the engine over its labels, or over those that begin as given.
func (r *rig) sum(counter string) int {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.ctx, http.MethodGet, "http://"+r.http+"/metrics", nil)
	r.must(err)
	response, err := http.DefaultClient.Do(request)
	r.must(err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	r.must(err)
	sum := 0.0
	for line := range strings.Lines(string(text)) {
		rest, is := strings.CutPrefix(line, counter)
		if is && (strings.Contains(counter, "{") || strings.HasPrefix(rest, "{")) {
			value, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndex(rest, " "):]), 64)
			r.must(err)
			sum += value
		}
	}
	return int(sum)
}
