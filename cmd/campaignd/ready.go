package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/httpd"
)

// readyTimeout bounds the question, whatever is at the address.
const readyTimeout = 3 * time.Second

type readyCommand struct {
	HTTPListen string `name:"http-listen" env:"CAMPAIGN_HTTP_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where the engine answers, as campaignd run was told (default ${default})."`
}

var errNotReady = errors.New("the engine is not ready")

// Run implements the command: it asks the engine of this machine, or container, for /readyz.
func (c *readyCommand) Run(ctx context.Context) error {
	host, port, err := net.SplitHostPort(c.HTTPListen)
	if err != nil {
		return wrongSwitches(fmt.Errorf("--http-listen: %q must be HOST:PORT", c.HTTPListen))
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // it listens at all addresses of the machine, whose names an image may not know
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	state, err := httpd.Ask(ctx, net.JoinHostPort(host, port))
	if err != nil {
		return err
	}
	for _, line := range append(state.Waiting, state.CatchingUp...) {
		fmt.Fprintln(os.Stdout, line)
	}
	if len(state.Waiting) > 0 {
		return errNotReady
	}
	return nil
}
