package simulate_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/cmd/internal/simulate"
	"github.com/rmn-arms/campaign-engine/schemas"
)

// Where a line arrives follows from its type and its subject, or its data; when from its time, and those before it.
func TestWhereAndWhenALineArrives(t *testing.T) {
	t.Parallel()
	const noon, later = "2026-12-01T12:00:00.000Z", "2026-12-01T13:30:00.250Z"
	lines := []struct{ text, topic, key, at string }{
		{`no time yet`, "campaign-events", "", noon},
		{`{"type":"campaign.paused","subject":"c-1"}`, "campaign-events", "c-1", noon},
		{`{"type":"campaign.created","subject":"c-1","time":"2026-12-01T13:00:00+01:00"}`, "campaign-events", "c-1", noon},
		{`{"type":"campaign.updated","data":{"campaign_id":"c-2"}}`, "campaign-events", "c-2", noon},
		{`{"type":"play.reported","subject":"","data":{"campaign_id":"c-3"},"time":"2026-12-01T13:30:00.2509Z"}`, "plays", "c-3", later},
		{`{"type":"device.registered","data":{"store_id":"s-1","campaign_id":"c-4"},"time":"2026-12-01T13:00:00Z"}`, "device-events", "s-1", later},
		{`{"type":"device.removed","subject":"s-2","time":"1926-12-01T13:00:00Z"}`, "device-events", "s-2", later},
		{`{"type":"device.ack","subject":"s-2","time":"at noon"}`, "device-acks", "s-2", later},
		{`{"type":"device.ack","time":17}`, "device-acks", "", later},
		{`{"type":"transition.due","subject":"c-1"}`, "campaign-events", "c-1", later},
		{`{"type":["campaign.created"],"subject":"c-1"}`, "campaign-events", "c-1", later},
		{`{"type":"play.reported","subject":"c-9","subject":"c-1"}`, "plays", "c-1", later},
		{`[{"type":"play.reported","subject":"c-1"}]`, "campaign-events", "", later},
		{`"` + string([]byte{0xff}) + `"`, "campaign-events", "", later},
	}
	text := "\n  \r\n"
	for _, each := range lines {
		text += " " + each.text + " \r\n\n"
	}
	_, files := run(t, simulate.Settings{Until: at(t, "2026-12-02T00:00:00Z")}, strings.TrimSuffix(text, "\n"))
	seen := make(map[string]int)
	for _, want := range lines {
		all := linesOf(t, files[want.topic])
		i := seen[want.topic]
		if seen[want.topic]++; i >= len(all) {
			t.Fatalf("%s has %d lines: %s is missing", want.topic, len(all), want.text)
		}
		if got := all[i]; got.Key != want.key || got.Timestamp.String() != want.at || got.Offset != int64(i) || got.Partition != 0 {
			t.Errorf("%s arrives under %q at %s; want %q at %s", want.text, got.Key, got.Timestamp, want.key, want.at)
		}
	}
	if letters := strings.Count(files["dead-letters"], "\n"); letters != len(lines) { // none of them is whole
		t.Errorf("%d dead letters of %d lines", letters, len(lines))
	}
}

