package processors_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/budget"
	"github.com/rmn-arms/campaign-engine/state/campaign"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/zone"
	"github.com/rmn-arms/campaign-engine/state/zone/zonetest"
	"github.com/rmn-arms/campaign-engine/topics"
)

// deployment is what a script is played on: the processors over empty topics, with a clock that is driven.
type deployment interface {
	// publish puts records on the inputs; those of partition byKey go where their keys belong. It sets the
	// positions of the records.
	publish(records []topics.Record)
	// drive sets the clock.
	drive(now instant.Instant)
	// settle returns when nothing more will come before somebody publishes or the clock is driven. It returns at once
	// while the processors are stopped.
	settle()
	// stop ends the processors, start begins them over the topics as they are, with settings that may be others.
	stop()
	start(settings processors.Settings)
	// next is the earliest instant for which a row waits, after settle.
	next() instant.Instant
	// outputs returns the committed records of the outputs since the last call, after settle. Those of one topic and key
	// come in their order, dues first.
	outputs() []topics.Record
	// deviceOutputs is outputs for deviceTopics.
	deviceOutputs() []topics.Record
	// rows returns the rows of a table after settle, by key.
	rows(table topics.Name) map[string][]byte
	// counted returns what the group of that short name has counted so far.
	counted(short string) map[string]int
}

// setup is what a script may say of its deployment.
type setup struct {
	partitions int32
	settings   processors.Settings
	now        instant.Instant
	devices    bool // the groups of devices run as well
}

// play is one script on one deployment.
type play struct {
	t       *testing.T
	script  *script
	kind    deploymentKind
	purpose purpose

	setup     setup
	on        deployment
	now       instant.Instant
	events    int
	published int // events of campaigns
	played    int // plays
	stopped   bool
	// begun holds from a start to the expectation behind it.
	begun     bool
	chronicle *chronicle
	devices   devicesHeard
	// seen are counters as the last expectation saw them: those of timers, and those of budgets.
	seen, seenPlays map[string]int
}

// purpose says what is done with what is found.
type purpose int

const (
	checking  purpose = iota // hold it against the script
	rewriting                // note it as the script's new expectations
)

// playScript plays a script and returns all that was heard.
func playScript(t *testing.T, s *script, kind deploymentKind, why purpose) *play {
	t.Helper()
	p := newPlay(t, s, kind, why)
	if err := p.run(); err != nil {
		t.Fatal(err)
	}
	p.noteRows()
	return p
}

// newPlay prepares a play on a deployment of two partitions with the contract's settings.
func newPlay(t *testing.T, s *script, kind deploymentKind, why purpose) *play {
	return &play{
		t: t, script: s, kind: kind, purpose: why, chronicle: newChronicle(),
		devices: newDevicesHeard(), seen: make(map[string]int), seenPlays: make(map[string]int),
		setup: setup{partitions: 2, settings: processors.Settings{
			DistributionLead: instant.Millis((24 * time.Hour).Milliseconds()),
		}},
	}
}

// run plays all steps. Its error begins with file:line.
func (p *play) run() error {
	for _, step := range p.script.steps {
		if err := p.do(step); err != nil {
			return fmt.Errorf("%s:%d: %w", p.script.path, step.line, err)
		}
	}
	return nil
}

// noteRows notes the rows that are left, so that they too are the same on every kind of deployment.
func (p *play) noteRows() {
	p.on.settle()
	for _, table := range tables {
		for key, row := range p.on.rows(table) {
			if table == topics.CampaignEngineBudgetsTable {
				row = p.chronicle.countedRow(p.t, key, row)
			} else {
				row = unplaced(p.t, table, key, row)
			}
			p.chronicle.keep(string(table), []byte(key), row)
		}
	}
}

// tables are those of the groups.
var tables = [...]topics.Name{
	topics.CampaignEngineTimersTable, topics.CampaignEngineLifecycleTable, topics.CampaignEngineBudgetsTable,
}

// unplaced returns a row as it is wherever the campaign's log lies: offsets differ with the transactions that filled them.
func unplaced(t *testing.T, table topics.Name, key string, row []byte) []byte {
	t.Helper()
	switch {
	case table == topics.CampaignEngineBudgetsTable && !isPart(key):
		return unplacedAccount(t, row)
	case table != topics.CampaignEngineLifecycleTable:
		return row
	}
	var kept campaign.Row
	if err := kept.UnmarshalBinary(row); err != nil {
		t.Fatal(err)
	}
	if kept.Position == 0 {
		t.Errorf("a row of the lifecycle does not know how far its log was read: %+v", kept)
	}
	kept.Position = 1
	return kept.AppendBinary(nil)
}

