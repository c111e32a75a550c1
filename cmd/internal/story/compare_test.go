package story

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// clone returns sections that share no line.
func clone(all []section) (own []section) {
	for _, s := range all {
		own = append(own, section{s.title, slices.Clone(s.lines)})
	}
	return own
}

// TestEveryDifferenceIsFound: of what is expected, each line that is missing, other, twice or at another place; and what is
// not expected at all.
func TestEveryDifferenceIsFound(t *testing.T) {
	must := readSections(Expected())
	if differences, compared := compare(must, clone(must)); len(differences) > 0 || compared < 100 {
		t.Fatalf("of %d lines these differ from themselves: %q", compared, differences)
	}
	finds := func(what string, is []section, told ...string) {
		t.Helper()
		differences, _ := compare(must, is)
		for _, line := range told {
			if !slices.Contains(differences, line) {
				t.Errorf("%s: it finds %q, and not %q", what, differences, line)
			}
		}
		if len(differences) != len(told) {
			t.Errorf("%s: it finds %q, want %q", what, differences, told)
		}
	}
	for i, s := range must {
		for j, line := range s.lines {
			missing, other, twice := clone(must), clone(must), clone(must)
			missing[i].lines = slices.Delete(missing[i].lines, j, j+1)
			other[i].lines[j] += "!"
			twice[i].lines = slices.Insert(twice[i].lines, j, line)
			finds("a missing line", missing, s.title, "  must be: "+line)
			finds("another line", other, s.title, "  must be: "+line, "  but is:  "+line+"!")
			finds("a line twice", twice, s.title, "  but is:  "+line)
			if j > 0 && s.lines[j-1] != line {
				swapped := clone(must)
				swapped[i].lines[j], swapped[i].lines[j-1] = swapped[i].lines[j-1], line
				if differences, _ := compare(must, swapped); len(differences) != 3 {
					t.Errorf("two lines that have changed places: it finds %q", differences)
				}
			}
		}
		again := append(clone(must), clone(must[i:i+1])...)
		if differences, _ := compare(must, again); len(differences) != 1+len(s.lines) {
			t.Errorf("%s twice: it finds %q", s.title, differences)
		}
	}
	finds("what nobody expects", append(clone(must), section{"mails", []string{"one"}}), "mails", "  but is:  one")
}

// TestWhatWasNotPlayedIsNotExpected, but for what stands before something that has come.
func TestWhatWasNotPlayedIsNotExpected(t *testing.T) {
	must := []section{{"a", []string{"1", "2", "3", "4"}}, {"b", []string{"1", "2"}}, {"c", []string{"1"}}}
	got := begun(must, []section{{"a", []string{"1", "3"}}, {"b", []string{"other"}}})
	want := []section{{"a", []string{"1", "2", "3"}}, {"b", []string{"1"}}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("it expects %q, want %q", got, want)
	}
}

func TestExpectationsAreRead(t *testing.T) {
	got := readSections("# a comment\nsent to a, b  # both\n  one   line\n\n  another # of two\nc\n")
	want := []section{{"sent to a", []string{"one line", "another"}}, {"sent to b", []string{"one line", "another"}}, {"c", nil}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("it reads %q, want %q", got, want)
	}
}

// TestTheReadmeCountsWhatIsCompared, as the demonstration says it when everything is as it must be.
func TestTheReadmeCountsWhatIsCompared(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, compared := compare(readSections(Expected()), nil)
	if want := fmt.Sprintf("everything is as it must be: %d things were compared", compared); !strings.Contains(string(text), want) {
		t.Errorf("the README does not say %q", want)
	}
}