// What cannot be taken is in dead-letters under the reason that Kafka's readers would see, whole as far as that goes.
func TestBadLinesAreDeadLetters(t *testing.T) {
	t.Parallel()
	event := func(data string) string {
		return `{"specversion":"1.0","id":"e","source":"s","type":"campaign.created","subject":"c-1","time":"2026-12-01T12:00:00Z","data":` + data + `}`
	}
	large := strings.Repeat("x", schemas.RecordMaxBytes+1)
	for name, c := range map[string]struct {
		text   string
		reason schemas.Reason
	}{
		"no JSON":         {"spring sale", schemas.Malformed},
		"no event":        {"{}", schemas.Malformed},
		"no key":          {strings.Replace(event(`{}`), `"subject":"c-1",`, "", 1), schemas.KeyMismatch},
		"an unknown type": {strings.Replace(event(`{}`), "campaign.created", "campaign.wished", 1), schemas.UnknownType},
		"the engine's":    {strings.Replace(event(`{}`), "campaign.created", "transition.due", 1), schemas.UnknownType},
		"a wrong shape":   {event(`{"campaign_id":"c-1"}`), schemas.BadSchema},
		"too deep":        {strings.Repeat("[", 50), schemas.TooDeep},
		"too large":       {large, schemas.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := at(t, "2026-12-01T00:00:00Z")
			summary, files := run(t, simulate.Settings{From: &from, Until: at(t, "2026-12-02T00:00:00Z")}, c.text)
			letters := linesOf(t, files["dead-letters"])
			if len(letters) != 1 || summary.Refused()[string(c.reason)] != 1 {
				t.Fatalf("%d dead letters; refused: %v", len(letters), summary.Refused())
			}
			var letter schemas.Event[schemas.Refused]
			if err := json.Unmarshal(letters[0].Event, &letter); err != nil {
				t.Fatal(err)
			}
			refused := &letter.Data
			value, err := base64.StdEncoding.DecodeString(refused.ValueBase64)
			if err != nil || refused.Reason != c.reason || !strings.HasPrefix(c.text, string(value)) || refused.ValueBytes != int64(len(c.text)) {
				t.Errorf("it is refused as %s, %d bytes: %v", refused.Reason, refused.ValueBytes, err)
			}
		})
	}
}

// Without any time it is not known when lines arrive, and a line that no broker takes ends the simulation; both are named.
func TestInputsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"no time":          {"{}\n{}\n", "line 2: no line up to here has a time"},
		"no time for long": {strings.Repeat(strings.Repeat("x", 1<<20)+"\n", 12), "no line up to here has a time"},
		"an endless line":  {"{}\n" + strings.Repeat("x", 9<<20), "line 2: it is longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := simulate.Run(t.Context(), simulate.Settings{
				Campaigns: standard(), Input: strings.NewReader(c.text), Until: at(t, "2026-12-02T00:00:00Z"), Out: new(bytes.Buffer),
			})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it ends with %v, want: %s", err, c.want)
			}
		})
	}
	broken := errors.New("the disk is gone")
	_, err := simulate.Run(t.Context(), simulate.Settings{Input: reader{broken}, Out: new(bytes.Buffer)})
	if !errors.Is(err, broken) {
		t.Errorf("an input that breaks ends with %v", err)
	}
}

type reader struct{ err error }

func (r reader) Read([]byte) (int, error) { return 0, r.err }

// What arrives after the end is not read; what is due at the end happens.
func TestTheEnd(t *testing.T) {
	t.Parallel()
	campaign := func(id, starts, at string) string {
		return fmt.Sprintf(`{"specversion":"1.0","id":"e","source":"s","type":"campaign.created","subject":%[1]q,"time":%[3]q,`+
			`"data":{"campaign_id":%[1]q,"revision":1,"advertiser_id":"a","starts_at":%[2]q,"ends_at":"2026-12-09T00:00:00Z",`+
			`"time_zone":"UTC","budget":{"amount":"5.00","currency":"EUR"}}}`+"\n", id, starts, at)
	}
	text := campaign("c-1", "2026-12-02T00:00:00Z", "2026-12-01T00:00:00Z") +
		campaign("c-2", "2026-12-02T00:00:00.001Z", "2026-12-02T00:00:00Z") +
		campaign("c-3", "2026-12-01T12:00:00Z", "2026-12-02T00:00:00.001Z") + campaign("c-4", "2026-12-01T12:00:00Z", "2026-12-01T00:00:00Z")
	summary, files := run(t, simulate.Settings{Until: at(t, "2026-12-02T00:00:00Z")}, text)
	if summary.Lines != 2 || summary.Behind != 3 || summary.Applied[schemas.Start] != 1 || summary.Applied[schemas.Schedule] != 2 {
		t.Errorf("it came to %+v", summary)
	}
	if strings.Contains(files["campaign-events"], "c-3") {
		t.Error("a line that arrives after the end has arrived")
	}
	var told bytes.Buffer
	summary.Tell(&told)
	for _, want := range []string{
		"simulated  2026-12-01T00:00:00.000Z to 2026-12-02T00:00:00.000Z: 2 lines, 2 instants\n", "from line 3 on", "schedule 2, distribute 2, start 1",
		"rejected   none", "refused    none", "timers     accepted 2, due 5",
	} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("it does not tell %q:\n%s", want, &told)
		}
	}
}