func unplacedAccount(t *testing.T, row []byte) []byte {
	t.Helper()
	var kept budget.Account
	if err := kept.UnmarshalBinary(row); err != nil {
		t.Fatal(err)
	}
	kept.Applied = budget.Position{}
	return kept.AppendBinary(nil)
}

// do plays one step.
func (p *play) do(s *step) error {
	if p.on == nil && s.verb != "deployment" && s.verb != "at" {
		return errors.New("a script begins with: at <instant>")
	}
	if _, is := eventTypes()[s.verb]; is {
		return p.publish(s)
	}
	if isDeviceVerb(s.verb) {
		return p.publish(s)
	}
	switch s.verb {
	case "deployment":
		return p.readSetup(s)
	case "at", "advance", "until":
		return p.pass(s)
	case "record", "tombstone", "repeat":
		return p.publish(s)
	case "stop", "start":
		return p.outage(s)
	case "expect", "quiet":
		return p.expect(s)
	case "status", "row", "in-force", "account", "statement":
		return p.look(s)
	case "playlist", "command", "readiness":
		return p.lookAtDevices(s)
	}
	return fmt.Errorf("%s is not a verb", s.verb)
}

// readSetup reads the deployment line.
func (p *play) readSetup(s *step) error {
	if p.on != nil {
		return errors.New("deployment stands before everything else")
	}
	if err := errors.Join(s.check(0, 0, "partitions", "lead", "grace", "only", "devices"), s.empty()); err != nil {
		return err
	}
	if count, is := s.named["partitions"]; is {
		partitions, err := strconv.ParseInt(count, 10, 32)
		if err != nil {
			return fmt.Errorf("reading partitions=: %w", err)
		}
		p.setup.partitions = int32(partitions)
	}
	p.setup.devices = s.named["devices"] == "yes"
	return p.readSettings(s)
}

// readSettings reads lead= and grace=.
func (p *play) readSettings(s *step) error {
	for name, setting := range map[string]*instant.Millis{
		"lead": &p.setup.settings.DistributionLead, "grace": &p.setup.settings.SettlementGrace,
	} {
		value, is := s.named[name]
		if !is {
			continue
		}
		length, err := time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("reading %s=: %w", name, err)
		}
		*setting = instant.Millis(length.Milliseconds())
	}
	return nil
}

// pass moves the clock: at and advance let it jump, until lets it stop at each instant for which a row waits.
func (p *play) pass(s *step) error {
	if err := errors.Join(s.check(1, 1), s.empty()); err != nil {
		return err
	}
	to, err := p.readTime(s)
	if err != nil {
		return err
	}
	if p.on == nil {
		p.setup.now = to
		p.on = p.kind.deploy(p.t, p.setup)
	}
	p.on.settle()
	for s.verb == "until" && p.on.next() < to {
		p.drive(p.on.next())
		p.on.settle()
	}
	p.drive(to)
	return nil
}

func (p *play) readTime(s *step) (instant.Instant, error) {
	if s.verb == "advance" {
		length, err := time.ParseDuration(s.given[0])
		return p.now.Add(instant.Millis(length.Milliseconds())), err
	}
	at, err := time.Parse(time.RFC3339, s.given[0])
	return instant.Of(at), err
}

func (p *play) drive(to instant.Instant) {
	p.now = to
	p.chronicle.latest = max(p.chronicle.latest, schemas.Instant(to))
	p.on.drive(to)
}

// outage plays stop and start.
func (p *play) outage(s *step) error {
	if p.stopped = s.verb == "stop"; p.stopped {
		p.on.settle()
		p.on.stop()
		return errors.Join(s.check(0, 0), s.empty())
	}
	if err := errors.Join(s.check(0, 0, "lead", "grace", "tzdb", "like:"), s.empty(), p.readSettings(s)); err != nil {
		return err
	}
	if err := p.readZones(s); err != nil {
		return err
	}
	p.on.start(p.setup.settings)
	p.begun = true
	return nil
}

// readZones reads tzdb= and like:ZONE=ZONE: the release that the processors have from then on. The one that is part of the
// program goes by its own version.
func (p *play) readZones(s *step) error {
	version, is := s.named["tzdb"]
	rules := make(map[string]string)
	for name, like := range s.named {
		if of, is := strings.CutPrefix(name, "like:"); is {
			rules[of] = like
		}
	}
	switch {
	case !is && len(rules) > 0:
		return errors.New("reading start: like: needs tzdb=")
	case !is:
		return nil
	case version == zone.DatabaseVersion:
		p.setup.settings.Zones = nil
		return nil
	}
	database, err := zonetest.Release(version, rules)
	p.setup.settings.Zones = database
	return err
}
