package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/topics"
)

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "events.jsonl")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// events returns n lines of as many campaigns, each followed by its second revision.
func events(n int) (lines, want []string) {
	for revision := 1; revision <= 2; revision++ {
		for i := range n {
			id := fmt.Sprintf("c-%d", i)
			line := fmt.Sprintf(`{"subject":%q,"revision":%d}`, id, revision)
			lines = append(lines, line)
			want = append(want, fmt.Sprintf("%d %s %s", topics.PartitionOf([]byte(id), testPartitions), id, line))
		}
	}
	slices.SortStableFunc(want, func(a, b string) int { return int(a[0]) - int(b[0]) })
	return lines, want
}

func TestPublish(t *testing.T) {
	lines, want := events(500)
	text := strings.Join(lines, "\n")
	cases := []struct {
		name  string
		stdin string
		args  []string
		says  string
	}{
		{"a file", "", []string{file(t, text+"\n")}, "published 1000 events"},
		{"a file without its last line break, with blank lines", "", []string{file(t, "\n  \r\n"+strings.Join(lines, " \r\n\n"))}, "published 1000"},
		{"standard input", text, []string{"-"}, "published 1000 events"},
		{"as JSON", text, []string{"-", "--json"}, `"published": 1000`},
		{"bad lines left out", "", []string{file(t, "nonsense\n"+text+"\n{}\n"), "--skip-bad"}, "left 2 lines out"},
		{"bad lines of standard input left out", "nonsense\n" + text + "\n{}", []string{"-", "--skip-bad"}, "line 1002: no subject"},
		{"an array", "", []string{file(t, "\n [\n"+strings.Join(lines, ",\n")+"\n]\n")}, "published 1000 events"},
		{"an array on standard input", "[" + strings.Join(lines, ",") + "]", []string{"-"}, "published 1000 events"},
		{"an array with bad events left out", "[[]," + strings.Join(lines, " , ") + ",{}]", []string{"-", "--skip-bad"},
			"event 1002: no subject"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			k := cluster(t)
			run(t, k, c.stdin, append([]string{"publish"}, c.args...)...).check(t, exitClean, c.says)
			if got := kept(t, k, topics.CampaignEvents); !slices.Equal(got, want) {
				t.Errorf("the topic holds %d records, want the %d published, in order by key", len(got), len(want))
			}
		})
	}
}

func TestPublishRefuses(t *testing.T) {
	const good = `{"subject":"c-1"}` + "\n"
	long := `{"subject":"c-1","x":"` + strings.Repeat("x", schemas.RecordMaxBytes) + `"}` + "\n"
	cases := []struct {
		name, content string
		says          []string
	}{
		{"no JSON", good + "nonsense\n" + good, []string{"line 2: no JSON object", "nothing was published: 1 line that cannot"}},
		{"half an object", good + `{"subject":"c-1"`, []string{"line 2: no JSON object"}},
		{"an array with something else in it", `[{"subject":"c-1"},[]]`, []string{"event 2: no JSON object", "published: 1 event that cannot"}},
		{"an array without an end", `[{"subject":"c-1"},`, []string{"reading event 2: "}},
		{"an array with broken JSON", `[{"subject":"c-1"},{"subject":}]`, []string{"reading event 2: "}},
		{"an array and more", `[{"subject":"c-1"}]` + "\n" + good, []string{"reading event 2: something follows the array"}},
		{"an array with an event that is too long", "[" + long + "," + long + "]", []string{"event 1: longer than 1048576 bytes", "event 2: longer"}},
		{"an array without bounds", `[{"subject":"c-1"},{"x":"` + strings.Repeat("x", 9<<20), []string{"reading event 2: ", "an element of more than"}},
		{"two objects in a line", `{"subject":"c-1"} {"subject":"c-2"}`, []string{"line 1: no JSON object"}},
		{"a name twice", `{"subject":"c-1","subject":"c-2"}`, []string{"line 1: no JSON object"}},
		{"no subject", good + good + `{"id":"e-1"}`, []string{"line 3: no subject, and no campaign_id in its data: add \"subject\", the campaign's id, beside"}},
		{"no subject, and a campaign that is no text", `{"id":"e-1","data":{"campaign_id":7}}`,
			[]string{"line 1: no subject, and no campaign_id in its data: add \"subject\", the campaign's id, beside"}},
		{"no subject, and data that is no object", `{"id":"e-1","data":[]}`, []string{"add \"subject\", the campaign's id"}},
		{"an empty subject", `{"subject":""}`, []string{"line 1: no subject"}},
		{"a subject that is no text", `{"subject":1}`, []string{"line 1: no JSON object"}},
		{"too long", long + good + "{}\n", []string{"line 1: longer than 1048576 bytes", "line 3: no subject"}},
		{"many", strings.Repeat("{}\n", 25), []string{"line 10: no subject", "and 15 more", "25 lines"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			k := cluster(t)
			got := run(t, k, "", "publish", file(t, c.content))
			for _, says := range c.says {
				got.check(t, exitFailed, says)
			}
			if records := kept(t, k, topics.CampaignEvents); len(records) > 0 {
				t.Errorf("%d records were published", len(records))
			}
		})
	}
}