// A folder has a file for each topic, also an empty one; what an earlier simulation has left there goes, and nothing else.
func TestAFolderIsOfOneSimulation(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{".simulation", "plays.jsonl", "device-commands.s-9.jsonl", "campaign-engine-timers-table.jsonl", "mine.jsonl", "plays.txt"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("old\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, files := run(t, simulate.Settings{Folder: folder, Until: at(t, "2026-12-02T00:00:00Z")}, "")
	if _, left := files["device-commands.s-9"]; left || files["plays"] != "" || files["mine"] != "old\n" || files["plays.txt"] != "old\n" {
		t.Errorf("the folder holds %v", files)
	}
	if _, left := files["campaign-engine-timers-table"]; left {
		t.Error("an internal topic is there that was not asked for")
	}
	if len(files) != 12+2 {
		t.Errorf("%d files, not those of the 12 public topics", len(files))
	}
	_, files = run(t, simulate.Settings{Internal: true, Until: at(t, "2026-12-02T00:00:00Z")}, "")
	if _, is := files["campaign-engine-timers-table"]; !is {
		t.Error("an internal topic is missing that was asked for")
	}
}

// What somebody else has put into the folder is not replaced, and what is read is not: nothing is touched then.
func TestAFolderOfSomebodyElse(t *testing.T) {
	t.Parallel()
	const mine = "mine\n"
	for _, c := range []struct {
		name, holds, input string
	}{
		{"called like a topic", "plays.jsonl", ""},
		{"called like a store's topic", "device-commands.s-1.jsonl", ""},
		{"of a simulation, but read", "campaign-events.jsonl", "campaign-events.jsonl"},
	} {
		folder := t.TempDir()
		write := func(name, text string) {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(c.holds, mine)
		settings := simulate.Settings{
			Campaigns: standard(), Folder: folder, Input: strings.NewReader(""), Until: at(t, "2026-12-02T00:00:00Z"),
		}
		if c.input != "" {
			write(".simulation", "")
			settings.InputFile = filepath.Join(folder, c.input)
		}
		_, err := simulate.Run(t.Context(), settings)
		if err == nil || !strings.Contains(err.Error(), c.holds) || !strings.Contains(err.Error(), "give another folder") {
			t.Errorf("%s: %v", c.name, err)
		}
		if text, err := os.ReadFile(filepath.Join(folder, c.holds)); err != nil || string(text) != mine {
			t.Errorf("%s: it became %q, %v", c.name, text, err)
		}
	}
}

// What cannot be written ends the simulation.
func TestAnOutputThatBreaks(t *testing.T) {
	t.Parallel()
	broken := errors.New("the pipe is gone")
	_, err := simulate.Run(t.Context(), simulate.Settings{
		Campaigns: standard(), Input: strings.NewReader(december(t, 20)), Until: at(t, "2027-02-01T00:00:00Z"), Out: writer{broken},
	})
	if !errors.Is(err, broken) {
		t.Errorf("it ends with %v", err)
	}
}

// Who interrupts gets a part, and an error that says so.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := simulate.Run(ctx, simulate.Settings{
		Campaigns: standard(), Input: strings.NewReader(december(t, 5)), Until: at(t, "2027-02-01T00:00:00Z"), Out: new(bytes.Buffer),
	})
	if err == nil || err.Error() != "interrupted" {
		t.Errorf("it ends with %v", err)
	}
}

type writer struct{ err error }

func (w writer) Write([]byte) (int, error) { return 0, w.err }

