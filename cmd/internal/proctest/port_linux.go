package proctest

import (
	"errors"
	"syscall"
)

var errNoIPv4 = errors.New("the socket has no IPv4 address")

// holdPort binds a socket and never listens on it. Bound without SO_REUSEADDR, it gets a port that nobody else has;
// given SO_REUSEADDR afterwards, it lets a listener that sets that too (Go's and Java's do) share the port, while the
// kernel gives it to nobody as a free port. That last point matters: while a broker is down, a client that tries to
// reach it may otherwise be given the very port as its own and connect to itself.
func holdPort() (port int, release func() error, err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, nil, err
	}
	port, err = bindFree(fd)
	if err != nil {
		_ = syscall.Close(fd)
		return 0, nil, err
	}
	return port, func() error { return syscall.Close(fd) }, nil
}

func bindFree(fd int) (int, error) {
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, err
	}
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, err
	}
	address, err := syscall.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	inet, ok := address.(*syscall.SockaddrInet4)
	if !ok {
		return 0, errNoIPv4
	}
	return inet.Port, nil
}
