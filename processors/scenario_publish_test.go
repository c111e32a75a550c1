package processors_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// publish plays a verb that publishes one record, or many.
func (p *play) publish(s *step) error {
	steps := []*step{s}
	if s.verb == "repeat" {
		var err error
		if steps, err = s.repeated(); err != nil {
			return err
		}
	}
	var records []topics.Record
	for _, each := range steps {
		record, err := p.record(each)
		if err != nil {
			return err
		}
		record.Timestamp = schemas.Instant(p.now)
		records = append(records, record)
	}
	p.on.publish(records)
	for _, record := range records {
		p.chronicle.publish(record)
		switch topics.Name(record.Topic) {
		case topics.Plays:
			p.played++
		case topics.DeviceEvents, topics.DeviceAcks:
		default:
			p.published++
		}
	}
	return nil
}

func (p *play) record(s *step) (topics.Record, error) {
	if s.verb == "record" || s.verb == "tombstone" {
		return rawRecord(s)
	}
	if err := s.empty(); err != nil {
		return topics.Record{}, err
	}
	p.events++
	if isDeviceVerb(s.verb) {
		return p.deviceRecord(s, fmt.Sprintf("e-%d", p.events))
	}
	return eventRecord(s, fmt.Sprintf("e-%d", p.events), schemas.Instant(p.now))
}

// repeatMax bounds repeat.
const repeatMax = 100_000

// repeated returns the steps that a repeat stands for: {n} in its arguments becomes 1, 2, 3, ...
func (s *step) repeated() ([]*step, error) {
	if len(s.given) < 2 {
		return nil, errors.New("reading repeat: it takes a count and a verb with its arguments")
	}
	count, err := strconv.Atoi(s.given[0])
	if err != nil || count < 1 || count > repeatMax {
		return nil, fmt.Errorf("reading repeat: the count must be 1 to %d", repeatMax)
	}
	if _, is := eventTypes()[s.given[1]]; !is && !isDeviceVerb(s.given[1]) {
		return nil, fmt.Errorf("reading repeat: %s is no event", s.given[1])
	}
	steps := make([]*step, 0, count)
	for n := 1; n <= count; n++ {
		number := strings.NewReplacer("{n}", strconv.Itoa(n))
		each := &step{line: s.line, verb: s.given[1], named: make(map[string]string, len(s.named)), block: s.block}
		for _, given := range s.given[2:] {
			each.given = append(each.given, number.Replace(given))
		}
		for name, value := range s.named {
			each.named[name] = number.Replace(value)
		}
		steps = append(steps, each)
	}
	return steps, nil
}
