package config

import (
	"errors"
	"net/url"
	"slices"
)

// DatabaseURL reaches a Postgres. It may hold a password: printing it shows none.
type DatabaseURL string

// String implements fmt.Stringer: user, host and database; the rest may hold a password.
func (d DatabaseURL) String() string {
	parsed, err := d.parse()
	if d == "" || err != nil {
		return ""
	}
	shown := url.URL{Scheme: parsed.Scheme, Host: parsed.Host, Path: parsed.Path}
	if parsed.User != nil {
		shown.User = url.User(parsed.User.Username())
	}
	return shown.String()
}

// GoString implements fmt.GoStringer.
func (d DatabaseURL) GoString() string { return d.String() }

// Reveal returns the URL as it was given.
func (d DatabaseURL) Reveal() string { return string(d) }

// Check refuses what is no URL of a Postgres, without repeating it.
func (d DatabaseURL) Check() error {
	if d == "" {
		return nil
	}
	_, err := d.parse()
	return err
}

var errDatabaseURL = errors.New("--database-url: it must be postgres://USER:PASSWORD@HOST:PORT/DATABASE; " +
	"what is neither a letter nor a digit in user and password is written as %XX")

func (d DatabaseURL) parse() (*url.URL, error) {
	parsed, err := url.Parse(string(d))
	if err != nil || !slices.Contains([]string{"postgres", "postgresql"}, parsed.Scheme) || parsed.Opaque != "" ||
		parsed.Host == "" && parsed.Query().Get("host") == "" {
		return nil, errDatabaseURL
	}
	return parsed, nil
}
