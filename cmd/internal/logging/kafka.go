package logging

import (
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Kafka is the logger as a Kafka client wants it. Of the warnings and errors that a client repeats while it cannot reach
// its brokers, one of a kind is shown in SeldomEvery, with the number of those that were left out.
type Kafka struct {
	to     zerolog.Logger
	seldom *Seldom
}

// ForKafka lends the logger to Kafka clients.
func ForKafka(to zerolog.Logger) Kafka {
	return Kafka{to.With().Str("of", "kafka").Logger(), NewSeldom(SeldomEvery)}
}

// Level implements kgo.Logger.
func (k Kafka) Level() kgo.LogLevel {
	if k.to.GetLevel() <= zerolog.DebugLevel {
		return kgo.LogLevelInfo
	}
	return kgo.LogLevelWarn
}

// Log implements kgo.Logger.
func (k Kafka) Log(level kgo.LogLevel, message string, keyvals ...any) {
	as := zerolog.DebugLevel
	switch level {
	case kgo.LogLevelError:
		as = zerolog.ErrorLevel
	case kgo.LogLevelWarn:
		as = zerolog.WarnLevel
	}
	if as == zerolog.DebugLevel {
		with(k.to.Debug(), keyvals).Msg(message)
		return
	}
	k.seldom.Tell(level.String()+message, 1, func(count int) {
		event := with(k.to.WithLevel(as), keyvals)
		if count > 1 {
			event = event.Int("left_out", count-1)
		}
		event.Msg(message)
	})
}

// with adds a client's fields: an error as text, which would be marshalled to {}, and a duration with its unit.
func with(event *zerolog.Event, keyvals []any) *zerolog.Event {
	for i := 0; i+1 < len(keyvals); i += 2 {
		name := fmt.Sprint(keyvals[i])
		switch value := keyvals[i+1].(type) {
		case error:
			event = event.AnErr(name, value)
		case time.Duration:
			event = event.Stringer(name, value)
		default:
			event = event.Interface(name, value)
		}
	}
	return event
}

// Broker is the logger as the embedded broker wants it.
type Broker struct{ to zerolog.Logger }

// ForBroker lends the logger to the embedded broker.
func ForBroker(to zerolog.Logger) Broker {
	return Broker{to.With().Str("of", "embedded broker").Logger()}
}

// slowEnd begins the one warning that comes with every larger transaction, and says nothing that one could mend.
const slowEnd = "txn: EndTxn slow"

// Logf implements kfake.Logger.
func (b Broker) Logf(level kfake.LogLevel, format string, args ...any) {
	switch {
	case level == kfake.LogLevelError:
		b.to.Error().Msgf(format, args...)
	case level == kfake.LogLevelWarn && !strings.HasPrefix(format, slowEnd):
		b.to.Warn().Msgf(format, args...)
	case level <= kfake.LogLevelInfo:
		b.to.Debug().Msgf(format, args...)
	}
}
