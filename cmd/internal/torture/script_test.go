package torture

import (
	"reflect"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// written returns what an author makes up in some seconds.
func written(seed uint64) []input {
	a := newAuthor(seed)
	var all []input
	for i := range int64(3000) {
		now := 1_800_000_000_000 + i*16
		all = append(all, a.campaign(now)...)
		if a.chance(poisoned) {
			all = append(all, a.poison(now))
		}
	}
	return all
}

// TestInputsAreWhatTheyClaim holds the inputs against the engine's own decoder: what is said to be whole must be read, and what
// is said to be broken must not.
func TestInputsAreWhatTheyClaim(t *testing.T) {
	reasons := map[schemas.Reason]int{}
	for _, in := range written(1) {
		var headers []topics.Header
		for name, value := range in.headers {
			headers = append(headers, topics.Header{Key: name, Value: []byte(value)})
		}
		_, refusal := topics.DecodeCampaignEvent(in.key, in.value, headers)
		reasons[in.refused]++
		switch in.refused {
		case schemas.InvalidZone, schemas.SkippedLocalTime, schemas.InvalidWindow, schemas.InvalidMoney: // judged later
		case "":
			if refusal != nil {
				t.Fatalf("%s is refused: %v", in.value, refusal)
			}
		default:
			if refusal == nil || refusal.Reason != in.refused {
				t.Fatalf("%.200s is refused as %v, want %s", in.value, refusal, in.refused)
			}
		}
	}
	if len(reasons) != 11 {
		t.Errorf("reasons %v: want whole inputs and 10 kinds of broken ones", reasons)
	}
}

func TestInputsComeAgainBySeed(t *testing.T) {
	if !reflect.DeepEqual(written(7), written(7)) {
		t.Error("one seed gives two loads")
	}
	if reflect.DeepEqual(written(7), written(8)) {
		t.Error("two seeds give the same load")
	}
}

// TestALongRunHasItsInputs holds the least number of inputs of five minutes.
func TestALongRunHasItsInputs(t *testing.T) {
	perCampaign := float64(len(written(3))) / 3000
	if inputs := perCampaign * longPerSecond * (5 * time.Minute).Seconds(); inputs < 40_000 {
		t.Errorf("five minutes have %.0f inputs, want 40,000", inputs)
	}
}
