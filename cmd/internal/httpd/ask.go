package httpd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// answerMaxBytes bounds what Ask reads.
const answerMaxBytes = 1 << 20

// asker asks the address itself: no proxy of the environment stands before it, and what it answers is its own.
var asker = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: answerMaxBytes},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// Ask asks a process at an address for its /readyz. Error: nobody answers, or somebody who is no campaignd.
func Ask(ctx context.Context, address string) (State, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", http.NoBody)
	if err != nil {
		return State{}, fmt.Errorf("asking %s: %w", address, err)
	}
	response, err := asker.Do(request)
	if err != nil {
		return State{}, fmt.Errorf("asking %s: %w", address, err)
	}
	defer response.Body.Close()
	var b body
	err = json.NewDecoder(io.LimitReader(response.Body, answerMaxBytes)).Decode(&b)
	if err != nil || !isOwn(response.StatusCode, &b) {
		return State{}, fmt.Errorf("asking %s: it answers %s, and not as campaignd does", address, response.Status)
	}
	return State{Waiting: b.Waiting, CatchingUp: b.CatchingUp}, nil
}

// isOwn says whether an answer is one that answer gives: others speak of a status, too.
func isOwn(code int, b *body) bool {
	if len(b.Waiting) > 0 {
		return code == http.StatusServiceUnavailable && b.Status == statusNotReady
	}
	return code == http.StatusOK && b.Status == statusReady
}
