package torture

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/rmn-arms/campaign-engine/cmd/internal/kafkatest"
	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
)

// toxicMax is how long a proxy may take to change what it does to the connections that are there. One that leads to a
// process that stands still takes for ever; the proxy is then replaced.
const toxicMax = 3 * time.Second

// links are the connections of processes to brokers, each through a proxy of its own: what happens to one of them happens
// to nobody else.
type links struct {
	server *toxiproxy.ApiServer
	all    [][]*link // by process, by broker
}

// link leads one process to one broker.
type link struct {
	server   *toxiproxy.ApiServer
	name     string
	listen   string
	upstream string

	mu     sync.Mutex
	proxy  *toxiproxy.Proxy // nil: nothing comes in
	isCut  bool
	isDown bool     // its broker is
	toxics []string // as toxiproxy wants them
}

// newLinks reserves the links' ports; they lead nowhere until open.
func newLinks(t proctest.TB, processes, brokers int) *links {
	t.Helper()
	zerolog.SetGlobalLevel(zerolog.WarnLevel) // toxiproxy traces each packet of a thin link
	l := &links{server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())}
	for p := range processes {
		var row []*link
		for b := range brokers {
			row = append(row, &link{
				server: l.server, name: fmt.Sprintf("%d-%d", p, b), listen: fmt.Sprintf("127.0.0.1:%d", proctest.Port(t)),
			})
		}
		l.all = append(l.all, row)
	}
	return l
}

// listeners are what the brokers need, so that each process stays on its own links.
func (l *links) listeners() []kafkatest.Listener {
	var all []kafkatest.Listener
	for p := range l.all {
		all = append(all, kafkatest.Listener{Name: listenerOf(p), Advertised: l.addresses(p)})
	}
	return all
}

func listenerOf(process int) string { return fmt.Sprintf("LINK%d", process+1) }

// addresses are where a process finds the brokers.
func (l *links) addresses(process int) []string {
	var all []string
	for _, each := range l.all[process] {
		all = append(all, each.listen)
	}
	return all
}

// open connects all links with the cluster, until the test ends.
func (l *links) open(t proctest.TB, c *kafkatest.Cluster) {
	t.Helper()
	for p, row := range l.all {
		for b, each := range row {
			each.upstream = c.Listening(b, listenerOf(p))
			if err := each.heal(); err != nil {
				t.Fatalf("%v", err)
			}
			t.Cleanup(each.cut)
		}
	}
}

// refuse lets the links to a broker that is down refuse connections, as its own port does. A link that took them and closed
// them at once would look like a broker that speaks another protocol.
func (l *links) refuse(broker int) {
	for _, row := range l.all {
		row[broker].refuse()
	}
}

// reopen opens the links to brokers as soon as these take connections; what else is wrong with a link stays.
func (l *links) reopen(ctx context.Context, brokers []int) error {
	ctx, cancel := context.WithTimeout(ctx, reopenMax)
	defer cancel()
	var failures error
	for _, b := range brokers {
		for _, row := range l.all {
			if err := proctest.Await(ctx, row[b].reachable); err != nil {
				return err
			}
			failures = errors.Join(failures, row[b].reopen())
		}
	}
	return failures
}

// reopenMax bounds how long a broker may take to start.
const reopenMax = 2 * time.Minute

// reachable says whether what the link leads to takes connections.
func (l *link) reachable(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", l.upstream)
	if err != nil {
		return fmt.Errorf("reaching %s: %w", l.name, err)
	}
	return conn.Close()
}

// cut ends the link's connections and takes no new ones.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut = true
	l.close()
}

// refuse is cut for a broker that is down.
func (l *link) refuse() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isDown = true
	l.close()
}

func (l *link) close() {
	if l.proxy != nil {
		within(l.proxy.Stop)
		l.proxy = nil
	}
}

// reopen says that the broker is up.
func (l *link) reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isDown = false
	return l.open()
}

// open lets connections in, unless the link is cut or its broker down.
func (l *link) open() error {
	if l.isCut || l.isDown || l.proxy != nil {
		return nil
	}
	proxy := toxiproxy.NewProxy(l.server, l.name, l.listen, l.upstream)
	if err := proxy.Start(); err != nil {
		return fmt.Errorf("opening link %s: %w", l.name, err)
	}
	l.proxy = proxy
	var failures error
	for _, text := range l.toxics {
		failures = errors.Join(failures, l.poison(text))
	}
	return failures
}

// toxic lets something happen to what goes over the link, also on the connections that are there, until heal. Source of kinds
// and attributes: toxiproxy's README.
func (l *link) toxic(kind, direction string, attributes string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := fmt.Sprintf(`{"type":%q,"stream":%q,"attributes":{%s}}`, kind, direction, attributes)
	l.toxics = append(l.toxics, text)
	if l.proxy == nil {
		return nil
	}
	return l.poison(text)
}

func (l *link) poison(toxic string) error {
	var failure error
	proxy := l.proxy
	added := within(func() { _, failure = proxy.Toxics.AddToxicJson(strings.NewReader(toxic)) })
	if added && failure != nil {
		return fmt.Errorf("changing link %s: %w", l.name, failure)
	}
	return nil
}

// heal takes back what was done to the link; it stays closed while its broker is down.
func (l *link) heal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut, l.toxics = false, nil
	if proxy := l.proxy; proxy != nil && !within(func() { proxy.Toxics.ResetToxics(context.Background()) }) {
		l.close()
	}
	return l.open()
}

// within calls f and says whether it came back in time.
func within(f func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	timer := time.NewTimer(toxicMax)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
