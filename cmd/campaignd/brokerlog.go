package main

import (
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
)

// brokerLog passes what the embedded broker says on: its errors as errors, the rest for debugging.
type brokerLog struct{ log zerolog.Logger }

// Logf implements kfake.Logger.
func (l brokerLog) Logf(level kfake.LogLevel, format string, args ...any) {
	event := l.log.Debug()
	if level == kfake.LogLevelError {
		event = l.log.Error()
	}
	event.Str("part", "embedded broker").Msgf(format, args...)
}
