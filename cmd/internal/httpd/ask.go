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

// Ask asks a process at an address for its /readyz.
func Ask(ctx context.Context, address string) (State, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", http.NoBody)
	if err != nil {
		return State{}, fmt.Errorf("asking %s: %w", address, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return State{}, fmt.Errorf("asking %s: %w", address, err)
	}
	defer response.Body.Close()
	var b body
	if err := json.NewDecoder(io.LimitReader(response.Body, answerMaxBytes)).Decode(&b); err != nil || b.Status == "" {
		return State{}, fmt.Errorf("asking %s: it answers %s, and not as campaignd does", address, response.Status)
	}
	return State{Waiting: b.Waiting, CatchingUp: b.CatchingUp}, nil
}
