package logging

import (
	"fmt"
	"strings"

	"github.com/rs/zerolog"
)

// Goka is the logger as goka wants it (goka.Logger). Goka does not tell levels apart: it prints its news, and errors
// that it returns as well. So all of it is shown at debug only, and whoever runs goka reports what it returns.
type Goka struct{ to zerolog.Logger }

// ForGoka lends the logger to goka (goka.WithLogger).
func ForGoka(to zerolog.Logger) Goka { return Goka{to.With().Str("of", "goka").Logger()} }

// Print implements goka.Logger.
func (g Goka) Print(values ...any) {
	if event := g.to.Debug(); event.Enabled() {
		event.Msg(fmt.Sprint(values...))
	}
}

// Println implements goka.Logger.
func (g Goka) Println(values ...any) {
	if event := g.to.Debug(); event.Enabled() {
		event.Msg(strings.TrimSuffix(fmt.Sprintln(values...), "\n"))
	}
}

// Printf implements goka.Logger.
func (g Goka) Printf(format string, args ...any) { g.to.Debug().Msgf(format, args...) }
