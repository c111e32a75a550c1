// Package logging makes the programs' one logger and lends it to the libraries in their own forms.
//
//	logging.go  the logger, and the switch for its level
//	kafka.go    for franz-go and for the embedded broker
//	goka.go     for goka
//	seldom.go   once in a while, for what repeats
//
// Normal operation logs nothing that repeats: libraries report rebalances, retries and recoveries as news, so their
// news is shown at debug only, and their warnings and errors as such.
package logging

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/term"
)

// Switches are the switches of every program that logs.
type Switches struct {
	Level string `name:"log-level" env:"CAMPAIGN_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"Least level that is logged: ${enum}."`
}

// New returns a logger to a file: for a person when that is a terminal, as JSON lines otherwise. An unknown level is
// info; Switches lets none through.
func New(to *os.File, s Switches) zerolog.Logger {
	return newLogger(to, term.IsTerminal(int(to.Fd())), s)
}

// withUnits makes every logger write durations as "1.5s"; zerolog has but one setting for all of them.
var withUnits = sync.OnceFunc(func() { zerolog.DurationFieldFormat = zerolog.DurationFormatString })

func newLogger(to io.Writer, terminal bool, s Switches) zerolog.Logger {
	withUnits()
	level, err := zerolog.ParseLevel(s.Level)
	if err != nil || s.Level == "" {
		level = zerolog.InfoLevel
	}
	if terminal {
		plain := os.Getenv("NO_COLOR") != "" // https://no-color.org
		to = zerolog.ConsoleWriter{Out: to, TimeFormat: time.TimeOnly + ".000", NoColor: plain}
	}
	return zerolog.New(to).Level(level).Hook(stamp{})
}

// stamp gives an entry its time in milliseconds, as all the engine's instants are; zerolog's own form has seconds.
type stamp struct{}

func (stamp) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Str(zerolog.TimestampFieldName, time.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
}
