package proctest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	awaitFirst    = 5 * time.Millisecond
	awaitLongest  = 200 * time.Millisecond
	httpAnswerMax = 2 * time.Second
)

// Await calls check at once and then again, after waits that grow from 5 to 200 ms, until it returns nil. When the
// context ends first, the error is its cause together with what check said last.
func Await(ctx context.Context, check func(context.Context) error) error {
	var last error
	for wait := awaitFirst; ; wait = min(2*wait, awaitLongest) {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil { // once the context has ended, check only repeats that it has
			last = err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("%w; the last answer: %w", context.Cause(ctx), last)
		}
	}
}

// AwaitHTTP waits until a GET of the URL is answered with 200. It stops waiting when the process ends.
func (p *Process) AwaitHTTP(url string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return p.awaitHTTP(ctx, url)
}

func (p *Process) awaitHTTP(ctx context.Context, url string) error {
	ctx, stop := p.Context(ctx)
	defer stop()
	client := &http.Client{Timeout: httpAnswerMax, Transport: &http.Transport{DisableKeepAlives: true}}
	err := Await(ctx, func(ctx context.Context) error { return get(ctx, client, url) })
	if err != nil {
		return fmt.Errorf("waiting for %s at %s: %w", p.name, url, err)
	}
	return nil
}

func get(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s: %s", answer.Status, text)
	}
	return nil
}
