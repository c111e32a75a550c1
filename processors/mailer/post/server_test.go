package post

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// rig is a mail server in this process, which does with each mail what its recipient's script says.
type rig struct {
	address  string
	listener net.Listener
	server   *smtp.Server
	ended    context.Context // ends what hangs
	end      context.CancelFunc

	mu       sync.Mutex
	open     map[net.Conn]bool
	scripts  map[string][]reaction // by local part: what happens at its next mails; then they are taken
	accepted map[string]int        // by Message-ID: how often the server took it
	texts    map[string]string
	users    []string
	password string
	refused  string             // a sender that it takes no mails of
	received func(local string) // after the last line came, before anything comes of it
}

// reaction is what the server does with a mail.
type reaction struct {
	rcpt  error  // its answer to RCPT
	hang  bool   // it never answers the last line
	drop  string // where it closes the connection: "rcpt", "data" (in the middle), "taken" or "lost" (after the last line)
	slow  <-chan struct{}
	after error // its answer to the last line
}

func newRig(t *testing.T, change func(*smtp.Server)) *rig {
	t.Helper()
	r := &rig{open: map[net.Conn]bool{}, scripts: map[string][]reaction{}, accepted: map[string]int{}, texts: map[string]string{}}
	r.ended, r.end = context.WithCancel(context.Background())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address = listener.Addr().String()
	r.serve(t, listener, change)
	t.Cleanup(func() {
		r.end()
		r.server.Close()
	})
	return r
}

func (r *rig) serve(t *testing.T, listener net.Listener, change func(*smtp.Server)) {
	r.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.open[c.Conn()] = true
		return &session{rig: r, conn: c}, nil
	}))
	r.server.Domain, r.server.AllowInsecureAuth = "rig.example", true
	r.server.ErrorLog = discard{}
	if change != nil {
		change(r.server)
	}
	r.listener = listener
	server := r.server
	go server.Serve(listener)
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

// cut closes all connections, as a kill of the other side does.
func (r *rig) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.open {
		c.Close()
	}
	clear(r.open)
}

func (r *rig) script(local string, reactions ...reaction) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scripts[local] = append(r.scripts[local], reactions...)
}

func (r *rig) counts() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string]int{}
	for id, count := range r.accepted {
		all[localPart(id)] = count
	}
	return all
}

type session struct {
	rig  *rig
	conn *smtp.Conn
	to   string
	now  reaction
}

func (s *session) AuthMechanisms() []string {
	s.rig.mu.Lock()
	defer s.rig.mu.Unlock()
	if s.rig.password == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.rig.mu.Lock()
		defer s.rig.mu.Unlock()
		if password != s.rig.password {
			return smtp.ErrAuthFailed
		}
		s.rig.users = append(s.rig.users, user)
		return nil
	}), nil
}

func (s *session) Reset() { s.to, s.now = "", reaction{} }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.rig.mu.Lock()
	defer s.rig.mu.Unlock()
	if from == s.rig.refused {
		return refusal(550, "not you")
	}
	return nil
}

func (s *session) Logout() error {
	s.rig.mu.Lock()
	defer s.rig.mu.Unlock()
	delete(s.rig.open, s.conn.Conn())
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = localPart(to)
	s.rig.mu.Lock()
	if script := s.rig.scripts[s.to]; len(script) > 0 {
		s.now, s.rig.scripts[s.to] = script[0], script[1:]
	}
	s.rig.mu.Unlock()
	if s.now.drop == "rcpt" {
		s.conn.Conn().Close()
	}
	return s.now.rcpt
}

func (s *session) Data(r io.Reader) error {
	if s.now.drop == "data" {
		s.conn.Conn().Close()
		return errors.New("dropped")
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return err // the last line never came
	}
	header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(string(text)))).ReadMIMEHeader()
	if err != nil {
		return err
	}
	if s.rig.received != nil {
		s.rig.received(s.to)
	}
	id := strings.Trim(header.Get("Message-Id"), "<>")
	if s.now.slow != nil {
		<-s.now.slow
	}
	if s.now.after == nil && s.now.drop != "lost" {
		s.rig.mu.Lock()
		s.rig.accepted[id]++
		s.rig.texts[id] = string(text)
		s.rig.mu.Unlock()
	}
	if s.now.drop != "" {
		s.conn.Conn().Close()
	}
	if s.now.hang {
		<-s.rig.ended.Done()
	}
	return s.now.after
}

func refusal(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: text}
}

// certificate makes a certificate of 127.0.0.1, and the authorities that it is to be checked against.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, pool
}