// TestPublishNamesTheTopic: an event that would be refused where it was to go is not published there, unless it is forced to.
func TestPublishNamesTheTopic(t *testing.T) {
	for _, c := range []struct {
		kind schemas.Type
		to   topics.Name
		home topics.Name // "": it goes there
	}{
		{schemas.PlayReported, topics.CampaignEvents, topics.Plays}, {schemas.PlayReported, topics.DeviceAcks, topics.Plays},
		{schemas.DeviceRegistered, topics.CampaignEvents, topics.DeviceEvents}, {schemas.DeviceRemoved, topics.Plays, topics.DeviceEvents},
		{schemas.DeviceAck, topics.CampaignEvents, topics.DeviceAcks}, {schemas.CampaignPaused, topics.Plays, topics.CampaignEvents},
		{schemas.PlayReported, topics.Plays, ""}, {schemas.CampaignCreated, topics.CampaignEvents, ""}, {"campaign.wished", topics.CampaignEvents, ""},
		{"another", topics.CampaignEvents, ""},
	} {
		k := cluster(t)
		event := file(t, fmt.Sprintf("\ufeff"+`{"type":%q,"data":{"campaign_id":"c-1"}}`, c.kind))
		got := run(t, k, "", "publish", event, "--topic", string(c.to))
		if c.home == "" {
			got.check(t, exitClean, "published 1 event")
			continue
		}
		got.check(t, exitFailed, fmt.Sprintf("line 1: %s is for another topic, and would be refused there: publish it with --topic %s", c.kind, c.home))
		if records := kept(t, k, c.to); len(records) > 0 {
			t.Errorf("%v were published", records)
		}
		run(t, k, "", "publish", event, "--topic", string(c.to), "--force").check(t, exitClean, "published 1 event")
	}
}

// TestPublishKeysByTheCampaign: a subject is optional, and the engine wants the campaign's id as the key.
func TestPublishKeysByTheCampaign(t *testing.T) {
	k := cluster(t)
	const event = `{"id":"e-1","data":{"campaign_id":"c-7"}}`
	run(t, k, "", "publish", file(t, "[\n  {\n    \"id\": \"e-1\",\n    \"data\": {\"campaign_id\": \"c-7\"}\n  }\n]\n")).
		check(t, exitClean, "published 1 event in")
	want := []string{fmt.Sprintf("%d c-7 %s", topics.PartitionOf([]byte("c-7"), testPartitions), event)}
	if got := kept(t, k, topics.CampaignEvents); !slices.Equal(got, want) {
		t.Errorf("the topic holds %q, want %q", got, want)
	}
}

func TestPublishStopsAtABadLineOfStandardInput(t *testing.T) {
	k := cluster(t)
	lines, want := events(20)
	got := run(t, k, strings.Join(lines, "\n")+"\nnonsense\n"+lines[0], "publish", "-")
	got.check(t, exitFailed, "after 40 events: line 41: no JSON object")
	if records := kept(t, k, topics.CampaignEvents); !slices.Equal(records, want) {
		t.Errorf("the topic holds %d records, want the 40 before the bad line", len(records))
	}
}

// TestPublishIsInterrupted ends the context in the middle of an endless input, as Ctrl-C does.
func TestPublishIsInterrupted(t *testing.T) {
	k := cluster(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sent := 0
	input := reader(func(p []byte) (int, error) {
		if sent++; sent == 1000 {
			cancel()
		}
		return copy(p, fmt.Appendf(nil, "{\"subject\":\"c-%d\"}\n", sent)), nil
	})
	got := runWith(ctx, k, input, "publish", "-")
	got.check(t, exitFailed, "interrupted")
	var count int
	if _, err := fmt.Sscanf(got.errs, "published %d events", &count); err != nil {
		t.Fatal(err)
	}
	if records := kept(t, k, topics.CampaignEvents); len(records) != count {
		t.Errorf("says %d events, and %d are there", count, len(records))
	}
}

type reader func([]byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }

func TestPublishFails(t *testing.T) {
	const good = `{"subject":"c-1"}`
	t.Run("the brokers refuse", func(t *testing.T) {
		k := cluster(t)
		k.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
			k.KeepControl()
			return refused(request.(*kmsg.ProduceRequest)), nil, true
		})
		run(t, k, "", "publish", file(t, good)).check(t, exitFailed, "line 1: rights are missing: Write on topic campaign-events")
	})
	t.Run("no such topic", func(t *testing.T) {
		run(t, cluster(t), "", "publish", file(t, good), "--topic", "elsewhere").check(t, exitFailed, "topic elsewhere does not exist")
	})
	t.Run("no such file", func(t *testing.T) {
		run(t, nil, "", "publish", filepath.Join(t.TempDir(), "none")).check(t, exitFailed, "no such file")
	})
	t.Run("nobody answers", func(t *testing.T) {
		k := cluster(t)
		address := k.ListenAddrs()[0]
		k.Close()
		run(t, nil, "", "publish", file(t, good), "--brokers", address).check(t, exitFailed, "nobody answers")
	})
}

