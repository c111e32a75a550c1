package topics

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rmn-arms/campaign-engine/schemas"
)

// checkScan holds a value's document against the library's word: the same refusal, the same values in it, the same
// compact and canonical forms, whether the scanner takes the text by itself or not.
func checkScan(t rapid.TB, value []byte) {
	t.Helper()
	scanned, formatted := new(scratch), new(scratch)
	document, refusal := scanned.readDocument(value)
	wantRefusal := checkDepth(value)
	if wantRefusal == nil {
		var compact string
		compact, wantRefusal = formatted.format(value)
		formatted.takeFormatted(compact)
	}
	if diff := cmp.Diff(wantRefusal, refusal); diff != "" {
		t.Fatalf("%q: refusal differs (-library +scanner):\n%s", value, diff)
	}
	if refusal != nil {
		return
	}
	if diff := cmp.Diff(leaves(formatted.whole()), leaves(document)); diff != "" {
		t.Fatalf("%q: values differ (-library +scanner):\n%s", value, diff)
	}
	if compact, _ := new(scratch).readCompact(value); compact.text != formatted.text {
		t.Fatalf("%q: compact form is\n%s\nnot\n%s", value, compact.text, formatted.text)
	}
	want := jsontext.Value(value).Clone()
	if err := want.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	if got := document.appendCanonical(nil); string(got) != string(want) {
		t.Fatalf("%q: canonical form is\n%s\nnot\n%s", value, got, want)
	}
}

// leaves returns all names and scalars of a value, in their order, and where something begins and ends.
func leaves(value part) (all []string) {
	switch {
	case value.isObject():
		all = append(all, "{")
		for name, member := range value.members() {
			all = append(append(all, name+":"), leaves(member)...)
		}
		return append(all, "}")
	case value.isArray():
		all = append(all, "[")
		for element := range value.elements() {
			all = append(all, leaves(element)...)
		}
		return append(all, "]")
	}
	return append(all, value.text)
}

// fragments are what makes JSON difficult when it stands in the right place, or in the wrong one.
func fragments() []string {
	return []string{
		`"`, `\`, `{`, `}`, `[`, `]`, `,`, `:`, " ", "\n", "\t", "\r", "\v", "\x00", "\x1f", "\x7f", "\xff", "\xc3", "\xe2\x80",
		"\xed\xa0\x80", "\u2028", "é", "😀", `\"`, `\/`, `\u0041`, `\u000A`, `\ud83d\ude00`, `\ud83d`, `\ude00`, `\x`,
		`-`, `-0`, `00`, `01`, `1.0`, `1e2`, `123456789012345`, `1234567890123456`, `9007199254740993`, `1e400`,
		`true`, `fals`, `null`, `nul`, `"a":1,`, `"a":1,"a":2`, `"a":1,"\u0061":2`, `{"abcdefgh2":1,"abcdefgh1":2,"abcdefgh":3}`,
		`{"abcdefgh":1,"abcdefgh":2}`,
		`{"é":1,"z":{"😀":1,"\ufb33":2},"\n":3}`, strings.Repeat("[", 31) + strings.Repeat("]", 31), strings.Repeat(`{"a":`, 33),
		manyMembers(namesMax), manyMembers(namesMax + 1), manyMembers(3 * namesMax),
	}
}

// manyMembers returns an object whose names are in no order.
func manyMembers(count int) string {
	names := make([]string, count)
	for i := range names {
		names[i] = `"` + string(rune('a'+i*7%26)) + strings.Repeat("x", i) + `":0`
	}
	return "{" + strings.Join(names, ",") + "}"
}

func TestScannerAndLibraryAgree(t *testing.T) {
	const variants = 20 // of a text in each check
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{sampleEvent, drawJSON(t, 4)}).Draw(t, "text")
		for range variants {
			edited := text
			for range rapid.IntRange(0, 2).Draw(t, "edits") {
				begin := rapid.IntRange(0, len(edited)).Draw(t, "begin")
				end := min(len(edited), begin+rapid.SampledFrom([]int{0, 0, 0, 1, 1, 5, 1000}).Draw(t, "cut"))
				edited = edited[:begin] + rapid.SampledFrom(fragments()).Draw(t, "fragment") + edited[end:]
			}
			checkScan(t, []byte(edited))
		}
	})
}

func TestScannerAndLibraryAgreeAtEveryPlace(t *testing.T) {
	text := `{"name":"Spring sale","b":[{"x":10,"a":""},true,1],"a":-3,"d":4 }`
	for _, fragment := range fragments() {
		for at := range len(text) + 1 {
			checkScan(t, []byte(text[:at]+fragment+text[at:]))
			checkScan(t, []byte(text[:at]+fragment))
			if at < len(text) {
				checkScan(t, []byte(text[:at]+fragment+text[at+1:]))
			}
		}
	}
}

func TestScannerTakesWhatServicesSend(t *testing.T) {
	texts := []string{
		sampleEvent, strings.ReplaceAll(sampleEvent, ",", " ,\r\n\t"), strings.Replace(sampleEvent, "Spring", "Frühling 東京", 1),
		`{"x":` + times("[", schemas.NestingMaxDepth-1) + times("]", schemas.NestingMaxDepth-1) + `}`, manyMembers(namesMax),
		`{"starts_at_local":null,"starts_at":-1}`,
	}
	for _, text := range texts {
		if !new(document).takePlain(text) {
			t.Errorf("it does not take %s", text)
		}
	}
}

// FuzzScan looks for texts that the scanner and the library read differently.
func FuzzScan(f *testing.F) {
	for _, seed := range append(fragments(), sampleEvent) {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) { checkScan(t, value) })
}
