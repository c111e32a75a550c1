package clock_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
)

// TestADrivenClockGoesFaster, in the bubble's time: an hour passes in a second, and nobody is woken before the instant.
func TestADrivenClockGoesFaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2027, 3, 28, 0, 59, 0, 0, time.UTC)
		c := clock.Driven(start, time.Now(), 3600)
		if at := c.Now(); !at.Equal(start) {
			t.Errorf("it begins at %s", at)
		}
		due := start.Add(7*time.Hour + time.Minute)
		woken := make(chan time.Time, 1)
		c.AfterFunc(due, func() { woken <- c.Now() })
		c.AfterFunc(due, func() { t.Error("a wait that was stopped ended") })()
		// A nanosecond of the machine is 3.6 us here; the wait is rounded up to one microsecond more.
		if at := <-woken; at.Before(due) || at.Sub(due) > 10*time.Millisecond {
			t.Errorf("woken at %s for %s", at, due)
		}
	})
}

func TestAnEnginesClockIsAskedFor(t *testing.T) {
	answers := map[string]string{
		"/clock":   `{"start":"2027-03-28T00:59:00.000Z","rate":60,"began_at":"` + time.Now().Add(-time.Minute).Format(time.RFC3339Nano) + `"}`,
		"/nothing": `{}`, "/rate": `{"start":"2027-03-28T00:59:00.000Z","rate":0,"began_at":"2026-01-01T00:00:00Z"}`, "/text": `hello`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, is := answers[r.URL.Path]
		if !is {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, text)
	}))
	defer server.Close()
	c, err := clock.Of(t.Context(), server.URL+"/clock")
	if err != nil {
		t.Fatal(err)
	}
	if at, hourLater := c.Now(), time.Date(2027, 3, 28, 1, 59, 0, 0, time.UTC); at.Before(hourLater) {
		t.Errorf("it shows %s, and a minute ago it was an hour before %s", at, hourLater)
	}
	for path, want := range map[string]string{
		"/nothing": "not as campaignd does", "/rate": "not as campaignd does", "/text": "not as campaignd does",
		"/none": "goes by the time of day",
	} {
		if _, err := clock.Of(t.Context(), server.URL+path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestAnEngineThatIsBegunAnew: its clock is another one then, whether it was away meanwhile or not.
func TestAnEngineThatIsBegunAnew(t *testing.T) {
	const first = `{"start":"2027-03-28T00:59:00.000Z","rate":60,"now":"%s","began_at":"2026-11-27T00:00:00Z"}`
	answers := make(chan string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text := <-answers
		if text == "" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprint(w, text)
	}))
	defer server.Close()
	go func() { answers <- fmt.Sprintf(first, "2027-03-28T01:00:00Z") }()
	c, err := clock.Of(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	watched := make(chan error)
	go func() { watched <- clock.Watch(t.Context(), server.URL, c, time.Millisecond) }()
	for _, same := range []string{fmt.Sprintf(first, "2027-03-28T01:00:01Z"), "", fmt.Sprintf(first, "2027-03-28T01:00:02Z")} {
		select {
		case answers <- same:
		case err := <-watched:
			t.Fatalf("the same clock is told, or none: %v", err)
		}
	}
	answers <- `{"start":"2027-03-28T02:00:00.000Z","rate":60,"began_at":"2026-11-27T00:00:30Z"}`
	if err := <-watched; !errors.Is(err, clock.ErrBegunAnew) {
		t.Error(err)
	}
}
