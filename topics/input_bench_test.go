package topics

import "testing"

// sampleEvent is a definition of about 600 bytes, as services send them.
const sampleEvent = `{"specversion":"1.0","id":"e-1","source":"campaign-service","type":"campaign.created",` +
	`"subject":"c-1",` +
	`"time":"2026-11-23T08:00:00Z","datacontenttype":"application/json","data":{"campaign_id":"c-1","revision":1,` +
	`"advertiser_id":"a-1","name":"Spring sale","starts_at":"2026-12-01T05:00:00Z","ends_at":"2026-12-08T05:00:00Z",` +
	`"time_zone":"America/New_York","budget":{"amount":"500.00","currency":"USD"},"cpm":"2.50",` +
	`"settlement_grace_seconds":0,"stores":["s-1","s-2"],"creatives":[{"creative_id":"cr-1","version":1,` +
	`"url":"https://cdn.example/cr-1.mp4","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",` +
	`"bytes":1048576,"mime":"video/mp4","duration_ms":15000}],` +
	`"contacts":[{"email":"desk@example.com","name":"Campaign desk","locale":"en"}]}}`

// samplePlay is a play of about 450 bytes, as gateways send them.
const samplePlay = `{"specversion":"1.0","id":"0b8f4a5e-3d0c-4e58-9a3e-5f1f3c2f7a10","source":"gateway-eu-west-7",` +
	`"type":"play.reported","subject":"c-1","time":"2026-12-01T09:30:16.000Z","datacontenttype":"application/json","data":` +
	samplePlayData + `}`

const samplePlayData = `{"play_id":"9f86d081-884c-4d65-9a2f-eaa0c55ad015","campaign_id":"c-1","creative_id":"cr-1",` +
	`"device_id":"device-000417-07","store_id":"store-000417","started_at":"2026-12-01T09:30:00.000Z",` +
	`"ended_at":"2026-12-01T09:30:15.000Z","impressions":"12.5"}`

func BenchmarkDecodePlay(b *testing.B) {
	key, value := []byte("c-1"), []byte(samplePlay)
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := DecodePlay(key, value, nil); refusal != nil {
			b.Fatal(refusal)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "plays/s")
}

func BenchmarkDecodeCampaignEvent(b *testing.B) {
	key, value := []byte("c-1"), []byte(sampleEvent)
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := DecodeCampaignEvent(key, value, nil); refusal != nil {
			b.Fatal(refusal)
		}
	}
}
