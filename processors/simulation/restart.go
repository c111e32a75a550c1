package simulation

import (
	"fmt"

	"github.com/rmn-arms/campaign-engine/processors"
)

// Restart has all processors begin anew now under other settings, on the rows that they have: as when a process is replaced.
// Nothing may wait to be read: call it between a Fire and the next record.
func (r *Runner) Restart(settings processors.Settings) error {
	groups := make([]*group, len(r.groups))
	for i, before := range r.groups {
		g, err := newGroup(before.Group, settings)
		if err != nil {
			return fmt.Errorf("beginning the simulation anew: %w", err)
		}
		g.counts = before.counts
		if err := g.load(before); err != nil {
			return fmt.Errorf("beginning the simulation anew: %w", err)
		}
		groups[i] = g
	}
	r.config.Settings, r.groups = settings, groups
	clear(r.readers)
	return nil
}

// load takes the rows of the group before, each dated by the codec of now.
func (g *group) load(before *group) error {
	if before.rows == nil {
		return nil
	}
	rows, err := before.rows.Iterator()
	if err != nil {
		return fmt.Errorf("reading the rows of %s: %w", before.Table, err)
	}
	for rows.Next() {
		value, _ := rows.Value() // it is in memory
		g.rows.Load(string(rows.Key()), value, 0)
	}
	return nil
}
