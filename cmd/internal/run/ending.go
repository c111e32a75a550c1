package run

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/rmn-arms/campaign-engine/processors/engine"
)

// ending is the one error of a process whose groups ended with errs, told once: what ends one group often ends the others.
func ending(instance string, errs []error) error {
	err := errors.Join(errs...)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, engine.ErrFencedInstance):
		return fmt.Errorf("%w (this one ran as %s; the newer one goes on)", engine.ErrFencedInstance, instance)
	}
	return &plainError{err, told(err)}
}

// plainError says what an error says, without what it repeats.
type plainError struct {
	error
	text string
}

func (e *plainError) Error() string { return e.text }
func (e *plainError) Unwrap() error { return e.error }

// told returns an error's text; of what was joined, each part that an earlier one does not say already. Goka wraps what it is
// given back as text, so the engine's errors come beside goka's copies of them.
func told(err error) string {
	text := err.Error()
	switch wrapper := any(err).(type) {
	case interface{ Unwrap() []error }:
		if parts := wrapper.Unwrap(); text == errors.Join(parts...).Error() {
			return strings.Join(distinct(parts), "\n")
		}
	case interface{ Unwrap() error }:
		inner := wrapper.Unwrap()
		if inner == nil {
			break
		}
		if before, found := strings.CutSuffix(text, inner.Error()); found {
			return before + told(inner)
		}
	}
	return withoutList(text)
}

func distinct(parts []error) []string {
	var texts []string
	said := func(text string) bool {
		for _, earlier := range texts {
			if strings.Contains(text, earlier) {
				return true
			}
		}
		return false
	}
	for _, part := range parts {
		if text := told(part); !said(text) {
			texts = append(texts, text)
		}
	}
	return texts
}

// listMarks are how goka's errors frame the few that there are, mostly one.
var listMarks = regexp.MustCompile(`(?m)\d+ errors? occurred:\n|^\t\* `)

func withoutList(text string) string {
	return strings.TrimSpace(listMarks.ReplaceAllString(text, ""))
}
