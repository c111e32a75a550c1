package processors_test

import (
	"context"
	"fmt"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// lookAtDevices plays playlist, command and readiness: the newest that was heard.
func (p *play) lookAtDevices(s *step) error {
	if len(s.given) == 0 {
		return fmt.Errorf("reading %s: it takes an id", s.verb)
	}
	if err := p.hearDevices(); err != nil {
		return err
	}
	id := s.given[0]
	found := []string{s.verb + " " + id}
	switch s.verb {
	case "playlist":
		found = append([]string{found[0] + " " + toldPlaylist(p.devices.newest[id])}, toldEntriesOf(p.devices.newest[id])...)
	case "command":
		found[0] += " " + toldCommand(p.devices.newest[id])
	case "readiness":
		found = toldReadiness(found[0], p.devices.readiness[id])
	}
	p.compare(s, found)
	return nil
}

func toldPlaylist(command *schemas.Event[schemas.Command]) string {
	if command == nil {
		return "none"
	}
	if len(command.Data.Playlist) == 0 {
		return "in " + command.Data.StoreID + " empty"
	}
	return fmt.Sprintf("in %s until %s", command.Data.StoreID, toldInstant(command.Data.ValidUntil))
}

func toldEntriesOf(command *schemas.Event[schemas.Command]) []string {
	if command == nil {
		return nil
	}
	var columns [][2]string
	for _, e := range command.Data.Playlist {
		columns = append(columns, [2]string{
			fmt.Sprintf("%s %s/%d", e.CampaignID, e.CreativeID, e.Version), toldInstant(e.StartsAt) + ".." + toldInstant(e.EndsAt),
		})
	}
	return aligned(columns)
}

// toldCommand is for a command that nothing was coalesced into: when it was sent, and for the how many-th time.
func toldCommand(command *schemas.Event[schemas.Command]) string {
	if command == nil {
		return "none"
	}
	return fmt.Sprintf("at %s attempt %d, %d entries", toldInstant(*command.Time), command.Data.Attempt, len(command.Data.Playlist))
}

func toldReadiness(head string, event *schemas.Event[schemas.Readiness]) []string {
	if event == nil {
		return []string{head + " none"}
	}
	r := &event.Data
	head = fmt.Sprintf("%s ready %d of %d, failed %d, unreachable %d", head, r.DevicesReady, r.DevicesTotal, r.DevicesFailed,
		r.DevicesUnreachable)
	if r.AtStart != nil {
		head += fmt.Sprintf(", at the start %d of %d", r.AtStart.DevicesReady, r.AtStart.DevicesTotal)
	}
	found := []string{head}
	for _, u := range r.Unready {
		found = append(found, fmt.Sprintf("  %s %s %s", u.StoreID, u.DeviceID, u.Reason))
	}
	return found
}

// devicesAtRest says what the groups of devices are waited for to do. What stores tell of departures goes back to devices, and once
// more to stores.
func (d *brokerDeployment) devicesAtRest(ctx context.Context) string {
	d.t.Helper()
	for _, short := range [...]string{
		topics.Placements, topics.Devices, topics.Stores, topics.Devices, topics.Stores, topics.Readiness,
	} {
		if _, runs := d.running[short]; !runs {
			continue
		}
		if why := d.groupAtRest(ctx, short); why != "" {
			return why
		}
	}
	return ""
}

// groupAtRest says what a group whose rows begin with when they are due is waited for to do.
func (d *brokerDeployment) groupAtRest(ctx context.Context, short string) string {
	d.t.Helper()
	group, _ := topics.GroupNamed(short)
	d.reading.catchUp(ctx)
	read := d.positions(ctx, short)
	for _, input := range group.Inputs {
		ends, published := d.ends[input]
		if !published {
			ends = d.reading.ends[input]
		}
		for partition, end := range ends {
			if read[input][partition] < end {
				return fmt.Sprintf("%s to read %s/%d to %d", short, input, partition, end)
			}
		}
	}
	d.reading.catchUp(ctx)
	for partition, end := range d.reading.ends[group.Loop] {
		if group.Loop != "" && read[group.Loop][partition] < end {
			return fmt.Sprintf("%s to read its loop/%d to %d", short, partition, end)
		}
	}
	if short != topics.Stores && short != topics.Readiness {
		return ""
	}
	if next := d.reading.nextIn(group.Table); next <= d.clock.Now().Add(d.ahead) {
		return fmt.Sprintf("%s to do what is due at %s", short, next.Time())
	}
	return ""
}
