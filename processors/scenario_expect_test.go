package processors_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/timer"
	"github.com/rmn-arms/campaign-engine/topics"
)

// expect plays expect and quiet: all that has come since the last expectation.
func (p *play) expect(s *step) error {
	if err := s.check(0, 1); err != nil {
		return err
	}
	chapter, err := p.listen()
	if err != nil {
		return err
	}
	lines := chapter.told()
	var columns [][2]string
	head := strings.TrimSpace("expect " + strings.Join(s.given, " "))
	switch {
	case slices.Equal(s.given, []string{"summary"}):
		columns = summary(lines)
	case len(s.given) > 0:
		return fmt.Errorf("reading %s: it does not know %s", s.verb, s.given[0])
	default:
		for _, each := range lines {
			columns = append(columns, each.columns())
		}
	}
	if len(lines) == 0 {
		head = "quiet"
	} else if s.verb == "quiet" {
		head = "expect"
	}
	p.compare(s, append([]string{head}, aligned(columns)...))
	return nil
}

// listen waits until nothing more comes and returns what has come since the last time.
func (p *play) listen() (*chapter, error) {
	p.on.settle()
	chapter := newChapter()
	p.chronicle.givenUp = p.on.counted(topics.Budgets)[string(schemas.PlayUnknownCampaign)]
	if err := p.chronicle.hear(chapter, p.on.outputs()); err != nil {
		return nil, err
	}
	counted := p.on.counted(topics.Timers)
	if err := p.countLaws(counted, p.on.counted(topics.Lifecycle)); err != nil {
		return nil, err
	}
	for _, name := range unseen {
		chapter.counted[name] = counted[name] - p.seen[name]
		p.seen[name] = counted[name]
	}
	return chapter, p.listenToPlays(chapter)
}

// listenToPlays takes the counters of budgets.
func (p *play) listenToPlays(chapter *chapter) error {
	counted := p.on.counted(topics.Budgets)
	for _, name := range countedOfPlays() {
		chapter.plays[name] = counted[name] - p.seenPlays[name]
		p.seenPlays[name] = counted[name]
	}
	if !p.stopped {
		chapter.begun, p.begun = p.begun, false
	}
	return p.moneyCountLaws(counted)
}

// countLaws: what was read is accounted for, and so is what was written.
func (p *play) countLaws(timers, lifecycle map[string]int) error {
	taken := inputsTaken(timers)
	switch {
	case !p.stopped && taken != p.published:
		return fmt.Errorf("%d events were published, but %d are accounted for: %v", p.published, taken, timers)
	case timers[processors.Due] != len(p.chronicle.facts):
		return fmt.Errorf("%d dues came, but %d were counted", len(p.chronicle.facts), timers[processors.Due])
	case lifecycle[processors.Applied] != p.chronicle.applied || lifecycle[processors.Rejected] != p.chronicle.rejected:
		return fmt.Errorf("%d were applied and %d rejected, but counted were %v",
			p.chronicle.applied, p.chronicle.rejected, lifecycle)
	}
	return nil
}

// aligned puts the second column of lines below each other.
func aligned(lines [][2]string) []string {
	width := 0
	for _, line := range lines {
		width = max(width, len(line[0]))
	}
	var out []string
	for _, line := range lines {
		out = append(out, fmt.Sprintf("  %-*s  %s", width, line[0], line[1]))
	}
	return out
}

// compare holds what was found against the script, or notes it for the rewriting.
func (p *play) compare(s *step, found []string) {
	if p.purpose == rewriting {
		s.rewritten = found
		return
	}
	p.t.Helper()
	own := p.script.lines[s.line-1 : s.line+len(s.block)]
	if diff := cmp.Diff(spaced(own), spaced(found)); diff != "" {
		p.t.Errorf("%s:%d: not as expected (-script +found):\n%s", p.script.path, s.line, diff)
	}
}

// spaced makes the spaces between words play no part.
func spaced(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.Join(strings.Fields(line), " ")
	}
	return out
}

// look plays status, row, in-force, account and statement: what is kept of a campaign.
func (p *play) look(s *step) error {
	if len(s.given) == 0 {
		return fmt.Errorf("reading %s: it takes a campaign", s.verb)
	}
	p.on.settle()
	campaignID := s.given[0]
	found := []string{s.verb + " " + campaignID}
	var err error
	switch s.verb {
	case "status":
		var status string
		status, err = statusOf(p.on.rows(topics.CampaignEngineLifecycleTable)[campaignID])
		found[0] += " " + status
	case "row":
		var row string
		row, err = toldRow(p.on.rows(topics.CampaignEngineTimersTable)[campaignID])
		found[0] += " " + row
	case "in-force":
		var members []string
		members, err = inForce(p.on.rows(topics.CampaignEngineLifecycleTable)[campaignID])
		for _, member := range members {
			found = append(found, "  "+member)
		}
	case "account":
		var account string
		account, err = toldAccount(p.on.rows(topics.CampaignEngineBudgetsTable)[campaignID])
		found[0] += " " + account
	case "statement":
		// What has come is heard by the next expectation, so this one comes behind an expectation.
		var members []string
		members, err = toldStatement(p.chronicle.of(campaignID).statement)
		for _, member := range members {
			found = append(found, "  "+member)
		}
	}
	p.compare(s, found)
	return err
}

// statusOf reads the status from a row of the lifecycle's table.
func statusOf(row []byte) (string, error) {
	if row == nil {
		return "none", nil
	}
	var kept campaign.Row
	err := kept.UnmarshalBinary(row)
	return string(kept.Status), err
}

// toldRow renders a row of the sequencer's table.
func toldRow(row []byte) (string, error) {
	if row == nil {
		return "none", nil
	}
	var kept timer.Row
	if err := kept.UnmarshalBinary(row); err != nil {
		return "", err
	}
	words := []string{fmt.Sprintf("revision %d %s", kept.Revision, kept.Result)}
	if kept.Settled {
		words = append(words, "settled")
	}
	if due, waits := kept.NextDue(); waits {
		words = append(words, "waits for "+toldInstant(schemas.Instant(due)))
	}
	if kept.Wording.Database != "" {
		words = append(words, "by tzdb "+kept.Wording.Database)
	}
	return strings.Join(words, ", "), nil
}

// inForce renders the campaign that a row of the lifecycle's table keeps, one member a line.
func inForce(row []byte) ([]string, error) {
	var kept campaign.Row
	if row == nil {
		return nil, nil
	}
	if err := kept.UnmarshalBinary(row); err != nil || kept.Campaign == nil {
		return nil, err
	}
	return toldCampaign(kept.Campaign)
}
