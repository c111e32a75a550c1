package topics

import (
	"bytes"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// FuzzDecodeCampaignEvent looks for panics, for refusals that quote the payload, and for accepted events whose content
// does not survive being written again. Its seeds are the cases of the table tests; the largest ones, which would slow
// the fuzzer down, are stood for by large, which makes any value one of 5 MB.
func FuzzDecodeCampaignEvent(f *testing.F) {
	const seedMaxBytes = 64 << 10
	for _, c := range refusals() {
		if len(c.value)+len(c.key) <= seedMaxBytes {
			f.Add([]byte(c.key), []byte(c.value), len(c.headers) > 1, contentTypeOf(c.headers), false)
		}
	}
	for _, c := range acceptances() {
		f.Add([]byte("c-1"), []byte(c.value), len(c.headers) > 1, contentTypeOf(c.headers), false)
	}
	f.Add([]byte("c-1"), []byte(sampleEvent), false, "", false)
	f.Add([]byte("c-1"), []byte(sampleEvent), false, "", true)
	f.Add([]byte(nil), []byte(nil), true, "", false)
	f.Fuzz(func(t *testing.T, key, value []byte, binary bool, contentType string, large bool) {
		headers := []Header{{Key: "content-type", Value: []byte(contentType)}}
		if binary {
			headers = append(binaryHeaders(), headers...)
		}
		if large {
			value = append(value, bytes.Repeat([]byte(" "), 5<<20)...)
		}
		before := slices.Clone(value)
		event, refusal := DecodeCampaignEvent(key, value, headers)
		if !slices.Equal(before, value) {
			t.Fatal("the value was written to")
		}
		if large && (refusal == nil || refusal.Reason != schemas.TooLarge) {
			t.Fatalf("5 MB are refused as %+v", refusal)
		}
		if refusal != nil {
			checkRefusal(t, refusal)
			return
		}
		if (event.Definition == nil) == (event.Change == nil) || event.CampaignID() != string(key) || event.Revision() < 1 {
			t.Fatalf("accepted %+v", event)
		}
		checkRewritten(t, key, event)
	})
}

func contentTypeOf(headers []Header) string {
	content, _ := lastHeader(headers, headerContentType)
	return content
}

func checkRefusal(t *testing.T, refusal *Refusal) {
	reasons := []schemas.Reason{
		schemas.TooLarge, schemas.TooDeep, schemas.Malformed, schemas.UnknownType, schemas.KeyMismatch, schemas.BadSchema,
	}
	if !slices.Contains(reasons, refusal.Reason) {
		t.Fatalf("reason %q", refusal.Reason)
	}
	field, rule, is := strings.Cut(refusal.Detail, ": ")
	if !is || field == "" || rule == "" || len(refusal.Detail) > 160 {
		t.Fatalf("detail %q is no field with a rule", refusal.Detail)
	}
	if strings.ContainsFunc(refusal.Detail, func(r rune) bool { return r > unicode.MaxASCII || unicode.IsControl(r) }) {
		t.Fatalf("detail %q quotes the payload", refusal.Detail)
	}
}

// checkRewritten writes what was read as a new event and wants the same to be read again, with the hash that the
// library's canonical form has.
func checkRewritten(t *testing.T, key []byte, event CampaignEvent) {
	var data any = event.Change
	if d := event.Definition; d != nil {
		if !isWritable(d.StartsAt) || !isWritable(d.EndsAt) {
			return // an offset moved it out of the years 0 to 9999; the window's check refuses that
		}
		data = d
	}
	encoded, err := jsonv2.Marshal(data)
	if err != nil {
		t.Fatalf("writing what was read: %v", err)
	}
	again, refusal := DecodeCampaignEvent(key, []byte(withData(event.Type, string(encoded))), nil)
	if refusal != nil {
		t.Fatalf("%s is refused: %+v", encoded, *refusal)
	}
	form := jsontext.Value(encoded)
	if err := form.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(event.Definition, again.Definition); diff != "" {
		t.Fatalf("definition differs (-read +again):\n%s", diff)
	}
	if diff := cmp.Diff(event.Change, again.Change); diff != "" {
		t.Fatalf("change differs (-read +again):\n%s", diff)
	}
	if again.ContentHash != hashOfForm(form) {
		t.Fatalf("hash of %s", form)
	}
}

func isWritable(at *schemas.Instant) bool {
	if at == nil {
		return true
	}
	_, err := at.MarshalText()
	return err == nil
}

// FuzzDecodePlay looks for panics, for refusals that quote the payload, and for plays that cannot be written again or are
// then read as others.
func FuzzDecodePlay(f *testing.F) {
	const seedMaxBytes = 64 << 10
	for _, c := range playRefusals() {
		if len(c.value)+len(c.key) <= seedMaxBytes {
			f.Add([]byte(c.key), []byte(c.value), len(c.headers) > 1, contentTypeOf(c.headers))
		}
	}
	for _, c := range playAcceptances() {
		if len(c.value) <= seedMaxBytes {
			f.Add([]byte("c-1"), []byte(c.value), len(c.headers) > 1, contentTypeOf(c.headers))
		}
	}
	f.Add([]byte("c-1"), []byte(samplePlay), false, "")
	f.Fuzz(func(t *testing.T, key, value []byte, binary bool, contentType string) {
		headers := []Header{{Key: "content-type", Value: []byte(contentType)}}
		if binary {
			headers = append(playHeaders(), headers...)
		}
		before := slices.Clone(value)
		event, refusal := DecodePlay(key, value, headers)
		if !slices.Equal(before, value) {
			t.Fatal("the value was written to")
		}
		if refusal != nil {
			checkRefusal(t, refusal)
			return
		}
		if !regexp.MustCompile(`^-?[0-9]{1,30}(\.[0-9]{1,12})?$`).MatchString(event.Play.Impressions) || event.ID == "" {
			t.Fatalf("accepted %+v", event)
		}
		written, err := jsonv2.Marshal(event.Play)
		if err != nil {
			t.Fatal(err)
		}
		again, refusal := DecodePlay(key, []byte(withData(schemas.PlayReported, string(written))), nil)
		if refusal != nil {
			t.Fatalf("%s is refused: %+v", written, *refusal)
		}
		if diff := cmp.Diff(event.Play, again.Play); diff != "" {
			t.Fatalf("play differs (-read +again):\n%s", diff)
		}
	})
}

// FuzzWalk holds the promise that walking any text at all ends, and inside it.
func FuzzWalk(f *testing.F) {
	for _, seed := range []string{
		sampleEvent, `{"a":`, `{"a"`, `{,}`, `[[`, `{"a":"`, `{"\`, `[1,`, `{}`, `[]`, `{"":}`, `{"a"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		held := new(scratch)
		held.takeFormatted(document)
		walked := 0
		for _, leaf := range leaves(held.whole()) {
			walked += len(leaf)
		}
		if walked > len(document) {
			t.Fatalf("walked %d of %d bytes", walked, len(document))
		}
		text(document)
	})
}

// FuzzDecodeDue looks for panics, and for due transitions that do not survive being written again or of which nothing can
// be written: a record that is accepted and cannot be answered would stop its partition for good.
func FuzzDecodeDue(f *testing.F) {
	for _, e := range frozen(f, schemas.TransitionDue) {
		f.Add([]byte(e.Event))
		for _, at := range []string{"9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+00:01"} {
			f.Add(regexp.MustCompile(`"(scheduled_for|decided_at|time|ends_at)": *"[^"]*"`).ReplaceAll(e.Event, []byte(`"$1":"`+at+`"`)))
		}
	}
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, value []byte) {
		event, refusal := DecodeDue(value)
		if refusal != nil {
			checkRefusal(t, refusal)
			return
		}
		event.Source = schemas.Source // the writer knows no other
		written, err := EncodeDue(event)
		if err != nil {
			t.Fatal(err)
		}
		again, refusal := DecodeDue(written)
		if refusal != nil {
			t.Fatalf("%s is refused: %+v", written, *refusal)
		}
		if diff := cmp.Diff(event, again); diff != "" {
			t.Fatalf("due differs (-read +again):\n%s", diff)
		}
		checkAnswers(t, event.Data)
	})
}

