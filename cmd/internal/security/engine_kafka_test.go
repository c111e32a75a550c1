//go:build kafka

package security

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// engine is a running campaignd of one processor, as a user of its own.
type engine struct {
	*proctest.Process
	c        *cluster
	group    topics.Group
	instance string
	address  string
}

// engine starts a processor under a user's name; it does not wait for it.
func (c *cluster) engine(t *testing.T, user, processor, instance string) *engine {
	t.Helper()
	return c.engineAs(t, c.user(user), processor, instance)
}

func (c *cluster) engineAs(t *testing.T, as attempt, processor, instance string) *engine {
	t.Helper()
	group, _ := topics.GroupNamed(processor)
	e := &engine{c: c, group: group, instance: instance, address: httpFree(t)}
	command := []string{"run", "--processors", processor, "--instance-id", instance, "--partitions", partitions,
		"--http-listen", e.address, "--log-level", "debug"}
	if group.PerStore {
		command = append(command, "--signing-keys", c.keys)
	}
	e.Process = c.launch(t, c.campaignd, as.environment(), as.switches(c, command...)...)
	return e
}

func (e *engine) ready(t *testing.T) {
	t.Helper()
	if err := e.AwaitHTTP("http://"+e.address+"/readyz", patience); err != nil {
		t.Fatalf("%v\n%s", err, e.Report())
	}
}

// get returns what the engine answers to a path.
func (e *engine) get(ctx context.Context, path string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.address+path, nil)
	if err != nil {
		return 0, "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// awaitReadiness waits until /readyz is answered with a status, and its body holds a text.
func (e *engine) awaitReadiness(t *testing.T, status int, says string) {
	t.Helper()
	e.await(t, func(ctx context.Context) error {
		got, body, err := e.get(ctx, "/readyz")
		if err == nil && (got != status || !strings.Contains(body, says)) {
			err = fmt.Errorf("/readyz answers %d:\n%s\nwant %d and %q", got, body, status, says)
		}
		return err
	})
}

// caughtUp waits until the engine has read what was there when it claimed its partitions.
func (e *engine) caughtUp(t *testing.T) {
	t.Helper()
	e.await(t, func(ctx context.Context) error {
		status, body, err := e.get(ctx, "/readyz")
		if err == nil && (status != 200 || strings.Contains(body, "catching_up")) {
			err = fmt.Errorf("/readyz answers %d:\n%s", status, body)
		}
		return err
	})
}

// logs waits until the engine has logged a text.
func (e *engine) logs(t *testing.T, text string) {
	t.Helper()
	e.await(t, func(context.Context) error {
		if !strings.Contains(e.Stderr(), text) {
			return fmt.Errorf("it does not log %q", text)
		}
		return nil
	})
}

func (e *engine) await(t *testing.T, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ctx, stop := e.Context(ctx)
	defer stop()
	if err := proctest.Await(ctx, check); err != nil {
		_, body, bodyErr := e.get(t.Context(), "/readyz")
		t.Fatalf("%v\n/readyz: %s %v\n%s", err, body, bodyErr, e.Report())
	}
}
