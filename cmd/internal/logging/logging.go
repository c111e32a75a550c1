// Package logging makes the programs' logger: readable on a terminal, JSON lines elsewhere.
package logging

import (
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/term"
)

// New returns a logger that writes to out, from level up.
func New(out *os.File, level zerolog.Level) zerolog.Logger {
	var to io.Writer = out
	if term.IsTerminal(int(out.Fd())) {
		_, plain := os.LookupEnv("NO_COLOR")
		to = zerolog.ConsoleWriter{Out: out, TimeFormat: time.TimeOnly, NoColor: plain}
	}
	return zerolog.New(to).Level(level).With().Timestamp().Logger()
}

// Kgo passes what franz-go logs on. Its information is about each rebalance and transaction, ours would be the same:
// it is kept for debugging.
func Kgo(log zerolog.Logger) kgo.Logger { return kgoLog{log} }

type kgoLog struct{ log zerolog.Logger }

// Level implements kgo.Logger.
func (l kgoLog) Level() kgo.LogLevel {
	if l.log.GetLevel() <= zerolog.DebugLevel {
		return kgo.LogLevelInfo
	}
	return kgo.LogLevelError
}

// Log implements kgo.Logger. franz-go mends by itself what it logs as errors; what it cannot mend comes to its caller.
func (l kgoLog) Log(_ kgo.LogLevel, message string, pairs ...any) {
	l.log.Debug().Fields(pairs).Str("client", "kafka").Msg(message)
}
