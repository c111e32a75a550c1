package main

import (
	"fmt"
	"strings"

	"github.com/rmn-arms/campaign-engine/cmd/internal/timeline"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// isAboutDevices says whether describeDevices tells the topic's records: also those of each store's own topic.
func isAboutDevices(name topics.Name) bool {
	_, own := topics.StoreOf(name)
	return own || name == topics.DeviceEvents || name == topics.DeviceAcks || name == topics.DeviceCommands
}

// describeDevices tells a record about devices: when, what. What cannot be read of the engine's own is told as nothing.
func describeDevices(r topics.Record) (at schemas.Instant, what string, style timeline.Style) {
	switch topics.Name(r.Topic) {
	case topics.DeviceEvents:
		return describeDeviceEvent(r)
	case topics.DeviceAcks:
		what, style = describeAck(r)
		return r.Timestamp, what, style
	}
	event, refusal := topics.DecodeCommand(r.Value)
	if refusal != nil {
		return r.Timestamp, "", timeline.Plain
	}
	at = r.Timestamp
	if event.Time != nil {
		at = *event.Time
	}
	return at, describeCommand(&event.Data), timeline.Plain
}

func describeCommand(c *schemas.Command) string {
	campaigns := map[string]bool{}
	for i := range c.Playlist {
		campaigns[c.Playlist[i].CampaignID] = true
	}
	what := "empty"
	if n := len(c.Playlist); n > 0 {
		what = fmt.Sprintf("%s of %s", countOf(n, "entry", "entries"), countOf(len(campaigns), "campaign", "campaigns"))
	}
	return fmt.Sprintf("%s in %s: playlist %d, attempt %d, %s, valid until %s", c.DeviceID, c.StoreID, c.PlaylistRevision, c.Attempt,
		what, c.ValidUntil)
}

func countOf(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// describeAck tells an ack as the engine will read it, or why it will not.
func describeAck(r topics.Record) (string, timeline.Style) {
	event, refusal := topics.DecodeDeviceAck(r.Key, r.Value, r.Headers)
	if refusal != nil {
		return fmt.Sprintf("cannot be taken: %s: %s", refusal.Reason, refusal.Detail), timeline.Bad
	}
	a, style := event.Ack, timeline.Plain
	switch a.Status {
	case schemas.AckReady:
		style = timeline.Good
	case schemas.AckFailed:
		style = timeline.Bad
	case schemas.AckReceived, schemas.AckDownloading:
	}
	what := fmt.Sprintf("%s: %s, playlist %d", a.DeviceID, a.Status, a.PlaylistRevision)
	if len(a.Missing) > 0 {
		what += ", missing " + strings.Join(a.Missing, ", ")
	}
	return what + because(a.Error), style
}

// describeDeviceEvent tells an event of a device as the engine will read it, or why it will not.
func describeDeviceEvent(r topics.Record) (schemas.Instant, string, timeline.Style) {
	event, refusal := topics.DecodeDeviceEvent(r.Key, r.Value, r.Headers)
	switch {
	case refusal != nil:
		return r.Timestamp, fmt.Sprintf("cannot be taken: %s: %s", refusal.Reason, refusal.Detail), timeline.Bad
	case event.Registered == nil:
		return event.Time, fmt.Sprintf("%s: %s from %s", event.Kind, event.DeviceID(), event.StoreID()), timeline.Plain
	}
	plays := "it does not say what it can play"
	if c := event.Registered.Capabilities; c != nil {
		plays = "can play " + strings.Join(c.MIME, ", ")
	}
	return event.Time, fmt.Sprintf("%s: %s in %s, %s", event.Kind, event.DeviceID(), event.StoreID(), plays), timeline.Plain
}
