package clock

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// driven is a clock that showed start when the machine's showed began, and goes rate times as fast.
type driven struct {
	start, began time.Time
	rate         int64
}

// Driven returns the clock of an engine whose clock is driven. It goes by this machine's, which must be the engine's too.
func Driven(start, began time.Time, rate int64) Clock { return driven{start, began, rate} }

// Now multiplies whole microseconds: nanoseconds would not reach far.
func (d driven) Now() time.Time {
	passed := time.Since(d.began).Microseconds() * d.rate
	return d.start.Add(time.Duration(passed) * time.Microsecond)
}

func (d driven) AfterFunc(at time.Time, wake func()) (stop func()) {
	// The instant of this machine by which the clock shows at, rounded up: no waking before it.
	real := d.began.Add(at.Sub(d.start)/time.Duration(d.rate) + time.Microsecond)
	return system{}.AfterFunc(real, wake)
}

// Limits of an engine's answer.
const (
	askMax         = 5 * time.Second
	answerMaxBytes = 1 << 12
)

// Of asks an engine at a URL how its clock goes, and returns a clock that goes like it.
func Of(ctx context.Context, url string) (Clock, error) {
	ctx, cancel := context.WithTimeout(ctx, askMax)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking for the engine's clock: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking for the engine's clock: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("asking for the engine's clock: %s tells of none: the engine goes by the time of day", url)
	}
	var note struct {
		Start time.Time `json:"start"`
		Began time.Time `json:"began_at"`
		Rate  int64     `json:"rate"`
	}
	err = json.NewDecoder(io.LimitReader(response.Body, answerMaxBytes)).Decode(&note)
	if err != nil || response.StatusCode != http.StatusOK || note.Rate < 1 || note.Start.IsZero() || note.Began.IsZero() {
		return nil, fmt.Errorf("asking for the engine's clock: %s answers %s, and not as campaignd does", url, response.Status)
	}
	return Driven(note.Start, note.Began, note.Rate), nil
}
