package config_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	password = "correct-horse"
	patience = 2 * time.Minute
)

// authority is a certificate that signs itself, as files and for a broker.
type authority struct {
	certificate, key string // files
	pair             tls.Certificate
	pool             *x509.CertPool
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "engine", Organization: []string{"Example"}}, NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	a := authority{filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem"), pair, x509.NewCertPool()}
	a.pool.AppendCertsFromPEM(certPEM)
	write(t, a.certificate, certPEM)
	write(t, a.key, keyPEM)
	return a
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// reached connects with the switches and hears from the broker, or returns why not.
func reached(t *testing.T, c *kfake.Cluster, args ...string) error {
	t.Helper()
	g, err := parsed(t, append(args, "--brokers", c.ListenAddrs()[0])...)
	if err != nil {
		return err
	}
	options, err := g.Connect("test")
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return client.Ping(ctx)
}

func cluster(t *testing.T, options ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append(options, kfake.NumBrokers(1))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestTLS(t *testing.T) {
	own := newAuthority(t)
	other := newAuthority(t)
	asking := &tls.Config{Certificates: []tls.Certificate{own.pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: own.pool}
	cases := []struct {
		name   string
		broker *tls.Config
		args   []string
		fails  bool
	}{
		{"a broker that is trusted", &tls.Config{Certificates: []tls.Certificate{own.pair}}, []string{"--kafka-tls", "--kafka-ca", own.certificate}, false},
		{"a broker that is not", &tls.Config{Certificates: []tls.Certificate{own.pair}}, []string{"--kafka-tls", "--kafka-ca", other.certificate}, true},
		{"a broker that the system does not know", &tls.Config{Certificates: []tls.Certificate{own.pair}}, []string{"--kafka-tls"}, true},
		{"a broker that asks who we are", asking, []string{"--kafka-tls", "--kafka-ca", own.certificate, "--kafka-cert", own.certificate, "--kafka-key", own.key}, false},
		{"without an answer", asking, []string{"--kafka-tls", "--kafka-ca", own.certificate}, true},
		{"an old protocol", &tls.Config{Certificates: []tls.Certificate{own.pair}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			[]string{"--kafka-tls", "--kafka-ca", own.certificate}, true},
		{"no such file", nil, []string{"--kafka-tls", "--kafka-ca", "/no/such/file"}, true},
		{"a file without a certificate", nil, []string{"--kafka-tls", "--kafka-ca", own.key}, true},
		{"a key of another", nil, []string{"--kafka-tls", "--kafka-cert", own.certificate, "--kafka-key", other.key}, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var options []kfake.Opt
			if c.broker != nil {
				options = append(options, kfake.TLS(c.broker))
			}
			if err := reached(t, cluster(t, options...), c.args...); (err != nil) != c.fails {
				t.Errorf("got %v, want a failure: %v", err, c.fails)
			}
		})
	}
}

func TestSASL(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, []byte(password+"\n"))
	mechanisms := map[string]string{"plain": "PLAIN", "scram-sha-256": "SCRAM-SHA-256", "scram-sha-512": "SCRAM-SHA-512"}
	for name, kafka := range mechanisms {
		t.Run(name, func(t *testing.T) {
			c := cluster(t, kfake.EnableSASL(), kfake.Superuser(kafka, "u", password))
			login := []string{"--kafka-sasl", name, "--kafka-user", "u"}
			if err := reached(t, c, login...); err == nil || !strings.Contains(err.Error(), "CAMPAIGN_KAFKA_PASSWORD") {
				t.Errorf("without a password: %v", err)
			}
			if err := reached(t, c, append(login, "--kafka-password-file", file)...); err != nil {
				t.Errorf("with the password in a file: %v", err)
			}
			t.Setenv("CAMPAIGN_KAFKA_PASSWORD", password)
			if err := reached(t, c, login...); err != nil {
				t.Errorf("with the password in the environment: %v", err)
			}
			t.Setenv("CAMPAIGN_KAFKA_PASSWORD", "not-"+password)
			if err := reached(t, c, login...); err == nil || strings.Contains(err.Error(), password) {
				t.Errorf("with a wrong password: %v", err)
			}
		})
	}
}

// TestThePasswordIsNotShown looks for it wherever switches are printed.
func TestThePasswordIsNotShown(t *testing.T) {
	t.Setenv("CAMPAIGN_KAFKA_PASSWORD", password)
	var out strings.Builder
	var g grammar
	if _, err := parser(t, &g, &out).Parse([]string{"--help"}); err != nil {
		t.Fatal(err)
	}
	all, err := parsed(t, "--brokers", "a:1", "--kafka-sasl", "plain", "--kafka-user", "u")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := all.Connect("test"); err != nil {
		t.Fatal(err)
	}
	_, wrong := parsed(t, "--kafka-password", password)
	for where, text := range map[string]string{"--help": out.String(), "%+v": fmt.Sprintf("%+v %#v", all, all)} {
		if strings.Contains(text, password) {
			t.Errorf("%s shows the password", where)
		}
	}
	if wrong == nil || strings.Contains(wrong.Error(), password) {
		t.Errorf("a password on the command line: %v", wrong)
	}
}