// checkAnswers writes whatever may be answered to a due transition, and wants it to fit into its topic.
func checkAnswers(t *testing.T, due schemas.Due) {
	applied := schemas.NewEvent(due.TransitionID+"/applied", schemas.TransitionApplied, due.CampaignID, due.DecidedAt,
		schemas.Applied{Due: due, From: schemas.Scheduled, To: schemas.Cancelled, AppliedAt: due.DecidedAt, Sequence: math.MaxInt64})
	rejected := schemas.NewEvent(due.TransitionID+"/rejected", schemas.TransitionRejected, due.CampaignID, due.DecidedAt,
		schemas.Rejected{Due: due, Status: schemas.Cancelled, Reason: schemas.RejectedAlreadyActive})
	answers := map[string]func() ([]byte, error){
		"applied":  func() ([]byte, error) { return EncodeApplied(&applied) },
		"rejected": func() ([]byte, error) { return EncodeRejected(&rejected) },
	}
	if placed, err := DecodePlaced(due.Campaign); err == nil {
		answers["placed"] = func() ([]byte, error) { return EncodePlaced(placed) }
	}
	for name, encode := range answers {
		encoded, err := encode()
		if err != nil || len(encoded) > 2*schemas.RecordMaxBytes {
			t.Fatalf("%s: %d bytes, %v", name, len(encoded), err)
		}
	}
}

// FuzzDecodeApplied looks for panics, and for applied transitions that do not survive being written again.
func FuzzDecodeApplied(f *testing.F) {
	for _, e := range frozen(f, schemas.TransitionApplied) {
		f.Add([]byte(e.Event))
		for _, at := range []string{"9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+00:01"} {
			f.Add(regexp.MustCompile(`"(decided_at|applied_at|time)": *"[^"]*"`).ReplaceAll(e.Event, []byte(`"$1":"`+at+`"`)))
		}
	}
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, value []byte) {
		event, refusal := DecodeApplied(value)
		if refusal != nil {
			checkRefusal(t, refusal)
			return
		}
		event.Source = schemas.Source // the writer knows no other
		written, err := EncodeApplied(event)
		if err != nil || len(written) > 2*schemas.RecordMaxBytes {
			t.Fatalf("%d bytes, %v", len(written), err)
		}
		again, refusal := DecodeApplied(written)
		if refusal != nil {
			t.Fatalf("%s is refused: %+v", written, *refusal)
		}
		if diff := cmp.Diff(event, again); diff != "" {
			t.Fatalf("applied differs (-read +again):\n%s", diff)
		}
	})
}
