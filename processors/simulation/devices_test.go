package simulation

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// Of each command a device says that it is ready, in an ack that the engine takes; the same one says the same each time.
func TestAnswerReady(t *testing.T) {
	t.Parallel()
	event := schemas.NewEvent("d-1/7/2", schemas.DeviceCommand, "s-1", 5, schemas.Command{
		CommandID: "d-1/7", DeviceID: "d-1", StoreID: "s-1", PlaylistRevision: 7, Attempt: 2, Playlist: []schemas.PlaylistEntry{},
	})
	value, err := topics.EncodeCommand(&event)
	if err != nil {
		t.Fatal(err)
	}
	answers, err := AnswerReady(topics.Record{Key: []byte("d-1"), Value: value})
	if err != nil || len(answers) != 1 || answers[0].Topic != string(topics.DeviceAcks) || string(answers[0].Key) != "s-1" {
		t.Fatalf("it answers %+v: %v", answers, err)
	}
	const want = `{"specversion":"1.0","id":"d-1/7/2/ready","source":"d-1","type":"device.ack","subject":"s-1","time":"1970-01-01T00:00:00.005Z",` +
		`"datacontenttype":"application/json","data":{"command_id":"d-1/7","device_id":"d-1","store_id":"s-1","playlist_revision":7,"status":"ready"}}`
	if diff := cmp.Diff(want, string(answers[0].Value)); diff != "" {
		t.Errorf("it says something else (-want +got):\n%s", diff)
	}
	if _, refusal := topics.DecodeDeviceAck(answers[0].Key, answers[0].Value, nil); refusal != nil {
		t.Errorf("the engine refuses it: %v", refusal)
	}
	if _, err := AnswerReady(topics.Record{Value: []byte("{}")}); err == nil {
		t.Error("it answers to what is no command")
	}
}