// TestPublishLeavesTheEnginesTopicsAlone: an event in the engine's own log or table would be taken for the engine's.
func TestPublishLeavesTheEnginesTopicsAlone(t *testing.T) {
	k := cluster(t)
	path := file(t, `{"subject":"c-1"}`)
	for _, stream := range topics.Streams() {
		isLoop := stream.Internal() && stream.Cleanup != topics.Compact
		if stream.Source != "" || isLoop {
			continue // the latter are not among the test's topics
		}
		name := string(stream.Name)
		run(t, k, "", "publish", path, "--topic", name).check(t, exitSwitches, "only the engine writes "+name)
		if got := kept(t, k, stream.Name); len(got) > 0 {
			t.Errorf("%s holds %d records", name, len(got))
		}
		run(t, k, "", "publish", path, "--topic", name, "--force").check(t, exitClean, "published 1 event")
	}
	if _, err := kadm.NewClient(client(t, k)).CreateTopic(t.Context(), 1, 1, nil, "another"); err != nil {
		t.Fatal(err)
	}
	run(t, k, "", "publish", path, "--topic", "another").check(t, exitClean, "published 1 event")
}

func refused(request *kmsg.ProduceRequest) kmsg.Response {
	response := request.ResponseKind().(*kmsg.ProduceResponse)
	for _, topic := range request.Topics {
		answer := kmsg.NewProduceResponseTopic()
		answer.Topic, answer.TopicID = topic.Topic, topic.TopicID
		for _, partition := range topic.Partitions {
			refusal := kmsg.NewProduceResponseTopicPartition()
			refusal.Partition, refusal.ErrorCode = partition.Partition, kerr.TopicAuthorizationFailed.Code
			answer.Partitions = append(answer.Partitions, refusal)
		}
		response.Topics = append(response.Topics, answer)
	}
	return response
}

// TestLinesNeedBoundedMemory reads a line without an end.
func TestLinesNeedBoundedMemory(t *testing.T) {
	left := 64 << 20
	from := linesOf(reader(func(p []byte) (int, error) {
		if left -= len(p); left <= 0 {
			return copy(p, "\n{}\n"), io.EOF
		}
		clear(p)
		return len(p), nil
	}))
	if _, err := from.next(); !errors.Is(err, errLineLong) {
		t.Errorf("an endless line: %v", err)
	}
	if cap(from.buffer) > 4*schemas.RecordMaxBytes {
		t.Errorf("it took %d bytes of memory", cap(from.buffer))
	}
	if line, err := from.next(); string(line) != "{}" || err != nil || from.number != 2 {
		t.Errorf("then line %d: %q, %v", from.number, line, err)
	}
	if _, err := from.next(); !errors.Is(err, io.EOF) {
		t.Errorf("then %v", err)
	}
}

// TestProgressIsForTerminals shows the bar where a person looks, and nowhere else. On a terminal the input goes on only
// when the bar is there.
func TestProgressIsForTerminals(t *testing.T) {
	for _, terminal := range []bool{true, false} {
		k, shown, reads := cluster(t), newWatched(), 0
		input := reader(func(p []byte) (int, error) {
			if reads++; reads == 1 {
				return copy(p, `{"subject":"c-1"}`+"\n"), nil
			}
			if terminal {
				shown.await(t, "publishing")
			}
			return 0, io.EOF
		})
		code := realMain(t.Context(), []string{"publish", "-", "--brokers", k.ListenAddrs()[0]},
			console{in: input, out: io.Discard, errs: shown, errsIsTerminal: terminal, now: testNow})
		if code != exitClean || strings.Contains(shown.text.String(), "publishing") != terminal {
			t.Errorf("terminal %v: exit code %d, shown %q", terminal, code, shown.text.String())
		}
	}
}
