package timeline

import "github.com/rmn-arms/campaign-engine/schemas"

// Moment is when a person looks at something.
type Moment struct {
	At schemas.Instant
	// Driven says that it is by the engine's clock, which is driven, else it is by this machine's.
	Driven bool
}

// by says by which clock it is.
func (m Moment) by() string {
	if m.Driven {
		return "by the engine's clock, which is driven"
	}
	return "by this machine's clock"
}
