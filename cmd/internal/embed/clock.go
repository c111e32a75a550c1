package embed

import (
	"context"
	"slices"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// clockSetting is the broker's setting that says what the clock of an engine shows that is driven. It is not kept: it is what
// the clock shows when somebody asks.
const clockSetting = "campaign.engine.clock"

// TellClock has the broker tell who asks what a clock shows that is driven, so that other programs reckon by it, too.
func (b *Broker) TellClock(now func() instant.Instant) { TellClock(b.cluster, now) }

// TellClock is TellClock of a Broker, for a cluster.
func TellClock(cluster *kfake.Cluster, now func() instant.Instant) {
	cluster.ControlKey(int16(kmsg.DescribeConfigs), func(request kmsg.Request) (kmsg.Response, error, bool) {
		asked, is := request.(*kmsg.DescribeConfigsRequest)
		if !is || !asksForClock(asked) {
			return nil, nil, false
		}
		cluster.KeepControl()
		return clockAnswer(asked, schemas.Instant(now())), nil, true
	})
}

func asksForClock(asked *kmsg.DescribeConfigsRequest) bool {
	return len(asked.Resources) == 1 && asked.Resources[0].ResourceType == kmsg.ConfigResourceTypeBroker &&
		slices.Equal(asked.Resources[0].ConfigNames, []string{clockSetting})
}

func clockAnswer(asked *kmsg.DescribeConfigsRequest, shows schemas.Instant) kmsg.Response {
	setting := kmsg.NewDescribeConfigsResponseResourceConfig()
	setting.Name, setting.Value, setting.ReadOnly = clockSetting, new(shows.String()), true
	resource := kmsg.NewDescribeConfigsResponseResource()
	resource.ResourceType, resource.ResourceName = asked.Resources[0].ResourceType, asked.Resources[0].ResourceName
	resource.Configs = append(resource.Configs, setting)
	response := kmsg.NewPtrDescribeConfigsResponse()
	response.Version, response.Resources = asked.Version, append(response.Resources, resource)
	return response
}

// Clock asks the brokers what the engine's clock shows. driven is false where that is the machine's: everywhere but at an
// embedded broker whose engine has a clock of its own. Brokers that do not say so, for whatever reason, have none.
func Clock(ctx context.Context, client *kgo.Client) (shows schemas.Instant, driven bool) {
	request := kmsg.NewPtrDescribeConfigsRequest()
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ConfigNames = kmsg.ConfigResourceTypeBroker, []string{clockSetting}
	request.Resources = append(request.Resources, resource)
	response, err := request.RequestWith(ctx, client)
	if err != nil || len(response.Resources) != 1 {
		return 0, false
	}
	for _, setting := range response.Resources[0].Configs {
		if setting.Name == clockSetting && setting.Value != nil {
			err := shows.UnmarshalText([]byte(*setting.Value))
			return shows, err == nil
		}
	}
	return 0, false
}
