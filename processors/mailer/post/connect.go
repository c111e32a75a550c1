package post

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// connection is one to the server, ready for mails.
type connection struct {
	client *smtp.Client
	raw    net.Conn
	used   bool // a mail went over it before
	over   atomic.Bool
}

// cut ends what waits for the connection, now or later. Nothing may be sent over it any more: the next command would end a text
// that is open, and so have the server take it.
func (c *connection) cut() {
	c.over.Store(true)
	c.raw.Close()
}

// within runs f, which waits for the connection, and cuts that when it takes too long or ctx ends; cut is closed when it returns.
// The error is f's. The client's own limit is twice as long, yet on a busy machine it may be the one that is noticed first.
func (c *connection) within(ctx context.Context, most time.Duration, f func() error) (cut bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	stop := context.AfterFunc(ctx, c.cut)
	err = f()
	if stop() && !errors.Is(err, os.ErrDeadlineExceeded) {
		return false, err
	}
	c.cut() // where it has begun elsewhere it may not be through
	return true, err
}

// connect dials the server and gets ready for mails.
func (s *SMTP) connect(ctx context.Context) (*connection, error) {
	dialer := net.Dialer{Timeout: connectMax}
	raw, err := dialer.DialContext(ctx, "tcp", s.server.address)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", s.server.address, err)
	}
	c := &connection{raw: raw}
	cut, err := c.within(ctx, connectMax, func() error { return s.greet(c) })
	if cut {
		err = errors.Join(fmt.Errorf("connecting to %s: no answer within %s", s.server.address, connectMax), context.Cause(ctx))
	}
	if err != nil {
		c.cut()
		return nil, err
	}
	return c, nil
}

func (s *SMTP) greet(c *connection) (err error) {
	encryption := &tls.Config{ServerName: s.server.host, MinVersion: tls.VersionTLS12, RootCAs: s.authorities}
	switch {
	case s.server.plain:
		c.client = smtp.NewClient(c.raw)
	case s.server.implicit:
		c.client = smtp.NewClient(tls.Client(c.raw, encryption))
	default:
		if c.client, err = smtp.NewClientStartTLS(c.raw, encryption); err != nil {
			return fmt.Errorf("beginning TLS with %s (smtps:// begins with it, ?tls=none sends without): %w", s.server.address, err)
		}
	}
	// Longer than within waits, which cuts the connection: what comes later must not be taken for another answer.
	c.client.CommandTimeout, c.client.SubmissionTimeout = 2*s.commandMax, 2*s.answerMax
	if err := c.client.Hello(s.name); err != nil {
		return fmt.Errorf("greeting %s: %w", s.server.address, err)
	}
	if s.server.user == "" {
		return nil
	}
	if err := c.client.Auth(s.login(c.client)); err != nil {
		return fmt.Errorf("logging in at %s as %s: %w", s.server.address, s.server.user, err)
	}
	return nil
}

// login returns the way to log in: some servers know LOGIN alone.
func (s *SMTP) login(client *smtp.Client) sasl.Client {
	if !client.SupportsAuth(sasl.Plain) && client.SupportsAuth(sasl.Login) {
		return sasl.NewLoginClient(s.server.user, s.server.password)
	}
	return sasl.NewPlainClient("", s.server.user, s.server.password)
}