// A byte order mark before the first line is no part of it.
func TestAByteOrderMark(t *testing.T) {
	t.Parallel()
	settings := simulate.Settings{Until: at(t, "2026-12-02T00:00:00Z")}
	line := `{"specversion":"1.0","id":"e","source":"s","type":"device.removed","time":"2026-12-01T12:00:00Z","data":{"store_id":"s-1",` +
		`"device_id":"d-1"}}` + "\n"
	summary, files := run(t, settings, "\ufeff"+line)
	if len(summary.Refused()) > 0 || len(linesOf(t, files["device-events"])) != 1 || strings.Contains(files["device-events"], "\ufeff") {
		t.Errorf("refused %v: %s", summary.Refused(), files["device-events"])
	}
	summary, _ = run(t, settings, line+"\ufeff"+line)
	if summary.Refused()["malformed"] != 1 {
		t.Errorf("one before another line is passed over: %v", summary.Refused())
	}
}

// Lines that were refused are named with their numbers, blank ones counted, the first ten of them.
func TestRefusedLinesAreNamed(t *testing.T) {
	t.Parallel()
	text := "\n" + `{"specversion":"1.0","id":"e","source":"s","type":"device.removed","time":"2026-12-01T12:00:00Z","data":{"store_id":"s-1"}}` +
		"\n\nno \x1b[2J\n" + `{"type":"play.reported"}` + "\n"
	settings := simulate.Settings{Until: at(t, "2026-12-02T00:00:00Z"), Answer: true}
	summary, _ := run(t, settings, text+strings.Repeat("{}\n", 12))
	var told bytes.Buffer
	summary.Tell(&told)
	if len(summary.Lost) != 10 || summary.LostMore != 5 || strings.Contains(told.String(), "\x1b") {
		t.Errorf("%d are named, and %d not:\n%s", len(summary.Lost), summary.LostMore, &told)
	}
	for _, want := range []string{"\nline 2     schema: ", "\nline 4     malformed: ", "\nline 5     malformed: ", "\nline 12    malformed: ", "           and 5 more"} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("it does not tell %q:\n%s", want, &told)
		}
	}
}

// A simulation that fails leaves what an earlier one has written, and what it has itself in files of other names, which the
// next one removes.
func TestAFailureLeavesTheEarlierResult(t *testing.T) {
	t.Parallel()
	settings := simulate.Settings{Folder: t.TempDir(), Until: at(t, "2027-02-01T00:00:00Z"), Answer: true, Internal: true, Campaigns: standard()}
	_, before := run(t, settings, december(t, 3))
	failing := settings
	failing.Input = io.MultiReader(strings.NewReader(december(t, 8)), reader{errors.New("the disk is gone")})
	if _, err := simulate.Run(t.Context(), failing); err == nil {
		t.Fatal("it ends well")
	}
	parts := 0
	for name, text := range files(t, settings.Folder) {
		if strings.HasSuffix(name, ".part") {
			parts++
		} else if text != before[name] {
			t.Errorf("%s is another", name)
		}
	}
	if parts == 0 {
		t.Error("nothing is left of the one that has failed")
	}
	settings.Internal = false
	_, after := run(t, settings, december(t, 5))
	_, alone := run(t, simulate.Settings{Until: settings.Until, Answer: true, Campaigns: standard()}, december(t, 5))
	if digest(after) != digest(alone) {
		t.Errorf("%d files are there, not %d, or others", len(after), len(alone))
	}
}

// What is called like a part, and is somebody else's, is not removed.
func TestAPartOfSomebodyElse(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	mine := filepath.Join(folder, "plays.jsonl.part")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := simulate.Run(t.Context(), simulate.Settings{
		Campaigns: standard(), Folder: folder, Input: strings.NewReader(""), Until: at(t, "2026-12-02T00:00:00Z"),
	})
	if err == nil || !strings.Contains(err.Error(), "give another folder") {
		t.Errorf("it ends with %v", err)
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error(err)
	}
}
