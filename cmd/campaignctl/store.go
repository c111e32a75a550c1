package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/screens"
	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/topics"
)

type storeCommand struct {
	connection `embed:""`
	Store      string `arg:"" help:"The store's id."`
	JSON       bool   `name:"json" help:"Print JSON."`
}

// Help implements kong.HelpProvider.
func (storeCommand) Help() string {
	return `The campaigns that are placed in a store, with how many of its devices are ready for each, and a line per device: how it
stands to its newest playlist, when it is sent that again, and what it has said last. It reads the engine's table and device-acks
as they are when it starts, and ends.

    campaignctl store berlin-1
    campaignctl store berlin-1 --json | jq -r '.devices[] | select(.status != "ready") | .device_id'`
}

// Run implements the command.
func (c *storeCommand) Run(ctx context.Context, on console) error {
	store, now, err := c.read(ctx, on)
	if err != nil {
		return c.sign(err)
	}
	if c.JSON {
		return printJSON(on.out, store)
	}
	if now.Driven {
		store.ByDeviceTime()
	}
	return store.Write(on.out, now.At, on.outIsTerminal)
}

// read reads the store, and says when that was.
func (c *storeCommand) read(ctx context.Context, on console) (store *screens.Store, now timeline.Moment, err error) {
	client, err := c.reach(ctx, readerOptions()...)
	if err != nil {
		return nil, now, err
	}
	defer client.Close()
	if store, err = storeOf(ctx, client, c.Store); err != nil {
		return nil, now, fmt.Errorf("store %q: %w", timeline.Printable(c.Store), err)
	}
	return store, c.moment(ctx, client, on), nil
}

// storeOf reads a store. What its devices have said is read behind its row, so that no ack is missing that the row knows of.
func storeOf(ctx context.Context, client *kgo.Client, id string) (*screens.Store, error) {
	fold := screens.For(id)
	counts, err := partitionsOf(ctx, client, topics.Read, topics.CampaignEngineStoresTable)
	if err != nil {
		return nil, err
	}
	own := topics.PartitionOf([]byte(id), counts[topics.CampaignEngineStoresTable])
	wanted, err := stretches(ctx, client, topics.CampaignEngineStoresTable, func(partition int32) bool { return partition == own })
	if err != nil {
		return nil, err
	}
	// Devices are producers from outside: they may have put their acks into any partition.
	if _, err := partitionsOf(ctx, client, topics.Read, topics.DeviceAcks); err != nil {
		fold.WithoutSaid(string(topics.DeviceAcks) + " cannot be read")
	} else {
		acks, err := stretches(ctx, client, topics.DeviceAcks, func(int32) bool { return true })
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, acks...)
	}
	err = read(ctx, client, wanted, func(r *kgo.Record) {
		if fold.IsAbout(r.Key) { // before anything is made of it: most are others'
			fold.Add(recordOf(r))
		}
	})
	if err != nil {
		return nil, err
	}
	return fold.Store()
}

type deviceCommand struct {
	connection `embed:""`
	Device     string `arg:"" help:"The device's id."`
	JSON       bool   `name:"json" help:"Print JSON."`
}

// Help implements kong.HelpProvider.
func (deviceCommand) Help() string {
	return `What is to be on a device (its newest playlist, since when, the windows), what is, as far as it has said so, and why not:
pending (it has not said that it is there), failed and the device's own word, unplayable (it can play none of the creatives),
full (its playlist has no room), unreachable (silent for too long). And when it is sent its playlist again. It reads the
engine's tables and device-acks as they are when it starts, and ends.

    campaignctl device berlin-1-d7
    campaignctl device berlin-1-d7 --json | jq '.playlist.campaigns[] | select(.ready | not)'`
}

// found is what is told of a device: that it is in a store, or in none any more, or in one that has not heard of it yet.
type found struct {
	DeviceID string `json:"device_id"`
	screens.Place
}

// Run implements the command.
func (c *deviceCommand) Run(ctx context.Context, on console) error {
	place, store, now, err := c.read(ctx, on)
	if err != nil {
		return c.sign(err)
	}
	if now.Driven && !c.JSON {
		store.ByDeviceTime()
	}
	device, is := store.Device(c.Device)
	switch {
	case is && c.JSON:
		return printJSON(on.out, device)
	case is:
		return device.Write(on.out, now.At, store.SaidError, on.outIsTerminal)
	case c.JSON:
		return printJSON(on.out, found{c.Device, *place})
	}
	return place.Write(on.out, c.Device, now.At, on.outIsTerminal)
}

// read finds the device's store, and reads that; one without the device where it is in none. It says when that was.
func (c *deviceCommand) read(
	ctx context.Context, on console,
) (place *screens.Place, store *screens.Store, now timeline.Moment, err error) {
	client, err := c.reach(ctx, readerOptions()...)
	if err != nil {
		return nil, nil, now, err
	}
	defer client.Close()
	if place, err = c.place(ctx, client); err != nil {
		return nil, nil, now, fmt.Errorf("device %q: %w", timeline.Printable(c.Device), err)
	}
	if store = (&screens.Store{}); place.StoreID != "" {
		store, err = storeOf(ctx, client, place.StoreID)
	}
	if errors.Is(err, screens.ErrNoStore) { // it has not heard of the device yet
		store, err = &screens.Store{}, nil
	}
	if err != nil {
		return nil, nil, now, fmt.Errorf("device %q, in store %q: %w", timeline.Printable(c.Device),
			timeline.Printable(place.StoreID), err)
	}
	return place, store, c.moment(ctx, client, on), nil
}

// place reads in which store the device is.
func (c *deviceCommand) place(ctx context.Context, client *kgo.Client) (*screens.Place, error) {
	counts, err := partitionsOf(ctx, client, topics.Read, topics.CampaignEngineDevicesTable)
	if err != nil {
		return nil, err
	}
	key := []byte(c.Device)
	own := topics.PartitionOf(key, counts[topics.CampaignEngineDevicesTable])
	wanted, err := stretches(ctx, client, topics.CampaignEngineDevicesTable, func(partition int32) bool { return partition == own })
	if err != nil {
		return nil, err
	}
	var row []byte
	err = read(ctx, client, wanted, func(r *kgo.Record) {
		if bytes.Equal(r.Key, key) {
			row = r.Value
		}
	})
	if err != nil {
		return nil, err
	}
	return screens.PlaceOf(row)
}
