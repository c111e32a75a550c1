package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/fault"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/journal"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// patience bounds waits that end by themselves when all is well.
const patience = 3 * time.Minute

// screen is what a command writes, for a test that waits for something of it.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func newScreen() *screen { return &screen{more: make(chan struct{})} }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.more)
	s.more = make(chan struct{})
	return s.text.Write(p)
}

func (s *screen) await(t *testing.T, what string) string {
	t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		text, more := s.text.String(), s.more
		s.mu.Unlock()
		if _, after, is := strings.Cut(text, what); is {
			return after
		}
		select {
		case <-more:
		case <-late:
			t.Fatalf("waiting for %q in\n%s", what, text)
		}
	}
}

// start runs a command line until stop, which returns its exit code.
func start(t *testing.T, args ...string) (s *screen, stop func() int) {
	t.Helper()
	s = newScreen()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() { ended <- realMain(ctx, args, console{out: s, errs: s}) }()
	stop = sync.OnceValue(func() int {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { stop() })
	return s, stop
}

func TestRunAndContent(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, string(topics.DeviceEvents), string(topics.DeviceAcks), string(topics.Plays),
		string(topics.StoreTopic("s-1"))))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	contents, stopContents := start(t, "content", "--listen", "127.0.0.1:0")
	base, _, _ := strings.Cut(contents.await(t, "contents at "), "\n")
	var creative bytes.Buffer
	if code := realMain(t.Context(), []string{"creative", "cr-1", "--base", base, "--duration-ms", "100"}, console{&creative, io.Discard}); code != exitClean {
		t.Fatalf("creative ends with %d", code)
	}
	dir := t.TempDir()
	jwks, journalFile := filepath.Join(dir, "jwks.json"), filepath.Join(dir, "journal.jsonl")
	state := filepath.Join(dir, "state")
	args := []string{
		"run", "--stores", "s-1", "--devices", "1", "--brokers", c.ListenAddrs()[0], "--state-dir", state, "--jwks", jwks, "--jwks-every", "50ms", "--journal", journalFile,
		"--register",
	}
	run, stop := start(t, args...)
	run.await(t, "registered in s-1")
	push(t, c, jwks, creative.Bytes())
	for _, said := range []string{": 1 entry", "cached ", "ready  playlist", "play   cr-1 of c-1"} {
		run.await(t, said)
	}
	other, stopOther := start(t, args...)
	other.await(t, "another storesim runs in "+state)
	if code := stopOther(); code != exitFailed {
		t.Errorf("a second run in the folder ends with %d", code)
	}
	if code := stop(); code != exitClean {
		t.Errorf("the run ends with %d", code)
	}
	if code := stopContents(); code != exitClean {
		t.Errorf("the server ends with %d", code)
	}
	text, err := os.ReadFile(journalFile)
	if err != nil {
		t.Fatal(err)
	}
	last := journal.Line{}
	for line := range bytes.Lines(text) {
		if err := json.Unmarshal(line, &last); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	if last.Event != journal.Totals || last.Counts["acked ready"] != 1 || last.Counts["obeyed"] != 1 {
		t.Errorf("the last line is %+v", last)
	}
}

