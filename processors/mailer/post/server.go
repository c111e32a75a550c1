package post

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Server is where mails are handed over, read from a URL:
//
//	smtp://USER:PASSWORD@HOST:PORT    TLS by STARTTLS, which the server must offer; port 587 where none is given
//	smtps://USER:PASSWORD@HOST:PORT   TLS from the first byte; port 465
//	smtp://HOST:PORT?tls=none         no TLS; a password only where HOST is this machine
//
// Printing it shows no password.
type Server struct {
	address  string // host:port
	host     string
	user     string
	password string
	implicit bool // TLS from the first byte
	plain    bool // no TLS
}

// The errors of a server's URL. None repeats it, since it may hold a password.
var (
	errServerURL = errors.New("it must be smtp://USER:PASSWORD@HOST:PORT or smtps://USER:PASSWORD@HOST:PORT; " +
		"what is neither a letter nor a digit in user and password is written as %XX")
	errServerPort   = errors.New("the port must be a number from 1 to 65535")
	errServerPath   = errors.New("nothing but ?tls=none may stand behind HOST:PORT: a mail server has no path")
	errServerUser   = errors.New("user and password belong together, USER:PASSWORD@HOST:PORT, and one of them is missing")
	errServerEscape = errors.New("what is neither a letter nor a digit in user and password is written as %XX: @ as %40, " +
		"/ as %2F, # as %23, ? as %3F, : as %3A, % as %25")
	errServerTLS   = errors.New("the only setting behind the ? is tls=none, and only of smtp://")
	errServerPlain = errors.New("without TLS (tls=none) anybody on the way could read the password: it is sent to this machine only")
)

// ParseServer reads a server's URL.
func ParseServer(text string) (Server, error) {
	if err := misspelt(text); err != nil {
		return Server{}, err
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return Server{}, errServerURL
	}
	if u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return Server{}, errServerPath
	}
	s := Server{host: u.Hostname(), user: u.User.Username()}
	s.password, _ = u.User.Password()
	port := "587"
	switch u.Scheme {
	case "smtp":
	case "smtps":
		s.implicit, port = true, "465"
	default:
		return Server{}, errServerURL
	}
	if u.Port() != "" {
		port = u.Port()
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return Server{}, errServerPort
	}
	s.address = net.JoinHostPort(s.host, port)
	for name, values := range u.Query() {
		if name != "tls" || len(values) != 1 || values[0] != "none" || s.implicit {
			return Server{}, errServerTLS
		}
		s.plain = true
	}
	if (s.user == "") != (s.password == "") {
		return Server{}, errServerUser
	}
	if s.plain && s.user != "" && !s.isHere() {
		return Server{}, errServerPlain
	}
	return s, nil
}

// misspelt says what is wrong with a text that no URL is made of, or another one than is meant: where user and password have
// an @ of their own, or what ends them.
func misspelt(text string) error {
	_, behind, is := strings.Cut(text, "://")
	if !is {
		return errServerURL
	}
	authority, rest := behind, ""
	if end := strings.IndexAny(behind, "/?#"); end >= 0 {
		authority, rest = behind[:end], behind[end:]
	}
	at := strings.LastIndexByte(authority, '@')
	_, err := url.PathUnescape(authority[:max(at, 0)])
	switch {
	case err != nil, strings.Count(authority, "@") > 1, at < 0 && strings.Contains(rest, "@"):
		return errServerEscape
	}
	if _, err := url.Parse("smtp://" + authority[at+1:]); err != nil && strings.Contains(authority[at+1:], ":") {
		return errServerPort
	}
	return nil
}

// isHere says that the server is on this machine: what goes there passes no network.
func (s Server) isHere() bool {
	ip := net.ParseIP(s.host)
	return strings.EqualFold(s.host, "localhost") || ip != nil && ip.IsLoopback()
}

// Address returns an address that mails may be from where nobody says who they are from: the login where that is one, else
// campaigns@ the server's host; empty where that has no name.
func (s Server) Address() string {
	if strings.Count(s.user, "@") == 1 && !strings.ContainsAny(s.user, " <>\r\n\"(),:;[]\\") {
		return s.user
	}
	if net.ParseIP(s.host) != nil || !strings.Contains(s.host, ".") {
		return ""
	}
	return "campaigns@" + s.host
}

// String implements fmt.Stringer.
func (s Server) String() string {
	shown := url.URL{Scheme: "smtp", Host: s.address}
	if s.implicit {
		shown.Scheme = "smtps"
	}
	if s.plain {
		shown.RawQuery = "tls=none"
	}
	if s.user != "" {
		shown.User = url.User(s.user)
	}
	return shown.String()
}

// GoString implements fmt.GoStringer.
func (s Server) GoString() string { return s.String() }
