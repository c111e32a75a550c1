package topics

import (
	"strings"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// StoreIDPlace stands for a store's id in what is said of every store: the name of StoreStream, that of a role.
const StoreIDPlace = "<store_id>"

// storeTopicPrefix begins the name of each store's own topic, and of no other topic of the engine.
const storeTopicPrefix = string(DeviceCommands) + "."

// StoreTopic returns the name of a store's own topic. The id has to be one (schemas.IsStoreID): then the name is Kafka's, and
// no two stores share one.
func StoreTopic(storeID string) Name { return Name(storeTopicPrefix + storeID) }

// StoreOf returns the id of the store whose own topic it is; false when it is none.
func StoreOf(name Name) (storeID string, is bool) {
	storeID, is = strings.CutPrefix(string(name), storeTopicPrefix)
	if !is || !schemas.IsStoreID(storeID) {
		return "", false
	}
	return storeID, true
}

// StoreStream returns what each store's own topic is like; its Name is a pattern. There are as many as stores, so they are
// no part of Streams: the one who writes the first record to one creates it, with these Settings.
func StoreStream() Stream {
	return Stream{
		Name: StoreTopic(StoreIDPlace), Key: "device_id", Record: "the whole playlist of a device of that store, signed",
		Types:    []schemas.Type{schemas.DeviceCommand},
		Audience: "devices", Partitions: 1, Cleanup: Compact, MaxMessageBytes: OutputMaxBytes,
		Why: "a device reads no more than its store's commands, and finds its newest one however long it was away",
	}
}
