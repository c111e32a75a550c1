//go:build kafka

package moneysuite

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Of a hundred plays.
const (
	repeatedOf100 = 5
	outsideOf100  = 2
	lateOf100     = 2
)

// play returns the value of the campaign's next play.
func (c *planned) play(random *rand.Rand) []byte {
	number := c.published
	c.published++
	id := fmt.Sprintf("%s-p-%d", c.id, number)
	dice := random.IntN(1000)
	if c.last != nil && dice < 10*repeatedOf100 {
		if dice%2 == 0 {
			return c.last // the same once more
		}
		id = c.lastID // the same id, and something else
	}
	startedAt := c.within(random)
	if dice >= 1000-10*outsideOf100 {
		startedAt = c.outside(random)
	}
	took := time.Duration(random.IntN(15_000)) * time.Millisecond
	impressions := impressions(random)
	switch dice {
	case 500:
		took = -time.Millisecond
	case 501:
		impressions = "-" + impressions
	}
	c.lastID = id
	c.last = fmt.Appendf(nil, `{"specversion":"1.0","id":"e-%s","source":"moneysuite","type":"play.reported","subject":%q,"data":{`+
		`"play_id":%q,"campaign_id":%q,"creative_id":"cr-%d","device_id":"d-1","store_id":"s-%d","started_at":%q,"ended_at":%q,`+
		`"impressions":%q}}`,
		id, c.id, id, c.id, random.IntN(3), random.IntN(40), instant(startedAt), instant(startedAt.Add(took)), impressions)
	return c.last
}

// within returns an instant of the window, its first and last millisecond more often than others.
func (c *planned) within(random *rand.Rand) time.Time {
	switch random.IntN(50) {
	case 0:
		return c.starts
	case 1:
		return c.ends.Add(-time.Millisecond)
	}
	return c.starts.Add(time.Duration(random.Int64N(c.ends.Sub(c.starts).Milliseconds())) * time.Millisecond)
}

// outside returns an instant before the window or behind it.
func (c *planned) outside(random *rand.Rand) time.Time {
	far := time.Duration(random.IntN(100)) * time.Second
	if random.IntN(2) == 0 {
		return c.ends.Add(far)
	}
	return c.starts.Add(-time.Millisecond - far)
}

// impressions returns a number below 100 of up to 12 decimals.
func impressions(random *rand.Rand) string {
	switch random.IntN(4) {
	case 0:
		return fmt.Sprint(random.IntN(100))
	case 1:
		return fmt.Sprintf("%d.%012d", random.IntN(100), random.Int64N(1e12))
	}
	return fmt.Sprintf("%d.%d", random.IntN(100), random.IntN(10))
}
