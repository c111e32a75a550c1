package config_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/rmn-arms/campaign-engine/cmd/internal/config"
)

func TestExplain(t *testing.T) {
	alert := func(text string) error { return &net.OpError{Op: "remote error", Err: errors.New("tls: " + text)} }
	dial := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	reset := &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	withTLS, withLogin := config.Kafka{TLS: true}, config.Kafka{SASL: "plain", User: "u"}
	for _, c := range []struct {
		kafka   config.Kafka
		err     error
		says    string // empty: it is no refusal
		guessed bool
	}{
		{withTLS, x509.UnknownAuthorityError{}, "--kafka-ca", false},
		{withTLS, x509.HostnameError{Certificate: &x509.Certificate{}, Host: "k1"}, "advertised.listeners", false},
		{withTLS, x509.CertificateInvalidError{Reason: x509.Expired}, "has expired", false},
		{withTLS, x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}, "is not valid", false},
		{withTLS, tls.RecordHeaderError{}, "leave out --kafka-tls", false},
		{withTLS, alert("bad certificate"), "give --kafka-cert", false},
		{config.Kafka{TLS: true, Cert: "x", Key: "y"}, alert("unknown certificate"), "refuse the certificate of --kafka-cert", false},
		{withTLS, alert("protocol version not supported"), "ssl.enabled.protocols", false},
		{withTLS, reset, "leave out --kafka-tls", true},
		{withLogin, kerr.SaslAuthenticationFailed, "user u by plain", false},
		{withLogin, kerr.UnsupportedSaslMechanism, "choose another --kafka-sasl", false},
		{withLogin, kerr.IllegalSaslState, "leave out --kafka-sasl", false},
		{config.Kafka{}, reset, "give --kafka-sasl", true},
		{withLogin, reset, "give --kafka-tls", true},
		{config.Kafka{}, dial, "", false},
		{withTLS, context.DeadlineExceeded, "", false},
		{withTLS, io.ErrUnexpectedEOF, "", false},
		{withLogin, kerr.NotLeaderForPartition, "", false},
	} {
		explained := c.kafka.Explain(fmt.Errorf("asking: %w", c.err))
		var refusal *config.RefusalError
		is := errors.As(explained, &refusal)
		if is != (c.says != "") || !strings.Contains(explained.Error(), c.says) || is && refusal.Guessed != c.guessed {
			t.Errorf("%+v, %v: it is explained as %v; want %q, guessed: %v", c.kafka, c.err, explained, c.says, c.guessed)
		}
		if !strings.Contains(explained.Error(), c.err.Error()) {
			t.Errorf("%v is explained as %v, which hides it", c.err, explained)
		}
	}
	if err := withTLS.Explain(nil); err != nil {
		t.Errorf("nothing is explained as %v", err)
	}
}

func TestPrincipal(t *testing.T) {
	own := newAuthority(t)
	for _, c := range []struct {
		kafka config.Kafka
		want  string
	}{
		{config.Kafka{}, "User:ANONYMOUS"},
		{config.Kafka{TLS: true}, "User:ANONYMOUS"},
		{config.Kafka{TLS: true, Cert: own.certificate, Key: own.key}, "User:CN=engine,O=Example"},
		{config.Kafka{TLS: true, Cert: own.certificate, Key: own.key, SASL: "plain", User: "u"}, "User:u"},
	} {
		if got := c.kafka.Principal(); got != c.want {
			t.Errorf("%+v: %s, want %s", c.kafka, got, c.want)
		}
	}
}

// TestWrongSwitchesDoNotRepeatAPassword that somebody has put where none belongs.
func TestWrongSwitchesDoNotRepeatAPassword(t *testing.T) {
	login := []string{"--brokers", "a:1", "--kafka-sasl", "plain", "--kafka-user", "u"}
	for _, args := range [][]string{
		{"--brokers", "u:" + password + "@a:1"},
		{"--brokers", "sasl://u:" + password + "@a:1"},
		{"--brokers", "kafka://a:1?password=" + password},
		append(login, "--kafka-password", password),
		append(login, "--kafka-password="+password),
		append(login, "--kafka-password-file", password),
		{"--database-url", "postgres://u:" + password + "@a:b/c"},
		{"--database-url=u:" + password + "@a/b"},
		{"--smtp-url=smtp://u:" + password + "@a:b"},
		{"--smtp-url=smtp://u:" + password + "@a?tls=none"},
		{"--smtp-url=u:" + password + "@a"},
		{"--http-listen", "u:" + password + "@a:1"},
	} {
		g, err := parsed(t, args...)
		if err == nil {
			_, err = g.Connect("test")
		}
		if err == nil || strings.Contains(err.Error(), password) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestSwitchesForHints(t *testing.T) {
	t.Setenv("CAMPAIGN_KAFKA_PASSWORD", password)
	const want = "--brokers a:1,b:2 --kafka-tls --kafka-ca /ca --kafka-sasl plain --kafka-user u --kafka-password-file /password"
	g, err := parsed(t, strings.Fields(want)...)
	if err != nil || g.Switches() != want {
		t.Errorf("%v: %s\nwant %s", err, g.Switches(), want)
	}
}
