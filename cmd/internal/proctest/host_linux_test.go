package proctest

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	const rest = " S 1 2 2 0 -1 4194304 900 0 0 0 395 60 7 8 20 0 90 0 12345 4000000000 85000 18446744073709551615 1"
	cases := []struct {
		name string
		stat string
		want Usage
		err  error
	}{
		{"plain", "42 (java)" + rest, Usage{CPU: 4550 * time.Millisecond, RSSBytes: 85000 * 4096}, nil},
		{"spaces and parentheses in the name", "42 (a) S (b c)" + rest,
			Usage{CPU: 4550 * time.Millisecond, RSSBytes: 85000 * 4096}, nil},
		{"empty", "", Usage{}, errStat},
		{"cut off", "42 (java) S 1 2", Usage{}, errStat},
		{"no numbers", "42 (java) S a b c d e f g h i j k l m n o p q r s t u v", Usage{}, errStat},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseStat([]byte(c.stat), 4096)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %+v, %v; want %+v, %v", got, err, c.want, c.err)
			}
		})
	}
}

func TestPortIsHeldForTheListener(t *testing.T) {
	port := Port(t)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for range 2 { // it stays free for the listener after that has gone
		listener, err := net.Listen("tcp4", address)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp4", address)
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
		listener.Close()
		if _, err := net.Dial("tcp4", address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dialling with nobody listening: %v, want a refusal", err)
		}
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	err = syscall.Bind(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("somebody else's bind: %v, want EADDRINUSE", err)
	}
}
