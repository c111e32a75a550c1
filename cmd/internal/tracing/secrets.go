package tracing

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	"github.com/rs/zerolog"
)

// secrets are texts that must not be logged: a collector may be reached with a token, or with a password in its URL.
type secrets []string

// secretMinBytes is the shortest text that is taken for a secret: shorter ones stand everywhere.
const secretMinBytes = 4

// secretsOf returns the secrets that the environment holds for the exporters.
func secretsOf(getenv func(string) string) secrets {
	var found secrets
	add := func(text string) {
		for _, part := range append([]string{strings.TrimSpace(text)}, strings.Fields(text)...) { // "Bearer", and the token
			if len(part) >= secretMinBytes && !slices.Contains(found, part) {
				found = append(found, part)
			}
		}
	}
	for _, name := range []string{envHeaders, envTracesHeaders} {
		for pair := range strings.SplitSeq(getenv(name), ",") {
			_, value, is := strings.Cut(pair, "=")
			if !is {
				value = pair // not what was meant, and so nobody knows what it is
			}
			add(value)
			if plain, err := url.PathUnescape(value); err == nil {
				add(plain)
			}
		}
	}
	for _, name := range []string{envEndpoint, envTracesEndpoint} {
		_, rest, _ := strings.Cut(getenv(name), "://")
		if at := strings.LastIndexByte(rest, '@'); at >= 0 { // not by url.Parse: it may not be a URL
			add(rest[:at])
			_, password, _ := strings.Cut(rest[:at], ":")
			add(password)
		}
	}
	return found
}

// saidMax bounds what is logged of an error: it may hold a collector's whole answer.
const saidMax = 1 << 10

// without returns a text with the secrets taken out.
func (s secrets) without(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, "[secret]")
	}
	if len(text) > saidMax {
		text = strings.ToValidUTF8(text[:saidMax], "") + " [cut]"
	}
	return text
}

// errorWithout returns what an error says with the secrets taken out; nil stays nil.
func errorWithout(err error, s secrets) error {
	if err == nil {
		return nil
	}
	return errors.New(s.without(err.Error()))
}

// loggerFor returns the logger of the SDK: its warnings and errors go to the log. What comes beside a message is left out,
// since it quotes variables.
func loggerFor(log zerolog.Logger, s secrets) logr.Logger { return logr.New(sink{log, s}) }

type sink struct {
	log     zerolog.Logger
	secrets secrets
}

// warnLevel is the verbosity at which the SDK warns; what is more verbose is of no use to an operator.
const warnLevel = 1

// Init implements logr.LogSink.
func (sink) Init(logr.RuntimeInfo) {}

// Enabled implements logr.LogSink.
func (sink) Enabled(level int) bool { return level <= warnLevel }

// Info implements logr.LogSink.
func (s sink) Info(_ int, message string, _ ...any) {
	s.log.Warn().Msg("traces: " + s.secrets.without(message))
}

// Error implements logr.LogSink.
func (s sink) Error(err error, message string, _ ...any) {
	s.log.Warn().AnErr("cause", errorWithout(err, s.secrets)).Msg("traces: " + s.secrets.without(message))
}

// WithValues implements logr.LogSink.
func (s sink) WithValues(...any) logr.LogSink { return s }

// WithName implements logr.LogSink.
func (s sink) WithName(string) logr.LogSink { return s }
