// Package mailtest is a mail server in a test's process: it takes every mail, and remembers when it took which.
package mailtest

import (
	"bufio"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// Server is a mail server that sends nothing on.
type Server struct {
	address string

	mu    sync.Mutex
	taken map[string][]time.Time // by Message-ID
	count int
	told  func(count int)
}

// Start starts a server on this machine, without TLS, until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{address: listener.Addr().String(), taken: map[string][]time.Time{}}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return session{s}, nil }))
	server.Domain, server.ErrorLog = "mailtest.example", silent{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // it ends with the test
	}()
	t.Cleanup(func() {
		server.Close()
		<-ended
	})
	return s
}

// URL is what a sender is told.
func (s *Server) URL() string { return "smtp://" + s.address + "?tls=none" }

// Tell has f called for each mail that is taken, with how many there are then.
func (s *Server) Tell(f func(count int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = f
}

// Taken returns how often each mail was taken, by its Message-ID.
func (s *Server) Taken() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := make(map[string]int, len(s.taken))
	for id, times := range s.taken {
		counts[id] = len(times)
	}
	return counts
}

// Times returns when mails were taken, in order.
func (s *Server) Times() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []time.Time
	for _, times := range s.taken {
		all = append(all, times...)
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

func (s *Server) take(id string) {
	s.mu.Lock()
	s.taken[id] = append(s.taken[id], time.Now())
	s.count++
	told, count := s.told, s.count
	s.mu.Unlock()
	if told != nil {
		told(count)
	}
}

type session struct{ server *Server }

func (session) Mail(string, *smtp.MailOptions) error { return nil }
func (session) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (session) Reset()                               {}
func (session) Logout() error                        { return nil }

func (s session) Data(r io.Reader) error {
	text := bufio.NewReader(r)
	header, err := textproto.NewReader(text).ReadMIMEHeader()
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, text); err != nil {
		return err
	}
	s.server.take(strings.Trim(header.Get("Message-Id"), "<>"))
	return nil
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}
