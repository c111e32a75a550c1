//go:build kafka

package security

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rmn-arms/campaign-engine/cmd/internal/proctest"
	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

// engine is a running campaignd of one processor, as a user of its own.
type engine struct {
	*proctest.Process
	c        *cluster
	group    topics.Group
	instance string
	address  string
}

// engine starts a processor under a user's name; it does not wait for it.
func (c *cluster) engine(t *testing.T, user, processor, instance string) *engine {
	t.Helper()
	return c.engineAs(t, c.user(user), processor, instance)
}

func (c *cluster) engineAs(t *testing.T, as attempt, processor, instance string) *engine {
	t.Helper()
	group, _ := topics.GroupNamed(processor)
	e := &engine{c: c, group: group, instance: instance, address: httpFree(t)}
	e.Process = c.launch(t, c.campaignd, as.environment(), as.switches(c, "run", "--processors", processor, "--instance-id", instance,
		"--partitions", partitions, "--http-listen", e.address, "--log-level", "debug")...)
	return e
}

func (e *engine) ready(t *testing.T) {
	t.Helper()
	if err := e.AwaitHTTP("http://"+e.address+"/readyz", patience); err != nil {
		t.Fatalf("%v\n%s", err, e.Report())
	}
}

// get returns what the engine answers to a path.
func (e *engine) get(ctx context.Context, path string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.address+path, nil)
	if err != nil {
		return 0, "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// awaitReadiness waits until /readyz is answered with a status, and its body holds a text.
func (e *engine) awaitReadiness(t *testing.T, status int, says string) {
	t.Helper()
	e.await(t, func(ctx context.Context) error {
		got, body, err := e.get(ctx, "/readyz")
		if err == nil && (got != status || !strings.Contains(body, says)) {
			err = fmt.Errorf("/readyz answers %d:\n%s\nwant %d and %q", got, body, status, says)
		}
		return err
	})
}

// logs waits until the engine has logged a text.
func (e *engine) logs(t *testing.T, text string) {
	t.Helper()
	e.await(t, func(context.Context) error {
		if !strings.Contains(e.Stderr(), text) {
			return fmt.Errorf("it does not log %q", text)
		}
		return nil
	})
}

func (e *engine) await(t *testing.T, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ctx, stop := e.Context(ctx)
	defer stop()
	if err := proctest.Await(ctx, check); err != nil {
		t.Fatalf("%v\n%s", err, e.Report())
	}
}

// created returns a record that creates a campaign of a window.
func created(t *testing.T, id string, starts, ends time.Time) *kgo.Record {
	t.Helper()
	startsAt, endsAt := schemas.InstantOf(starts), schemas.InstantOf(ends)
	data, err := json.Marshal(schemas.Definition{
		CampaignID: id, Revision: 1, AdvertiserID: "a-1", StartsAt: &startsAt, EndsAt: &endsAt, TimeZone: "Europe/Berlin",
		Budget: schemas.Money{Amount: "500.00", Currency: "EUR"},
	})
	must(t, err)
	return event(t, schemas.CampaignCreated, id, 1, data)
}

// paused returns a record that pauses a campaign.
func paused(t *testing.T, id string, revision int64) *kgo.Record {
	t.Helper()
	data, err := json.Marshal(schemas.Change{CampaignID: id, Revision: revision, Reason: "security"})
	must(t, err)
	return event(t, schemas.CampaignPaused, id, revision, data)
}

// cancelled returns a record that cancels a campaign.
func cancelled(t *testing.T, id string, revision int64) *kgo.Record {
	t.Helper()
	data, err := json.Marshal(schemas.Change{CampaignID: id, Revision: revision, Reason: "security"})
	must(t, err)
	return event(t, schemas.CampaignCancelled, id, revision, data)
}

// played returns a record of a play of a campaign.
func played(t *testing.T, id string) *kgo.Record {
	t.Helper()
	data, err := json.Marshal(schemas.Play{
		PlayID: id + "-play", CampaignID: id, CreativeID: "cr-1", DeviceID: "d-1", StoreID: "s-1", Impressions: "12.5",
	})
	must(t, err)
	r := event(t, schemas.PlayReported, id, 0, data)
	r.Topic = string(topics.Plays)
	return r
}

func event(t *testing.T, kind schemas.Type, id string, revision int64, data []byte) *kgo.Record {
	t.Helper()
	value, err := json.Marshal(schemas.RawEvent{
		SpecVersion: schemas.SpecVersion, ID: fmt.Sprintf("%s-%d", id, revision), Source: "security", Type: kind, Subject: id, Data: data,
	})
	must(t, err)
	return &kgo.Record{Topic: string(topics.CampaignEvents), Key: []byte(id), Value: value, Partition: home(id)}
}

// home is the partition of a campaign, and astray turns a record to the other one.
func home(id string) int32 { return topics.PartitionOf([]byte(id), 2) }

func astray(r *kgo.Record) *kgo.Record {
	r.Partition = 1 - r.Partition
	return r
}

// rubbish is a record that no codec can read.
func rubbish(topic topics.Name, id string) *kgo.Record {
	return &kgo.Record{Topic: string(topic), Key: []byte(id), Value: []byte("no event"), Partition: home(id)}
}