// push writes the keys into a file, and a command into the store's topic.
func push(t *testing.T, c *kfake.Cluster, jwks string, creative []byte) {
	t.Helper()
	signer, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(jwks, signer.Public(), 0o644); err != nil {
		t.Fatal(err)
	}
	now := schemas.InstantOf(time.Now())
	entry := schemas.PlaylistEntry{CampaignID: "c-1", StartsAt: now - 1000, EndsAt: now + 3_600_000}
	if err := json.Unmarshal(creative, &entry); err != nil {
		t.Fatal(err)
	}
	value, err := json.Marshal(schemas.NewEvent("1", schemas.DeviceCommand, "s-1", now, schemas.Command{
		CommandID: schemas.CommandID("s-1-d1", int64(now)), DeviceID: "s-1-d1", StoreID: "s-1", PlaylistRevision: int64(now), Attempt: 1, ValidUntil: entry.EndsAt,
		Playlist: []schemas.PlaylistEntry{entry},
	}))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(value)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	record := &kgo.Record{
		Topic: string(topics.StoreTopic("s-1")), Key: []byte("s-1-d1"), Value: value, Headers: []kgo.RecordHeader{{Key: schemas.SignatureHeader, Value: []byte(jws)}},
	}
	if err := client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func TestWrongSwitches(t *testing.T) {
	for _, c := range []struct{ args, says string }{
		{"", "expected one of"},
		{"run", "--stores"},
		{"run --stores s_1", "neither a file nor the id of a store"},
		{"run --stores s-1,s-1", "store s-1 is there twice"},
		{"run --stores ,", "it names none"},
		{"run --stores s-1 --offline 1.1", "--offline: 1.1 is no probability"},
		{"run --stores s-1 --fault-every 0s", "--fault-every"},
		{"run --stores s-1 --clock-drift 1000000", "--clock-drift"},
		{"run --stores s-1 --downloads 0", "--downloads"},
		{"run --stores s-1 --clock http://127.0.0.1:8080", `--clock: "http://127.0.0.1:8080" is not where an engine tells its clock, which is http://HOST:PORT/clock`},
		{"run --stores s-1 --clock 127.0.0.1:8080/clock", "--clock: "},
		{"run --stores s-1 --clock http://127.0.0.1:8080/healthz", "--clock: "},
		{"run --stores s-1 --brokers nowhere", "--brokers"},
		{"content --cut=-1", "--cut: -1 is no probability"},
		{"creative cr/1", "the id must match"},
	} {
		var out, errs bytes.Buffer
		if code := realMain(t.Context(), strings.Fields(c.args), console{&out, &errs}); code != exitSwitches || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%s: exit code %d and\n%s", c.args, code, errs.String())
		}
	}
}

func TestNoBrokers(t *testing.T) {
	var errs bytes.Buffer
	code := realMain(t.Context(), []string{"run", "--stores", "s-1", "--brokers", "127.0.0.1:1", "--state-dir", t.TempDir()}, console{io.Discard, &errs})
	if code != exitFailed || !strings.Contains(errs.String(), "127.0.0.1:1") {
		t.Errorf("exit code %d and\n%s", code, errs.String())
	}
}

func TestStoresOf(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stores.txt")
	if err := os.WriteFile(file, []byte("# two of them\ns-1\n\ns-2 x y # named\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	fromFile := []storesim.Store{{ID: "s-1", Devices: []string{"s-1-d1", "s-1-d2"}}, {ID: "s-2", Devices: []string{"x", "y"}}}
	for given, want := range map[string][]storesim.Store{
		"a,b": {{ID: "a", Devices: []string{"a-d1", "a-d2"}}, {ID: "b", Devices: []string{"b-d1", "b-d2"}}}, file: fromFile,
	} {
		if got, err := storesOf(given, 2); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v", given, got, err)
		}
	}
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprintf("store-%04d", i))
	}
	if got, err := storesOf(strings.Join(many, ","), 2); err != nil || len(got) != len(many) {
		t.Errorf("%d of %d stores: %v", len(got), len(many), err)
	}
	if err := os.WriteFile(file, []byte("s-1 x\ns-2 x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := storesOf(file, 2); err == nil || !strings.Contains(err.Error(), "device x is there twice") {
		t.Error(err)
	}
}

// Each fault that there is can be switched on.
func TestEveryFaultHasASwitch(t *testing.T) {
	f := faults{
		Every: time.Second, Longest: time.Second, SlowRate: 1, Offline: 0.1, Slow: 0.1, DiskFull: 0.1, Restart: 0.1, Wiped: 0.1, Corrupt: 0.1,
		Replay: 0.1, Forge: 0.1, WrongClock: 0.1,
	}
	plan, err := f.plan()
	if err != nil {
		t.Fatal(err)
	}
	rates := reflect.ValueOf(plan.Rates)
	for i := range rates.NumField() {
		if rates.Field(i).Float() != 0.1 {
			t.Errorf("%s has no switch", reflect.TypeFor[fault.Rates]().Field(i).Name)
		}
	}
}
