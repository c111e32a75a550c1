package story

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed expected.txt
var expectedText string

// Expected is what must come of the story, as it was written by hand: lines of two spaces and more belong to the title above
// them, # begins a comment, and how much space is between words plays no part. A title may name several: "sent to a, b".
func Expected() string { return expectedText }

// readSections reads a text that is written as Expected is.
func readSections(text string) (all []section) {
	var titles []section
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		said := strings.Join(strings.Fields(line), " ")
		switch {
		case said == "":
		case !strings.HasPrefix(line, "  ") || len(titles) == 0:
			all = append(all, titles...)
			titles = titlesOf(said)
		default:
			for i := range titles {
				titles[i].lines = append(titles[i].lines, said)
			}
		}
	}
	return append(all, titles...)
}

// titlesOf returns a section for each that a title names.
func titlesOf(title string) (all []section) {
	parts := strings.Split(title, ", ")
	what := parts[0][:strings.LastIndex(parts[0], " ")+1]
	for i, part := range parts {
		if i > 0 {
			part = what + part
		}
		all = append(all, section{title: part})
	}
	return all
}

// compare returns what differs, a line each, and how many lines must be.
func compare(must, is []section) (differences []string, compared int) {
	must, is = merged(must), merged(is)
	for _, m := range must {
		compared += len(m.lines)
		i := slices.IndexFunc(is, func(f section) bool { return f.title == m.title })
		if i < 0 {
			is = append(is, section{title: m.title})
			i = len(is) - 1
		}
		differences = append(differences, titled(m.title, differ(m.lines, is[i].lines))...)
		is[i].lines = nil
	}
	for _, f := range is {
		differences = append(differences, titled(f.title, differ(nil, f.lines))...)
	}
	return differences, compared
}

// merged puts sections of one title together: what comes twice is seen to.
func merged(all []section) (once []section) {
	for _, s := range all {
		i := slices.IndexFunc(once, func(o section) bool { return o.title == s.title })
		if i < 0 {
			once = append(once, section{title: s.title})
			i = len(once) - 1
		}
		for _, line := range s.lines {
			once[i].lines = append(once[i].lines, strings.Join(strings.Fields(line), " "))
		}
	}
	return once
}

func titled(title string, lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	return append([]string{title}, lines...)
}

// differ returns how lines differ, by their longest common part.
func differ(must, is []string) (all []string) {
	// common[i][j] is how long the common part of must[i:] and is[j:] is.
	common := make([][]int, len(must)+1)
	for i := range common {
		common[i] = make([]int, len(is)+1)
	}
	for i := len(must) - 1; i >= 0; i-- {
		for j := len(is) - 1; j >= 0; j-- {
			common[i][j] = max(common[i+1][j], common[i][j+1])
			if must[i] == is[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	i, j := 0, 0
	for i < len(must) || j < len(is) {
		switch {
		case i < len(must) && j < len(is) && must[i] == is[j]:
			i, j = i+1, j+1
		case j == len(is) || i < len(must) && common[i+1][j] >= common[i][j+1]:
			all = append(all, "  must be: "+must[i])
			i++
		default:
			all = append(all, "  but is:  "+is[j])
			j++
		}
	}
	return all
}

// differencesShown bounds what is told: where much is wrong the first of it says why.
const differencesShown = 200

// begun returns what must be as far as it has come: each section up to the last line that was found, or as many lines as were
// found.
func begun(must, is []section) (all []section) {
	is = merged(is)
	for _, m := range must {
		i := slices.IndexFunc(is, func(f section) bool { return f.title == m.title })
		if i < 0 {
			continue
		}
		left := is[i].lines
		lines := m.lines[:min(len(m.lines), len(left))]
		for j, line := range m.lines {
			if at := slices.Index(left, line); at >= 0 {
				lines, left = m.lines[:max(len(lines), j+1)], left[at+1:]
			}
		}
		all = append(all, section{m.title, lines})
	}
	return all
}

// judge tells what differs from what must be. broken says for what the story has waited in vain.
// Its error is ErrDiffers.
func (t *stage) judge(found []section, broken error) error {
	must := readSections(t.Expected)
	if t.without != "" {
		must = slices.DeleteFunc(must, func(s section) bool { return s.title == mailsTitle || strings.HasPrefix(s.title, walletTitle) })
	}
	t.say("\n== What must be")
	if broken != nil {
		t.say("%s; what comes behind that was not played, and is not expected", broken)
		must = begun(must, found)
	}
	differences, compared := compare(must, found)
	lawless, held := t.seen.laws()
	for i, line := range slices.Concat(differences, lawless) {
		if i == differencesShown {
			t.say("and %d lines more", len(differences)+len(lawless)-i)
			break
		}
		t.say("%s", line)
	}
	if t.without != "" {
		t.say("mails and wallet were left out, for there are no tables: %s", t.without)
	}
	if broken != nil || len(differences)+len(lawless) > 0 || t.without != "" {
		return fmt.Errorf("comparing what has come of it: %w", ErrDiffers)
	}
	t.say("everything is as it must be: %d things were compared, and %d held against the rules", compared, held)
	return nil
}
