package logging

import (
	"fmt"
	"strings"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Kafka is the logger as a Kafka client wants it.
type Kafka struct{ to zerolog.Logger }

// ForKafka lends the logger to a Kafka client.
func ForKafka(to zerolog.Logger) Kafka { return Kafka{to.With().Str("of", "kafka").Logger()} }

// Level implements kgo.Logger.
func (k Kafka) Level() kgo.LogLevel {
	if k.to.GetLevel() <= zerolog.DebugLevel {
		return kgo.LogLevelInfo
	}
	return kgo.LogLevelWarn
}

// Log implements kgo.Logger.
func (k Kafka) Log(level kgo.LogLevel, message string, keyvals ...any) {
	event := k.to.Debug()
	switch level {
	case kgo.LogLevelError:
		event = k.to.Error()
	case kgo.LogLevelWarn:
		event = k.to.Warn()
	}
	for i := 0; i+1 < len(keyvals); i += 2 {
		if err, is := keyvals[i+1].(error); is { // as an interface it would be marshalled to {}
			event = event.AnErr(fmt.Sprint(keyvals[i]), err)
			continue
		}
		event = event.Interface(fmt.Sprint(keyvals[i]), keyvals[i+1])
	}
	event.Msg(message)
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
