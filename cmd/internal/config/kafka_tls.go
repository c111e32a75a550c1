package config

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
)

// dialTLS returns how connections are opened: each with what the files hold then.
func (k *Kafka) dialTLS(dialer *net.Dialer) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		settings, err := k.tls()
		if err != nil {
			return nil, err
		}
		return (&tls.Dialer{NetDialer: dialer, Config: settings}).DialContext(ctx, network, address)
	}
}

func (k *Kafka) tls() (*tls.Config, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if k.CA != "" {
		pem, err := os.ReadFile(k.CA)
		if err != nil {
			return nil, fmt.Errorf("--kafka-ca: %w", err)
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--kafka-ca: %s holds no PEM certificate", k.CA)
		}
	}
	if k.Cert != "" {
		pair, err := tls.LoadX509KeyPair(k.Cert, k.Key)
		if err != nil {
			return nil, fmt.Errorf("--kafka-cert, --kafka-key: %w", err)
		}
		settings.Certificates = []tls.Certificate{pair}
	}
	return settings, nil
}

// certificate returns the client certificate as it is now; nil when there is none to be read.
func (k *Kafka) certificate() *x509.Certificate {
	pair, err := tls.LoadX509KeyPair(k.Cert, k.Key)
	if err != nil {
		return nil
	}
	return pair.Leaf
}

// Principal returns who the brokers take this process for, as their rights name it. A broker may map a certificate's name
// to another one (ssl.principal.mapping.rules), which nobody but it knows.
func (k *Kafka) Principal() string {
	if k.SASL != "" {
		return "User:" + k.User
	}
	if k.TLS && k.Cert != "" {
		if own := k.certificate(); own != nil {
			return "User:" + own.Subject.String()
		}
	}
	return "User:ANONYMOUS"
}
