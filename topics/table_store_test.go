package topics_test

import (
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

func TestStoreTopic(t *testing.T) {
	const longest = 249 // of Kafka's names
	for _, id := range []string{"s-1", "7", strings.Repeat("S", schemas.IDMaxChars)} {
		name := topics.StoreTopic(id)
		if name != topics.Name("device-commands."+id) || len(name) > longest {
			t.Errorf("the topic of %q is called %q", id, name)
		}
		if store, is := topics.StoreOf(name); !is || store != id {
			t.Errorf("%q is the topic of %q, %t", name, store, is)
		}
	}
}

func TestStoreOfKnowsOnlyTopicsOfStores(t *testing.T) {
	others := []topics.Name{"", "device-commands.", "device-commands.s.1", "device-commands.s_1", "device-commandsXs-1",
		topics.StoreStream().Name}
	for _, stream := range topics.Streams() {
		others = append(others, stream.Name)
	}
	for _, name := range others {
		if store, is := topics.StoreOf(name); is || store != "" {
			t.Errorf("%q is taken for the topic of %q", name, store)
		}
	}
}

// The contract: one partition, compacted, keyed by device.
func TestStoreStreamIsTheContract(t *testing.T) {
	stream := topics.StoreStream()
	if stream.Name != "device-commands.<store_id>" || stream.Key != "device_id" || stream.Kept() != "compacted" ||
		stream.Partitions != 1 || len(stream.Types) != 1 || stream.Types[0] != schemas.DeviceCommand {
		t.Errorf("got %+v", stream)
	}
	if _, is := topics.StreamNamed(stream.Name); is {
		t.Error("it stands in the table: a plan would create a topic of its pattern")
	}
}
