package topics

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kept says how long records stay: forever, a number of days, or compacted.
func (s Stream) Kept() string {
	switch {
	case s.Cleanup == Compact:
		return "compacted"
	case s.Retention == Forever:
		return "forever"
	}
	return fmt.Sprintf("%d d", s.Retention/(24*time.Hour))
}

// Summary says in a phrase how the topic is laid out in a deployment.
func (s Stream) Summary(options Options) string {
	kept := s.Kept()
	if s.Cleanup == Delete {
		kept = "kept " + kept
	}
	return fmt.Sprintf("%d partitions, %s, batches up to %d MiB",
		s.Partitions.Count(options.Partitions), kept, s.MaxMessageBytes>>20)
}

// String says the difference in one line.
func (d Difference) String() string {
	switch d.Kind {
	case Missing:
		return fmt.Sprintf("%s is missing (%s)", d.Topic, d.Want)
	case PartitionCount:
		return fmt.Sprintf("%s has %s partitions, not %s", d.Topic, d.Have, d.Want)
	case Replication:
		return fmt.Sprintf("%s has replication factor %s, not %s", d.Topic, d.Have, d.Want)
	}
	have := d.Have
	if have == "" {
		have = "not set"
	}
	consequence := ""
	if d.Loses {
		consequence = ": records will be lost"
	}
	return fmt.Sprintf("%s: %s is %s, but should be %s%s", d.Topic, d.Setting, have, d.Want, consequence)
}

// String shows the plan to a person: + is created, ~ is altered, ! is left as it is; then the commands that mend it.
func (p Plan) String() string {
	if len(p.Differences) == 0 {
		return "The topics are as they should be.\n"
	}
	var text strings.Builder
	for _, difference := range p.Differences {
		fmt.Fprintf(&text, "%s %s\n", difference.mark(), difference)
	}
	fmt.Fprintf(&text, "\nTo mend it:\n%s", indented(p.Mend()))
	return text.String()
}

func (d Difference) mark() string {
	switch d.Kind {
	case Missing:
		return "+"
	case PartitionCount, Replication:
		return "!"
	}
	return "~"
}

// Mend returns what to do about the differences, in order: commands, and words where no command does it.
func (p Plan) Mend() []string {
	var steps []string
	partitions := p.options.Partitions
	if counts := p.Of(PartitionCount); len(counts) > 0 {
		if partitions = p.found; partitions == 0 {
			partitions = p.commonSourceCount()
			steps = append(steps, p.recreate(partitions)...)
		}
	}
	if len(steps) > 0 || len(p.Pending()) > 0 {
		steps = append(steps, p.command("topics apply", partitions, p.options.Connection))
	}
	if partitions != p.options.Partitions {
		steps = append(steps, p.command("run", partitions, p.options.Run))
	}
	if len(p.Of(Replication)) > 0 {
		steps = append(steps, "kafka-reassign-partitions.sh gives an existing topic more or fewer replicas")
	}
	return steps
}

// MendOf returns in one line what to do about one of the differences.
func (p Plan) MendOf(d Difference) string {
	p.Differences = []Difference{d}
	return strings.Join(p.Mend(), "; ")
}

// recreate tells how to make topics agree on a count. Partitions are never added: a key's older records would stay in
// one partition and its newer ones go to another, so that its order and its row would be lost.
func (p Plan) recreate(partitions int32) []string {
	var names []string
	for name, found := range p.counts {
		if stream := p.streams[name]; found != stream.Partitions.Count(partitions) {
			names = append(names, string(name))
		}
	}
	slices.Sort(names)
	return []string{
		"partitions are never added to a topic with keys, for its keys would move; if nothing of what these hold is needed:",
		fmt.Sprintf("kafka-topics.sh --bootstrap-server BROKERS --delete --topic '%s'", strings.Join(names, "|")),
	}
}

// commonSourceCount returns the count to agree on when the topics do not: that of the topics which others fill, since
// what these hold cannot be made again, else the one asked for.
func (p Plan) commonSourceCount() int32 {
	var common int32
	for name, found := range p.counts {
		if stream := p.streams[name]; stream.Source == "" || stream.Partitions != CoPartitioned {
			continue
		}
		if common != 0 && common != found {
			return p.options.Partitions
		}
		common = found
	}
	if common == 0 {
		return p.options.Partitions
	}
	return common
}

func (p Plan) command(words string, partitions int32, switches string) string {
	command := fmt.Sprintf("campaignd %s --partitions %d", words, partitions)
	if p.options.Replicas > 0 {
		command += fmt.Sprintf(" --replication-factor %d", p.options.Replicas)
	}
	if switches != "" {
		command += " " + switches
	}
	return command
}

func indented(lines []string) string {
	var text strings.Builder
	for _, line := range lines {
		text.WriteString("  " + line + "\n")
	}
	return text.String()
}
