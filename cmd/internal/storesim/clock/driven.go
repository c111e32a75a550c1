package clock

import (
	"context"
	"encoding/json"
	"errors"
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
	d, err := ask(ctx, url)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// ErrBegunAnew says that a clock goes like the engine's no more.
var ErrBegunAnew = errors.New("the engine was begun anew, and its clock shows another time since: " +
	"begin storesim anew, too, with the same folder")

// Watch asks the engine that a clock is Of again and again, until ctx ends or the engine's clock has begun anew: then its error
// is ErrBegunAnew. While the engine does not answer nothing is known.
func Watch(ctx context.Context, url string, of Clock, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if now, err := ask(ctx, url); err == nil && now != of {
			return ErrBegunAnew
		}
	}
}

// ask returns the engine's clock. Of one that goes on unbroken it is always the same.
func ask(ctx context.Context, url string) (none driven, err error) {
	ctx, cancel := context.WithTimeout(ctx, askMax)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return none, fmt.Errorf("asking for the engine's clock: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return none, fmt.Errorf("asking for the engine's clock: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotFound {
		return none, fmt.Errorf("asking for the engine's clock: %s tells of none: the engine goes by the time of day", url)
	}
	var note struct {
		Start time.Time `json:"start"`
		Began time.Time `json:"began_at"`
		Rate  int64     `json:"rate"`
	}
	err = json.NewDecoder(io.LimitReader(response.Body, answerMaxBytes)).Decode(&note)
	if err != nil || response.StatusCode != http.StatusOK || note.Rate < 1 || note.Start.IsZero() || note.Began.IsZero() {
		return none, fmt.Errorf("asking for the engine's clock: %s answers %s, and not as campaignd does", url, response.Status)
	}
	return driven{note.Start.UTC(), note.Began.UTC(), note.Rate}, nil
}
