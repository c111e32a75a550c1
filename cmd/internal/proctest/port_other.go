//go:build !linux

package proctest

import "net"

// holdPort finds a free port. It cannot be held here: two sockets share a port only when both are bound to share it.
func holdPort() (port int, release func() error, err error) {
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, nil, err
	}
	port = listener.Addr().(*net.TCPAddr).Port
	return port, func() error { return nil }, listener.Close()
}
