//go:build bench

package bench

import (
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/topics"
)

// template is a definition of 600 bytes, envelope apart.
const template = `{"specversion":"1.0","id":"e-%[1]s","source":"bench","type":"campaign.created","subject":"%[1]s",` +
	`"time":"2026-11-23T08:00:00Z","datacontenttype":"application/json","data":{"campaign_id":"%[1]s","revision":1,` +
	`"advertiser_id":"a-17","name":"%[4]s","starts_at":"%[2]s","ends_at":"%[3]s","time_zone":"America/New_York",` +
	`"budget":{"amount":"500.00","currency":"USD"},"cpm":"2.50","stores":["s-1","s-2"],"creatives":[{"creative_id":"cr-1",` +
	`"version":1,"url":"https://cdn.example/cr-1.mp4","sha256":` +
	`"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","bytes":1048576,"mime":"video/mp4",` +
	`"duration_ms":15000}]}}`

var title = "Spring sale " + strings.Repeat("x", 78)

// campaign returns the event that creates a campaign which starts at an instant and ends long after.
func campaign(id string, starts time.Time) *kgo.Record {
	value := fmt.Sprintf(template, id, starts.UTC().Format("2006-01-02T15:04:05.000Z"), "2035-01-01T00:00:00Z", title)
	return &kgo.Record{Topic: string(topics.CampaignEvents), Key: []byte(id), Value: []byte(value)}
}

// publish sends count campaigns named by prefix; startsAt tells each one's start.
func (r *rig) publish(prefix string, count int, startsAt func(i int) time.Time) {
	r.t.Helper()
	client := r.connect()
	failed := make(chan error, 1)
	for i := range count {
		client.Produce(r.ctx, campaign(fmt.Sprintf("%s-%07d", prefix, i), startsAt(i)), func(_ *kgo.Record, err error) {
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	r.must(client.Flush(r.ctx))
	select {
	case err := <-failed:
		r.t.Fatal(err)
	default:
	}
	client.Close()
}
