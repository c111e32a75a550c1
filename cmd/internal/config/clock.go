package config

import (
	"fmt"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/drive"
	"github.com/rmn-arms/campaign-engine/processors"
	"github.com/rmn-arms/campaign-engine/state/instant"
)

// Clock are the switches of a clock that is not the time of day.
type Clock struct {
	Start string `name:"clock-start" env:"CAMPAIGN_CLOCK_START" placeholder:"TIME" help:"Let the engine's clock begin at this instant (RFC 3339), for a simulation; only with the embedded broker."`
	Rate  int64  `name:"clock-rate" env:"CAMPAIGN_CLOCK_RATE" placeholder:"N" help:"Let the engine's clock go N times as fast as time (default 1 with --clock-start); only with the embedded broker."`
}

// order returns what the switches say of the clock.
func (c Clock) order(given *Given) (order drive.Order, err error) {
	if how := given.How("clock-start"); how != "" {
		at, err := time.Parse(time.RFC3339, c.Start)
		if err != nil {
			return order, fmt.Errorf("%s: %q is no instant of RFC 3339, for example 2026-12-01T05:00:00Z", how, c.Start)
		}
		start := instant.Of(at)
		if start < instant.Min || start > processors.DrivenLast {
			return order, fmt.Errorf("%s: must lie between 1970-01-01 and 2262-04-11, the last day that records can be dated by", how)
		}
		order.Start, order.Rate = &start, 1
	}
	if how := given.How("clock-rate"); how != "" {
		if c.Rate < 1 || c.Rate > processors.DrivenRateMax {
			return order, fmt.Errorf("%s: must lie between 1 and %d", how, processors.DrivenRateMax)
		}
		order.Rate = c.Rate
	}
	return order, nil
}

// ClockOrder returns what the switches say of the clock; Check has looked at them.
func (e *Engine) ClockOrder() drive.Order {
	order, _ := e.Clock.order(&e.Given)
	return order
}

// checkClock refuses a clock that cannot be: brokers that others use have records of the time of day.
func (e *Engine) checkClock() error {
	order, err := e.Clock.order(&e.Given)
	if err != nil {
		return err
	}
	if order.Rate != 0 && len(e.Brokers) > 0 {
		return fmt.Errorf("--clock-start, --clock-rate: they are for the embedded broker, and the brokers come from %s; "+
			"what is decided under such a clock must not get into topics that others read", e.BrokersFrom())
	}
	if order.Rate != 0 {
		for _, name := range []string{"database-url", "smtp-url"} {
			if how := e.How(name); how != "" {
				return fmt.Errorf("%s: others read there what an engine has decided, and under --clock-start or --clock-rate none of it "+
					"has happened; leave it out: tables and mails are then kept in the data folder", how)
			}
		}
	}
	if len(e.Brokers) > 0 {
		return nil
	}
	return drive.Check(e.DataDir, order)
}
