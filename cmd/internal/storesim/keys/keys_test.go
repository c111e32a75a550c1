package keys_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/cmd/internal/signing"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/clock"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/device"
	"github.com/rmn-arms/campaign-engine/cmd/internal/storesim/keys"
)

func ring(t *testing.T) *signing.Keys {
	t.Helper()
	k, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func sign(t *testing.T, k *signing.Keys, value string) string {
	t.Helper()
	jws, err := k.Sign([]byte(value))
	if err != nil {
		t.Fatal(err)
	}
	return jws
}

// rig is a set whose source can be exchanged, on a clock that the test moves.
type rig struct {
	set    *keys.Set
	clock  *clock.Virtual
	source atomic.Value // keys.Source
	asked  chan error   // what note was told
}

func newRig(t *testing.T, source keys.Source) *rig {
	t.Helper()
	r := &rig{clock: clock.NewVirtual(time.Unix(0, 0)), asked: make(chan error, 100)}
	r.source.Store(source)
	r.set = keys.New(func(ctx context.Context) ([]byte, error) {
		return r.source.Load().(keys.Source)(ctx)
	}, r.clock, time.Minute, func(_ []byte, err error) { r.asked <- err })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.set.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return r
}

func of(k *signing.Keys) keys.Source {
	return func(context.Context) ([]byte, error) { return k.Public(), nil }
}

// refresh has the source be asked, and returns when it had answered: the clock may have gone on since.
func (r *rig) refresh() (answered time.Time) {
	done := make(chan time.Time, 1)
	r.set.Refresh(func() { done <- r.clock.Now() })
	for {
		select {
		case answered = <-done:
			return answered
		default:
			r.clock.Advance(time.Second)
		}
	}
}

func TestCheck(t *testing.T) {
	own, forged := ring(t), ring(t)
	r := newRig(t, of(own))
	good := sign(t, own, "value")
	check := func(what, jws, value string, want device.Signature) {
		t.Helper()
		if got := r.set.Check(jws, []byte(value)); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	check("before any key is known", good, "value", device.UnknownKey)
	r.refresh()
	check("signed", good, "value", "")
	check("changed", good, "Value", device.BadSignature)
	check("unsigned", "", "value", device.Unsigned)
	check("no JWS", "x.y", "value", device.BadSignature)
	check("a key of somebody else", sign(t, forged, "value"), "value", device.UnknownKey)
}

// A rotation is followed: a record by the new key is believed once the keys have been fetched again.
func TestARotationIsFollowed(t *testing.T) {
	before, after := ring(t), ring(t)
	r := newRig(t, of(before))
	r.refresh()
	jws := sign(t, after, "value")
	if got := r.set.Check(jws, []byte("value")); got != device.UnknownKey {
		t.Fatalf("%q", got)
	}
	r.source.Store(of(after))
	r.refresh()
	if got := r.set.Check(jws, []byte("value")); got != "" {
		t.Errorf("%q", got)
	}
}

// However many forged keys come, the engine is asked once in a while only.
func TestTheRateIsBounded(t *testing.T) {
	r := newRig(t, of(ring(t)))
	began := r.refresh()
	<-r.asked
	answered := make(chan struct{}, 1000)
	for range 1000 {
		r.set.Refresh(func() { answered <- struct{}{} })
	}
	for len(answered) < 1000 {
		r.clock.Advance(time.Second)
	}
	if took := r.clock.Now().Sub(began); took < time.Minute || len(r.asked) != 1 {
		t.Errorf("asked %d times, the first time after %s", len(r.asked), took)
	}
}

// An engine that is away is asked again until it answers; whoever waits is not told before.
func TestAnEngineThatIsAway(t *testing.T) {
	own := ring(t)
	r := newRig(t, func(context.Context) ([]byte, error) { return nil, errors.New("away") })
	done := make(chan struct{})
	r.set.Refresh(func() { close(done) })
	for range 3 {
		for len(r.asked) == 0 {
			r.clock.Advance(time.Second)
		}
		if err := <-r.asked; err == nil {
			t.Fatal("it has answered")
		}
	}
	select {
	case <-done:
		t.Fatal("told without keys")
	default:
	}
	r.source.Store(of(own))
	for r.set.Check(sign(t, own, "v"), []byte("v")) != "" {
		r.clock.Advance(time.Second)
	}
	<-done
}

func TestPlaces(t *testing.T) {
	own := ring(t)
	path := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(path, own.Public(), 0o644); err != nil {
		t.Fatal(err)
	}
	answers := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/jwks.json" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write(own.Public())
	}))
	defer answers.Close()
	for place, there := range map[string]bool{
		path: true, path + ".not": false, answers.URL + "/.well-known/jwks.json": true, answers.URL + "/": false,
	} {
		text, err := keys.At(place)(t.Context())
		if (err == nil && string(text) == string(own.Public())) != there {
			t.Errorf("%s: %q, %v", place, text, err)
		}
	}
}
