package processors_test

import (
	"slices"
	"strings"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// playMember is an argument of play, the JSON member that it becomes, and what stands for it.
type playMember struct{ argument, member, byDefault string }

// playMembers are in the order in which the event has them.
func playMembers() []playMember {
	return []playMember{
		{"id", "play_id", ""},
		{"creative", "creative_id", "cr-1"},
		{"device", "device_id", "d-1"},
		{"store", "store_id", "s-1"},
		{"started", "started_at", ""},
		{"ended", "ended_at", ""},
		{"impressions", "impressions", "1"},
	}
}

func playArguments() []string {
	names := slices.DeleteFunc(envelopeArguments(), func(name string) bool { return name == "rev" })
	for _, m := range playMembers() {
		names = append(names, m.argument)
	}
	return names
}

// playLength is how long a play takes when it is not said when it ended.
const playLength = 15 * time.Second

// playData writes a play. One whose end is not given ends a while after it started.
func playData(s *step, add func(name, value string)) {
	for _, m := range playMembers() {
		value, is := s.named[m.argument]
		switch {
		case is:
		case m.argument == "ended":
			if started, err := time.Parse(time.RFC3339, s.named["started"]); err == nil {
				value = schemas.InstantOf(started.Add(playLength)).String()
			}
		default:
			value = m.byDefault
		}
		if value != "" {
			add(m.member, inJSON(value))
		}
	}
}

// withoutOf are the members that without= leaves out.
func withoutOf(s *step) []string { return strings.Split(s.named["without"], ",") }
