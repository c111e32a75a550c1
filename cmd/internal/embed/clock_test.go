package embed_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/embed"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// TestTheBrokerTellsTheClock that is driven, as it is when somebody asks, and its other settings as before.
func TestTheBrokerTellsTheClock(t *testing.T) {
	b, _ := open(t, t.TempDir())
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Address()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if shows, driven := embed.Clock(t.Context(), client); driven {
		t.Errorf("without a clock that is driven it tells %s", shows)
	}
	now := instant.Instant(1_806_000_000_123)
	b.TellClock(func() instant.Instant { now++; return now })
	for range 3 {
		shows, driven := embed.Clock(t.Context(), client)
		if !driven || shows != schemas.Instant(now) {
			t.Errorf("it tells %s, %v; want %s", shows, driven, schemas.Instant(now))
		}
	}
	configs, err := kadm.NewClient(client).DescribeBrokerConfigs(t.Context())
	if err != nil || len(configs) != 1 || len(configs[0].Configs) == 0 {
		t.Errorf("its settings are %v, %v", configs, err)
	}
}
