// Package fakebroker makes kfake's brokers more like Apache Kafka's.
package fakebroker

import (
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// askAgain is after how long a client asks once more which metrics of its own are wanted.
const askAgain = 5 * time.Minute

// Quiet has a cluster ask its clients for no metrics of their own (KIP-714), as Apache Kafka does unless it is told to. kfake by
// itself wants all that there are, in any compression, for which each client keeps megabytes; the race detector makes of those
// half of what a test costs.
func Quiet(cluster *kfake.Cluster) {
	cluster.ControlKey(int16(kmsg.GetTelemetrySubscriptions), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		asked, is := request.(*kmsg.GetTelemetrySubscriptionsRequest)
		if !is {
			return nil, nil, false
		}
		none := kmsg.NewPtrGetTelemetrySubscriptionsResponse()
		none.Version = asked.Version
		if none.ClientInstanceID = asked.ClientInstanceID; none.ClientInstanceID == [16]byte{} {
			none.ClientInstanceID = [16]byte{1} // nothing is pushed by which clients would have to be told apart
		}
		none.SubscriptionID, none.PushIntervalMillis = 1, int32(askAgain.Milliseconds())
		return none, nil, true
	})
}
