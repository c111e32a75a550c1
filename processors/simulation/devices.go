package simulation

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// AnswerReady is a Config.Outside: all devices say at once, of each command, that they have what is in it. So nothing is sent
// twice, and every campaign with devices is ready at its start. Nothing is played.
func AnswerReady(record topics.Record) ([]topics.Record, error) {
	command, refusal := topics.DecodeCommand(record.Value)
	if refusal != nil {
		return nil, fmt.Errorf("reading a command: %s", refusal.Detail)
	}
	c := &command.Data
	ack := schemas.Event[schemas.Ack]{
		SpecVersion: schemas.SpecVersion, ID: c.CommandID + "/" + strconv.FormatInt(c.Attempt, 10) + "/" + string(schemas.AckReady),
		Source: c.DeviceID, Type: schemas.DeviceAck, Subject: c.StoreID, Time: command.Time, DataContentType: schemas.DataContentType,
		Data: schemas.Ack{
			CommandID: c.CommandID, DeviceID: c.DeviceID, StoreID: c.StoreID, PlaylistRevision: c.PlaylistRevision,
			Status: schemas.AckReady,
		},
	}
	value, err := json.Marshal(ack)
	if err != nil {
		return nil, fmt.Errorf("encoding an ack: %w", err)
	}
	return []topics.Record{{Topic: string(topics.DeviceAcks), Key: []byte(c.StoreID), Value: value}}, nil
}
