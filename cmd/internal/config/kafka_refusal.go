package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// RefusalError says why brokers that are there do not let this client in, and what to do. Trying again does not mend it.
type RefusalError struct {
	// Guessed says that the brokers only closed the connection. Something that stands before brokers that are not up yet
	// does so, too.
	Guessed bool
	hint    string
	err     error
}

// Error implements error.
func (r *RefusalError) Error() string { return fmt.Sprintf("%s (%v)", r.hint, r.err) }

// Unwrap implements errors.Unwrap.
func (r *RefusalError) Unwrap() error { return r.err }

// Explain returns an error of a client as a RefusalError if it is one; else as it is.
func (k *Kafka) Explain(err error) error {
	if err == nil {
		return nil
	}
	if hint := k.certain(err); hint != "" {
		return &RefusalError{hint: hint, err: err}
	}
	if hint := k.guess(err); hint != "" {
		return &RefusalError{Guessed: true, hint: hint, err: err}
	}
	return err
}

// certain returns what to do about an error that can mean but one thing; "" for others.
func (k *Kafka) certain(err error) string {
	var (
		authority x509.UnknownAuthorityError
		system    x509.SystemRootsError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
		remote    *net.OpError
	)
	switch {
	case errors.As(err, &authority), errors.As(err, &system):
		return "the brokers' certificate is signed by an authority that is not trusted: name its certificate with --kafka-ca"
	case errors.As(err, &host):
		return "the brokers' certificate is for another host: --brokers and their advertised.listeners must name hosts as it does"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the brokers' certificate has expired or is not valid yet: renew it there, or set this machine's clock right"
	case errors.As(err, &invalid):
		return "the brokers' certificate is not valid: replace it there"
	case errors.As(err, &record):
		return "no TLS is spoken there: leave out --kafka-tls, or name the port that speaks it"
	case errors.As(err, &remote) && remote.Op == "remote error":
		return k.refusedByAlert(remote.Err.Error())
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		return fmt.Sprintf("the brokers refuse the login of user %s by %s: the user or the password is wrong", k.User, k.SASL)
	case errors.Is(err, kerr.UnsupportedSaslMechanism):
		return fmt.Sprintf("the brokers take no login by %s: choose another --kafka-sasl", k.SASL)
	case errors.Is(err, kerr.IllegalSaslState):
		return "the brokers take no login at that port: leave out --kafka-sasl and --kafka-user, or name the port for logins"
	case strings.Contains(err.Error(), "tls alert record"):
		return "TLS is spoken there: give --kafka-tls"
	case strings.Contains(err.Error(), "'HTTP' in ascii"):
		return "something other than Kafka is there: --brokers names another port"
	}
	return ""
}

// refusedByAlert tells why the other side ended the TLS handshake.
func (k *Kafka) refusedByAlert(alert string) string {
	own := k.certificate()
	switch {
	case !strings.Contains(alert, "certificate"):
		return "the brokers refuse TLS as it is spoken here: look at their ssl.enabled.protocols and ssl.cipher.suites"
	case k.Cert == "":
		return "the brokers want a client certificate: give --kafka-cert and --kafka-key"
	case own != nil && time.Now().After(own.NotAfter):
		return fmt.Sprintf("the brokers refuse the certificate of --kafka-cert, which expired at %s: renew it",
			own.NotAfter.UTC().Format(time.RFC3339))
	}
	return "the brokers refuse the certificate of --kafka-cert: it must be signed by an authority that they trust"
}

// guess returns what is probably to be done where the brokers have only closed the connection; "" for other errors.
func (k *Kafka) guess(err error) string {
	var first *kgo.ErrFirstReadEOF
	reset := errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	if !errors.As(err, &first) && !reset {
		return ""
	}
	switch {
	case k.TLS && (reset || strings.Contains(err.Error(), "after a dial")):
		return "the brokers close the connection instead of speaking TLS: leave out --kafka-tls, or name the port that speaks it"
	case k.SASL == "":
		return "the brokers close the connection, as they do when they want a login or TLS: give --kafka-sasl and --kafka-user, " +
			"or --kafka-tls"
	}
	return "the brokers close the connection, as they do when they speak TLS: give --kafka-tls"
}

// Risk returns what is unwise about the switches, though it works; "" for nothing.
func (k *Kafka) Risk() string {
	switch {
	case k.SASL == "plain" && !k.TLS:
		return "--kafka-sasl plain without --kafka-tls: the password goes over the network as it is"
	case k.SASL != "" && !k.TLS:
		return "--kafka-sasl without --kafka-tls: what is sent and read can be seen and changed on its way"
	}
	return ""
}
