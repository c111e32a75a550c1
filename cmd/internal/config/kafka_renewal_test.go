package config_test

import (
	"context"
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// answered connects anew with options that were made once.
func answered(t *testing.T, options []kgo.Opt) error {
	t.Helper()
	client, err := kgo.NewClient(options...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return client.Ping(ctx)
}

// TestFilesAreReadForEachConnection: what is renewed in its file counts from the next connection on, on both sides.
func TestFilesAreReadForEachConnection(t *testing.T) {
	before, after := newAuthority(t), newAuthority(t)
	now := before
	c := cluster(t, kfake.TLS(&tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{Certificates: []tls.Certificate{now.pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: now.pool}, nil
	}}))
	dir := t.TempDir()
	ca, cert, key := filepath.Join(dir, "ca"), filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	put := func(a authority) {
		t.Helper()
		for to, from := range map[string]string{ca: a.certificate, cert: a.certificate, key: a.key} {
			content, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			write(t, to, content)
		}
	}
	put(before)
	g, err := parsed(t, "--brokers", c.ListenAddrs()[0], "--kafka-tls", "--kafka-ca", ca, "--kafka-cert", cert, "--kafka-key", key)
	if err != nil {
		t.Fatal(err)
	}
	options, err := g.Connect("test")
	if err != nil {
		t.Fatal(err)
	}
	if err := answered(t, options); err != nil {
		t.Fatalf("before: %v", err)
	}
	now = after
	if err := answered(t, options); err == nil {
		t.Fatal("a broker that has another authority is trusted, or trusts")
	}
	put(after)
	if err := answered(t, options); err != nil {
		t.Errorf("after the renewal: %v", err)
	}
}

func TestThePasswordsFileIsReadForEachLogin(t *testing.T) {
	for name, kafka := range map[string]string{"plain": "PLAIN", "scram-sha-256": "SCRAM-SHA-256", "scram-sha-512": "SCRAM-SHA-512"} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "password")
			write(t, file, []byte("old"))
			c := cluster(t, kfake.EnableSASL(), kfake.Superuser(kafka, "u", password))
			g, err := parsed(t, "--brokers", c.ListenAddrs()[0], "--kafka-sasl", name, "--kafka-user", "u", "--kafka-password-file", file)
			if err != nil {
				t.Fatal(err)
			}
			options, err := g.Connect("test")
			if err != nil {
				t.Fatal(err)
			}
			if err := answered(t, options); err == nil {
				t.Fatal("the old password is taken")
			}
			write(t, file, []byte(password+"\n"))
			if err := answered(t, options); err != nil {
				t.Errorf("the new one: %v", err)
			}
			write(t, file, []byte("\n"))
			if _, err := g.Connect("test"); err == nil {
				t.Error("an empty password is taken")
			}
		})
	}
}
