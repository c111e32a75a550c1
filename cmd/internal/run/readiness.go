package run

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/topics"
)

// partitionsToldMax is how many partitions of a group a line names.
const partitionsToldMax = 10

// NotReady returns what the process waits for, group by group; empty when every group owns and has recovered its partitions,
// and brokers answer.
func (p *Process) NotReady() []string {
	if reason := p.waitsFor(); reason != "" {
		return []string{reason}
	}
	var reasons []string
	for _, g := range p.groups {
		if reason := notReady(g.member.Overview()); reason != "" {
			reasons = append(reasons, g.Short+": "+reason)
		}
	}
	return reasons
}

// CatchingUp returns, group by group, which partitions are recovered and fire no timers yet, and why.
func (p *Process) CatchingUp() []string {
	var lines []string
	for _, g := range p.groups {
		if line := catchingUp(g.member.Overview()); line != "" {
			lines = append(lines, g.Short+": "+line)
		}
	}
	if p.keys != nil {
		if line := p.keys.router.Held(); line != "" {
			lines = append(lines, topics.Router+": "+line)
		}
	}
	if p.tables != nil {
		if line := p.tables.waitsFor(); line != "" {
			lines = append(lines, p.tables.group.Short+": "+line)
		}
	}
	if p.mails != nil {
		for _, line := range p.mails.waitsFor() {
			lines = append(lines, p.mails.group.Short+": "+line)
		}
	}
	return lines
}

// Tables says why the tables in Postgres are not written, "" when they are.
func (p *Process) Tables() string {
	if p.tables == nil {
		return "this process does not run " + topics.Projections
	}
	return p.tables.waitsFor()
}

// waitsFor is what all groups wait for, "" for nothing.
func (p *Process) waitsFor() string {
	p.mu.Lock()
	waiting := p.waiting
	p.mu.Unlock()
	if waiting != "" {
		return waiting
	}
	return p.reach.silence(time.Now())
}

// notReady says why a group is not ready, "" when it is.
func notReady(view engine.Overview) string {
	if view.Waiting == nil {
		return ""
	}
	return view.Waiting.Error() + list(view, engine.Recovering, func(p engine.PartitionOverview) string {
		if p.RowsToRead == 0 {
			return "not begun"
		}
		return grouped(p.RowsRead) + " of " + grouped(p.RowsToRead) + " offsets read"
	})
}

// catchingUp says which of a group's partitions read their inputs before their timers fire, "" for none.
func catchingUp(view engine.Overview) string {
	count := 0
	for _, p := range view.Partitions {
		if p.Stage == engine.CatchingUp {
			count++
		}
	}
	if count == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %s wait for their inputs to be read to the end before timers fire", count,
		partitions(len(view.Partitions))) + list(view, engine.CatchingUp, inputsLeft)
}

func inputsLeft(p engine.PartitionOverview) string {
	var left []string
	for _, input := range p.Inputs {
		switch {
		case input.ToRead < 0:
			left = append(left, "what lies in other partitions, to come by "+input.Topic)
		case input.ToRead > 0:
			left = append(left, grouped(input.ToRead)+" offsets of "+input.Topic)
		}
	}
	if len(left) == 0 {
		return "about to"
	}
	return strings.Join(left, ", ")
}

// list returns ": partition 0: ...; partition 3: ..." for the partitions in a stage, the first few of them.
func list(view engine.Overview, stage engine.Stage, say func(engine.PartitionOverview) string) string {
	var said []string
	more := 0
	for _, p := range view.Partitions {
		switch {
		case p.Stage != stage:
		case len(said) == partitionsToldMax:
			more++
		default:
			said = append(said, fmt.Sprintf("partition %d: %s", p.Partition, say(p)))
		}
	}
	if more > 0 {
		said = append(said, "and "+partitions(more)+" more")
	}
	if len(said) == 0 {
		return ""
	}
	return ": " + strings.Join(said, "; ")
}

// grouped writes a number that is not negative with commas between its thousands.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
