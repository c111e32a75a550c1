package simulate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/processors/simulation"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Settings say what is simulated.
type Settings struct {
	Campaigns processors.Settings
	// Input are lines of CloudEvents in JSON.
	Input io.Reader
	// InputFile is where they are read from, "" where that is no file: it is never written to.
	InputFile string
	// From is when lines arrive that come before the first one with a time; nil: with that one.
	From *instant.Instant
	// Until is the last instant of which anything is simulated.
	Until instant.Instant
	// Folder gets a file for each topic, Out all of them where it is "".
	Folder string
	Out    io.Writer
	// Internal has topics written, too, that are internal to the engine.
	Internal bool
	// Answer has devices say of each command at once that they have what is in it.
	Answer bool
	// Sign signs commands; nil: they are not signed.
	Sign func(value []byte) (string, error)
}

// errInterrupted ends a simulation early.
var errInterrupted = errors.New("interrupted")

// Run simulates. With an error the summary is nil, and what is written is a part: in a folder it is in files called .part then,
// and what an earlier simulation has written stays.
func Run(ctx context.Context, s Settings) (*Summary, error) {
	to := place(streamTo(s.Out))
	if s.Folder != "" {
		folder, err := openFolder(s.Folder, s.streams(), s.InputFile)
		if err != nil {
			return nil, err
		}
		defer folder.mark.Close()
		to = folder
	}
	summary, refused := newSummary(), newRefusals()
	out := newOutput(to, summary.note)
	runner, err := simulation.New(s.config(ctx, out, refused))
	if err == nil {
		err = s.feed(runner, summary, refused)
	}
	// What was written before an error says how it came to it.
	if closed := out.close(); err == nil {
		err = closed
	}
	if ctx.Err() != nil {
		err = errInterrupted
	}
	if err == nil {
		err = to.publish()
	}
	if err != nil {
		return nil, err
	}
	summary.Counts, summary.Lost, summary.LostMore = runner.Counts(), refused.first, refused.more
	return summary, nil
}

// streams are the topics that are written, but for those of single stores.
func (s *Settings) streams() []topics.Stream {
	return slices.DeleteFunc(topics.Streams(), func(each topics.Stream) bool { return each.Internal() && !s.Internal })
}

func (s *Settings) config(ctx context.Context, out *output, refused *refusals) simulation.Config {
	hidden := make(map[string]bool)
	for _, each := range topics.Streams() {
		hidden[string(each.Name)] = each.Internal() && !s.Internal
	}
	config := simulation.Config{
		Settings: s.Campaigns, Sign: s.Sign, Rows: s.Internal,
		Written: func(record topics.Record) error {
			refused.see(record)
			switch {
			case ctx.Err() != nil:
				return errInterrupted
			case hidden[record.Topic]:
				return nil
			}
			return out.put(record)
		},
	}
	if s.Answer {
		config.Outside = simulation.AnswerReady
	}
	return config
}

// feed publishes the lines, each at its instant, and goes on to the end.
func (s *Settings) feed(runner *simulation.Runner, summary *Summary, refused *refusals) error {
	summary.Until = s.Until
	summary.From = s.Until
	from := arrivalsOf(s.Input, s.From)
	for {
		next, err := from.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if next.at > s.Until {
			summary.Behind = next.line
			break
		}
		if summary.Lines++; summary.Lines == 1 {
			summary.From = next.at
		}
		if err := runner.RunUntil(next.at); err != nil {
			return err
		}
		refused.line = next.line
		if err := runner.Publish(next.record); err != nil {
			return fmt.Errorf("line %d: %w", next.line, err)
		}
	}
	if err := runner.RunUntil(s.Until); err != nil {
		return err
	}
	return runner.Fire()
}
