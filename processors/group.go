package processors

import (
	"fmt"

	"github.com/lovoo/goka"

	"github.com/rmn-arms/campaign-engine/processors/engine"
	"github.com/rmn-arms/campaign-engine/topics"
)

// groupOf returns the Kafka group of a processor, by its short name in the topic room.
func groupOf(short string) goka.Group {
	group, known := topics.GroupNamed(short)
	if !known {
		panic(fmt.Sprintf("processors: topics.Groups does not list %q", short))
	}
	return goka.Group(group.ID())
}

// Graph returns the group graph of a processor, by its short name in the topic room.
func Graph(short string, settings Settings, options ...Option) (*engine.Graph, error) {
	switch short {
	case topics.Timers:
		return Timers(settings, options...), nil
	case topics.Lifecycle:
		return Lifecycle(options...), nil
	case topics.Budgets:
		return Budgets(options...), nil
	case topics.Placements:
		return Placements(options...), nil
	case topics.Devices:
		return Devices(options...), nil
	case topics.Stores:
		return Stores(options...), nil
	case topics.Readiness:
		return Readiness(options...), nil
	}
	return nil, fmt.Errorf("building a processor: %q is not one of the topic room's groups", short)
}
