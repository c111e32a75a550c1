package logging

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/lovoo/goka"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// The adapters are what the libraries want.
var (
	_ goka.Logger  = Goka{}
	_ kgo.Logger   = Kafka{}
	_ kfake.Logger = Broker{}
)

func TestForm(t *testing.T) {
	cases := []struct {
		name     string
		terminal bool
		noColor  string
		want     string
	}{
		{"not a terminal", false, "", `"level":"warn","port":1,"time":"`},
		{"a terminal", true, "", "\x1b["},
		{"a terminal without colour", true, "1", " WRN nearly full port=1\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", c.noColor)
			var out bytes.Buffer
			logger := newLogger(&out, c.terminal, Switches{})
			logger.Warn().Int("port", 1).Msg("nearly full")
			if !strings.Contains(out.String(), c.want) || c.noColor != "" && strings.Contains(out.String(), "\x1b") {
				t.Errorf("got %q, want it to hold %q", out.String(), c.want)
			}
		})
	}
}

func TestLevels(t *testing.T) {
	everything := func(logger zerolog.Logger) {
		logger.Info().Msg("own news")
		client := ForKafka(logger)
		for _, level := range []kgo.LogLevel{kgo.LogLevelError, kgo.LogLevelWarn, kgo.LogLevelInfo, kgo.LogLevelDebug} {
			if level <= client.Level() {
				client.Log(level, "client "+level.String(), "err", errors.New("why"), "odd")
			}
		}
		broker := ForBroker(logger)
		for _, level := range []kfake.LogLevel{kfake.LogLevelError, kfake.LogLevelWarn, kfake.LogLevelInfo, kfake.LogLevelDebug} {
			broker.Logf(level, "broker %s", level)
		}
		broker.Logf(kfake.LogLevelWarn, slowEnd+" pid=%d", 1)
		ForGoka(logger).Printf("[table] %s", "recovered")
		ForGoka(logger).Print("as it ", "is")
		ForGoka(logger).Println("a", "line")
	}
	cases := []struct {
		level string
		want  []string
	}{
		{"error", []string{"client ERROR", "broker ERR"}},
		{"warn", []string{"client ERROR", "client WARN", "broker ERR", "broker WRN"}},
		{"info", []string{"own news", "client ERROR", "client WARN", "broker ERR", "broker WRN"}},
		{"debug", []string{"own news", "client ERROR", "client WARN", "client INFO", "broker ERR", "broker WRN",
			"broker INF", slowEnd + " pid=1", "[table] recovered", "as it is", "a line"}},
	}
	for _, c := range cases {
		t.Run(c.level, func(t *testing.T) {
			var out bytes.Buffer
			everything(newLogger(&out, false, Switches{Level: c.level}))
			var got []string
			for line := range strings.Lines(out.String()) {
				_, message, _ := strings.Cut(line, `"message":"`)
				message, _, _ = strings.Cut(message, `"`)
				got = append(got, message)
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("logged %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestErrorsOfAClientAreText(t *testing.T) {
	var out bytes.Buffer
	ForKafka(newLogger(&out, false, Switches{})).Log(kgo.LogLevelWarn, "retrying", "err", errors.New("refused"), "addr", "a:1")
	if want := `"err":"refused","addr":"a:1"`; !strings.Contains(out.String(), want) {
		t.Errorf("got %s, want it to hold %s", out.String(), want)
	}
}
