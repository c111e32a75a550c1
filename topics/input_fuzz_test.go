package topics

import (
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
// does not survive being written again. Its seeds are all the cases of the table tests.
func FuzzDecodeCampaignEvent(f *testing.F) {
	for _, c := range refusals() {
		if len(c.value) <= 64<<10 && len(c.key) <= 1<<10 {
			f.Add([]byte(c.key), []byte(c.value), len(c.headers) > 1, contentTypeOf(c.headers))
		}
	}
	f.Add([]byte("c-1"), []byte(sampleEvent), false, "")
	f.Add([]byte("c-1"), []byte(sampleData()), true, "application/json")
	f.Add([]byte(nil), []byte(nil), true, "")
	f.Fuzz(func(t *testing.T, key, value []byte, binary bool, contentType string) {
		headers := []Header{{Key: "content-type", Value: []byte(contentType)}}
		if binary {
			headers = append(binaryHeaders(), headers...)
		}
		before := slices.Clone(value)
		event, refusal := DecodeCampaignEvent(key, value, headers)
		if !slices.Equal(before, value) {
			t.Fatal("the value was written to")
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
	if again.ContentHash != hashOf(string(form)) {
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

// FuzzWalk holds the promise that walking any text at all ends, and inside it.
func FuzzWalk(f *testing.F) {
	for _, seed := range []string{sampleEvent, `{"a":`, `{"a"`, `{,}`, `[[`, `{"a":"`, `{"\`, `[1,`, `{}`, `[]`, `{"":}`, `{"a"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, document string) {
		walked := 0
		for name, value := range members(document) {
			walked += len(name) + len(value)
		}
		if isArray(document) {
			for value := range elements(document) {
				walked += len(value)
			}
		}
		if walked > len(document) {
			t.Fatalf("walked %d of %d bytes", walked, len(document))
		}
		text(document)
	})
}
