//go:build kafka

package zone

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// TestPythonSaysTheSame asks a second implementation: Python's zoneinfo and datetime, which read the same zoneinfo.zip. The data
// are then one release, so each difference is a mistake of the one or the other; and there is none that is explained away: reading
// TZif files, going on by their rules, and finding what a wall shows are all done twice, by people who know nothing of each other.
// Java's java.time would bring a release of its own, another one on each machine, with differences that are none.
//
// In every zone, around each change from 1800 to 2037, and around some far ahead, where it goes on by a rule: what a wall shows
// that is skipped or repeated, at its edges and a millisecond beside them, by all four disambiguations; and what people are shown.
// Between the changes a wall-clock time and an instant are drawn every sixty days or so, which also would show a change that
// this side does not know of.
func TestPythonSaysTheSame(t *testing.T) {
	const seed = 1
	peer := startPeer(t)
	draw := rand.New(rand.NewPCG(seed, 0))
	var zones, changes, walls, shown, differences int
	for _, name := range names(t) {
		zone := load(t, name)
		around := append(changesOf(zone, yearStart(1800), yearStart(2038)), farChangesOf(zone)...)
		locals, instants := questionsAround(zone, around)
		drawnLocals, drawnInstants := questionsBetween(draw)
		locals, instants = append(locals, drawnLocals...), append(instants, drawnInstants...)
		answers := peer.ask(t, name, locals, instants)
		for i, local := range locals {
			if own := answerOf(zone, local); own != answers[i] {
				differences++
				t.Errorf("%s: %s is %s, Python says %s", name, local, own, answers[i])
			}
		}
		for i, at := range instants {
			if own, other := Display(name, at), answers[len(locals)+i]; own != other {
				differences++
				t.Errorf("%s: %s is displayed as %q, Python says %q", name, write(at), own, other)
			}
		}
		zones, changes, walls, shown = zones+1, changes+len(around), walls+len(locals), shown+len(instants)
		if differences > 100 {
			t.Fatal("too many differences")
		}
	}
	t.Logf("tzdb %s, seed %d: %d zones, %d changes; compared are %d wall-clock times by 4 disambiguations and %d displayed instants: "+
		"%d comparisons, %d differences", DatabaseVersion, seed, zones, changes, walls, shown, 4*walls+shown, differences)
	if zones < 590 || changes < 40_000 {
		t.Errorf("%d zones with %d changes were looked at: too few", zones, changes)
	}
}

func yearStart(year int) instant.Instant {
	return instant.Of(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
}

// farChangesOf returns the changes of some years far ahead, leap years, centuries and the last but one that there is.
func farChangesOf(z *Zone) (changes []instant.Instant) {
	for _, year := range []int{2038, 2039, 2040, 2096, 2100, 2399, 2400, 4000, 9998} {
		changes = append(changes, changesOf(z, yearStart(year), yearStart(year+1))...)
	}
	return changes
}

// questionsAround returns what is asked around changes: of wall-clock times those at the edges of what is skipped or repeated, and
// within.
func questionsAround(z *Zone, changes []instant.Instant) (locals []Local, instants []instant.Instant) {
	for _, change := range changes {
		before, after := Local(change.Add(z.offsetAt(change-1))), Local(change.Add(z.offsetAt(change)))
		low, high := min(before, after), max(before, after)
		locals = append(locals, low-1, low, low+1, low+(high-low)/2, high-1, high, high+1)
		instants = append(instants, change-1, change, change+1)
	}
	return locals, instants
}

// questionsBetween draws wall-clock times and instants all over 1968 to 2039.
func questionsBetween(draw *rand.Rand) (locals []Local, instants []instant.Instant) {
	const drawnEvery = 60 * 86_400_000
	for at := yearStart(1968); at < yearStart(2040); at += drawnEvery {
		locals = append(locals, Local(at)+Local(draw.Int64N(drawnEvery)))
		instants = append(instants, at+instant.Instant(draw.Int64N(drawnEvery)))
	}
	return locals, instants
}

// answerOf is what this side says to a wall-clock time, as peer.py writes it.
func answerOf(z *Zone, local Local) string {
	var words []string
	for _, how := range []Disambiguation{Earlier, Later, Compatible, Reject} {
		at, err := z.Resolve(local, how)
		switch {
		case errors.Is(err, ErrSkipped):
			words = append(words, "skipped")
		case errors.Is(err, ErrRepeated):
			words = append(words, "repeated")
		case err != nil:
			words = append(words, err.Error())
		default:
			words = append(words, strconv.FormatInt(int64(at), 10))
		}
	}
	return strings.Join(words, ",")
}

// peer is peer.py at work.
type peer struct {
	questions io.Writer
	answers   *bufio.Reader
}

func startPeer(t *testing.T) *peer {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("no python3 (3.9 or newer) to compare with: apt-get install -y python3")
	}
	command := exec.CommandContext(context.WithoutCancel(t.Context()), python, "testdata/peer.py", "zoneinfo.zip")
	questions, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaints strings.Builder
	command.Stderr = &complaints
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(questions.Close(), command.Wait()); err != nil {
			t.Errorf("Python ended with %v: %s", err, complaints.String())
		}
	})
	return &peer{questions, bufio.NewReaderSize(answers, 1<<20)}
}

// ask returns an answer to each question.
func (p *peer) ask(t *testing.T, zone string, locals []Local, instants []instant.Instant) []string {
	t.Helper()
	var line strings.Builder
	line.WriteString(zone)
	for _, local := range locals {
		fmt.Fprintf(&line, "\tL%d", int64(local))
	}
	for _, at := range instants {
		fmt.Fprintf(&line, "\tU%d", int64(at))
	}
	line.WriteString("\n")
	if _, err := io.WriteString(p.questions, line.String()); err != nil {
		t.Fatal(err)
	}
	answer, err := p.answers.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSuffix(answer, "\n"), "\t")
	if len(answers) != len(locals)+len(instants) {
		t.Fatalf("%s: %d answers to %d questions", zone, len(answers), len(locals)+len(instants))
	}
	return answers
}
