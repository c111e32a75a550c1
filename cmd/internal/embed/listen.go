package embed

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// The errors of an address.
var (
	ErrAddress = errors.New("must be HOST:PORT with a host that clients can dial, for example 127.0.0.1:19092")
	ErrPort    = errors.New("the port is taken")
)

// CheckAddress says whether clients could dial a broker that listens there: a broker tells its clients its own address,
// so a wildcard ("" or 0.0.0.0) would be told to them. Its error is ErrAddress.
func CheckAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || port == "" {
		return fmt.Errorf("%q: %w", address, ErrAddress)
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return fmt.Errorf("%q: %w", address, ErrAddress)
	}
	return nil
}

// listen opens the one address of the broker. Errors: ErrAddress, ErrPort.
func listen(address string) (net.Listener, error) {
	if err := CheckAddress(address); err != nil {
		return nil, fmt.Errorf("listening for Kafka clients: %w", err)
	}
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listening for Kafka clients at %s: %w; another campaignd may run there, "+
			"--embedded-listen chooses another address", address, ErrPort)
	}
	if err != nil {
		return nil, fmt.Errorf("listening for Kafka clients: %w", err)
	}
	return listener, nil
}

// gate is a listener that accepts nobody until it is opened.
type gate struct {
	net.Listener
	opened chan struct{}
}

func (g gate) Accept() (net.Conn, error) {
	<-g.opened
	return g.Listener.Accept()
}
