// Package statement tells what a campaign has come to: a version of its statement, or, before the lock, a provisional one.
// It folds records that somebody else read; nothing here reads a clock or a topic.
//
//	statement.go  which statement is told
//	text.go       the statement for a person
package statement

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Newest asks for the newest version.
const Newest int64 = 0

// The errors of asking for a statement.
var (
	// ErrUnknown says that nothing was scheduled under that id.
	ErrUnknown = errors.New("no such campaign was ever scheduled; campaignctl timeline shows what was refused of it")
	// ErrVersion says that there is no such version.
	ErrVersion = errors.New("there is no such version")
)

// Shown is a statement, and what a person wants to know beside it.
type Shown struct {
	schemas.Statement
	// Provisional says that nothing is locked: Version is 0, and StatementID and LockedAt are missing.
	Provisional bool             `json:"provisional"`
	StatementID string           `json:"statement_id,omitempty"`
	LockedAt    *schemas.Instant `json:"locked_at,omitempty"`
	// Held is what is set aside: Budget = Held + Spent + Released.
	Held schemas.Money `json:"held"`
	// Versions are those that there are.
	Versions []int64 `json:"versions"`
	Name     string  `json:"name,omitempty"`
	TimeZone string  `json:"time_zone,omitempty"`
}

// Fold gathers the records about one campaign: those of transitions-applied and campaign-statements first, in their order,
// then, where nothing is locked, those of plays.
type Fold struct {
	id         string
	statements []schemas.Statement
	placed     json.RawMessage // the definition that is in force
	count      *processors.Count
}

// For returns an empty fold of a campaign.
func For(campaignID string) *Fold {
	return &Fold{id: campaignID, count: processors.NewCount(campaignID)}
}

// Add takes a record of transitions-applied or campaign-statements into account. Records with another key, and values that
// cannot be read, are passed over.
func (f *Fold) Add(r topics.Record) {
	if string(r.Key) != f.id {
		return
	}
	switch topics.Name(r.Topic) {
	case topics.TransitionsApplied:
		if event, refusal := topics.DecodeApplied(r.Value); refusal == nil {
			f.placed = event.Data.Campaign
			f.count.Applied(r)
		}
	case topics.CampaignStatements:
		message, err := topics.StatementCodec{}.Decode(r.Value)
		if event, is := message.(*schemas.Event[schemas.Statement]); is && err == nil {
			f.statements = append(f.statements, event.Data)
		}
	}
}

// Locked says whether there is a statement: plays change nothing then.
func (f *Fold) Locked() bool { return len(f.statements) > 0 }

// Play takes a record of plays into account. Its error is a mistake of the program.
func (f *Fold) Play(r topics.Record) error {
	if string(r.Key) != f.id {
		return nil
	}
	return f.count.Play(r)
}

// Statement returns a version. Errors: ErrUnknown, ErrVersion.
func (f *Fold) Statement(version int64) (*Shown, error) {
	shown, err := f.choose(version)
	if err != nil {
		return nil, err
	}
	shown.Versions = f.versions()
	if placed, err := topics.DecodePlaced(f.placed); err == nil {
		shown.Name, shown.TimeZone = placed.Name, placed.TimeZone
	}
	return shown, nil
}

func (f *Fold) choose(version int64) (*Shown, error) {
	if !f.Locked() {
		return f.provisional(version)
	}
	chosen := slices.MaxFunc(f.statements, func(a, b schemas.Statement) int { return cmp.Compare(a.Version, b.Version) })
	if version != Newest {
		i := slices.IndexFunc(f.statements, func(s schemas.Statement) bool { return s.Version == version })
		if i < 0 {
			return nil, fmt.Errorf("version %d: %w; there are 1 to %d", version, ErrVersion, chosen.Version)
		}
		chosen = f.statements[i]
	}
	return &Shown{
		Statement: chosen, StatementID: chosen.StatementID, LockedAt: &chosen.LockedAt, Held: timeline.Nothing(chosen.Budget),
	}, nil
}

func (f *Fold) provisional(version int64) (*Shown, error) {
	counted, known, err := f.count.Statement()
	switch {
	case err != nil:
		return nil, err
	case !known:
		return nil, ErrUnknown
	case version != Newest:
		return nil, fmt.Errorf("version %d: %w yet: the count is not locked", version, ErrVersion)
	}
	return &Shown{Statement: counted.Statement, Provisional: true, Held: counted.Held}, nil
}

func (f *Fold) versions() []int64 {
	versions := []int64{}
	for i := range f.statements {
		versions = append(versions, f.statements[i].Version)
	}
	slices.Sort(versions)
	return slices.Compact(versions)
}
