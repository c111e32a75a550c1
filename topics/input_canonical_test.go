package topics

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

// TestAppendCanonicalOrdersNames takes the example of RFC 8785, section 3.2.3, and what the order makes difficult.
func TestAppendCanonicalOrdersNames(t *testing.T) {
	cases := map[string]string{
		`{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}`: "" +
			`{"\r":2,"1":4,` + "\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":1,\"\U0001F600\":5,\"\uFB33\":3}",
		`{"b":[{"d":1,"c":[]},[],{}],"a":{"\"":1,"!":2,"#":3}}`: `{"a":{"!":2,"\"":1,"#":3},"b":[{"c":[],"d":1},[],{}]}`,
		`{"aa":1,"a":2,"":3}`: `{"":3,"a":2,"aa":1}`,
		` [ 1E30 , 4.50, 2e-3, 0.000000000000000000000000001, -0 ] `: `[1e+30,4.5,0.002,1e-27,0]`,
	}
	for input, want := range cases {
		if got := canonical(t, input); got != want {
			t.Errorf("canonical form of %s\n is %s\nnot %s", input, got, want)
		}
	}
}

func canonical(t testing.TB, input string) string {
	t.Helper()
	document, refusal := new(scratch).readDocument([]byte(input))
	if refusal != nil {
		t.Fatalf("%q: %v", input, *refusal)
	}
	return string(document.appendCanonical(nil))
}

// drawJSON draws a JSON text with awkward names, notations and white space; a name may come twice.
func drawJSON(t *rapid.T, depth int) string {
	space := rapid.SampledFrom([]string{"", "", " ", "\n\t"}).Draw(t, "space")
	name := rapid.SampledFrom([]string{
		`"a"`, `"b"`, `"\u0061b"`, `"é"`, `"\u20ac"`, `"😀"`, `"\ufb33"`, `"\""`, `"\\"`, `"\n"`, `"aa"`, `""`, `"~"`,
	})
	kind := rapid.SampledFrom([]int{0, 1, 2, 3, 3, 4, 4, 4, 4}).Draw(t, "kind")
	if depth == 0 {
		kind %= 3
	}
	var parts []string
	count := rapid.IntRange(0, 5).Draw(t, "count")
	switch kind {
	case 0:
		numbers := []string{"0", "-0", "1E2", "1.50", "1e-7", "9007199254740993", "1e400"}
		return space + rapid.SampledFrom(numbers).Draw(t, "number")
	case 1:
		return space + name.Draw(t, "string") + space
	case 2:
		return rapid.SampledFrom([]string{"null", "true", "false"}).Draw(t, "literal") + space
	case 3:
		for range count {
			parts = append(parts, drawJSON(t, depth-1))
		}
		return "[" + space + strings.Join(parts, ",") + "]"
	}
	for range count {
		parts = append(parts, space+name.Draw(t, "name")+space+":"+drawJSON(t, depth-1))
	}
	return "{" + space + strings.Join(parts, ",") + "}" + space
}

func TestAppendCanonicalIsTheLibrarysCanonicalForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		input := drawJSON(t, 4)
		want := jsontext.Value(input)
		err := want.Canonicalize()
		document, refusal := new(scratch).readDocument([]byte(input))
		if (err == nil) != (refusal == nil) {
			t.Fatalf("%s: the library says %v, the decoder %v", input, err, refusal)
		}
		if refusal != nil {
			return
		}
		if got := document.appendCanonical(nil); string(got) != string(want) {
			t.Fatalf("canonical form of %s\n is %s\nnot %s", input, got, want)
		}
	})
}

func hashOfForm(form []byte) ContentHash {
	sum := sha256.Sum256(form)
	return ContentHash(sum[:16])
}

func TestContentHashIsOfTheContentAlone(t *testing.T) {
	decode := func(value string) CampaignEvent {
		event, refusal := DecodeCampaignEvent([]byte("c-1"), []byte(value), nil)
		if refusal != nil {
			t.Fatal(*refusal)
		}
		return event
	}
	event := decode(sampleEvent)
	if event.ContentHash != hashOfForm([]byte(canonical(t, sampleData()))) {
		t.Error("the hash is not the first half of SHA-256 over the canonical data")
	}
	const cpm = `"cpm":"2.50",`
	envelope := strings.NewReplacer("e-1", "e-2", "campaign.created", "campaign.updated", "T08", "T09")
	order := strings.NewReplacer(cpm, "", `"data":{`, `"data":{`+cpm)
	same := map[string]string{
		"envelope":         envelope.Replace(sampleEvent),
		"white space":      strings.ReplaceAll(sampleEvent, ",", " , "),
		"number":           strings.Replace(sampleEvent, "15000", "1.5e4", 1),
		"escape":           strings.Replace(sampleEvent, "Spring", `\u0053pring`, 1),
		"order of members": order.Replace(sampleEvent),
	}
	for what, value := range same {
		if decode(value).ContentHash != event.ContentHash {
			t.Errorf("another %s gives another hash", what)
		}
	}
	other := map[string]string{
		"name":          strings.Replace(sampleEvent, "Spring", "Summer", 1),
		"unknown field": strings.Replace(sampleEvent, `"data":{`, `"data":{"x":1,`, 1),
		"null":          strings.Replace(sampleEvent, `"data":{`, `"data":{"disambiguation":null,`, 1),
		"order":         strings.Replace(sampleEvent, `"s-1","s-2"`, `"s-2","s-1"`, 1),
	}
	for what, value := range other {
		if decode(value).ContentHash == event.ContentHash {
			t.Errorf("another %s gives the same hash", what)
		}
	}
}
