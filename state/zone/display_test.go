package zone

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rmn-arms/campaign-engine/state/instant"
)

// changesOf returns the instants at which a zone's offset or abbreviation changes, up to one instant. Where the database goes on
// by a rule, ZoneBounds also names the turns of years, which are none: they are left out by their offset and abbreviation.
func changesOf(z *Zone, from, to instant.Instant) (changes []instant.Instant) {
	for at := from; at < to; {
		next := z.periodFrom(at).until
		if next > to {
			break
		}
		before, after := (next - 1).Time().In(z.location), next.Time().In(z.location)
		oldName, oldOffset := before.Zone()
		newName, newOffset := after.Zone()
		if oldName != newName || oldOffset != newOffset {
			changes = append(changes, next)
		}
		at = next
	}
	return changes
}

// readDisplayed reads a displayed time back: what the wall shows, less the offset. The library's own reading of an offset of less
// than a minute behind UTC is not to be relied on.
func readDisplayed(text string) (at instant.Instant, abbreviation string, err error) {
	fields := strings.Fields(text)
	if len(fields) < 3 || !shapedOffset.MatchString(fields[2]) {
		return 0, "", errors.New("it has no offset")
	}
	wall, err := time.Parse("2006-01-02 15:04:05.999", fields[0]+" "+fields[1])
	seconds := 0
	for _, part := range strings.Split(fields[2][1:]+":00", ":")[:3] {
		n, err := strconv.Atoi(part)
		if err != nil {
			return 0, "", err
		}
		seconds = seconds*60 + n
	}
	if fields[2][0] == '-' {
		seconds = -seconds
	}
	return instant.Of(wall).Add(-instant.Millis(seconds) * 1000), strings.Join(fields[3:], " "), err
}

var shapedOffset = regexp.MustCompile(`^[+-]\d\d:[0-5]\d(:[0-5]\d)?$`)

// TestDisplayAtEveryChange: what people read names one instant, also while the wall shows an hour twice, and shows what the wall
// does. It holds in every zone around each of its changes from 1800 to 2100.
func TestDisplayAtEveryChange(t *testing.T) {
	from := instant.Of(time.Date(1800, 1, 1, 0, 0, 0, 0, time.UTC))
	to := instant.Of(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
	word := regexp.MustCompile(`^([A-Z][A-Za-z]{2,5})?$`)
	zones, changes, texts := 0, 0, 0
	for _, name := range names(t) {
		z := load(t, name)
		zones++
		for _, change := range changesOf(z, from, to) {
			changes++
			for _, at := range []instant.Instant{change - 3_600_000, change - 1, change, change + 1, change + 3_600_000 - 1} {
				text := Display(name, at)
				back, abbreviation, err := readDisplayed(text)
				if err != nil || back != at || !word.MatchString(abbreviation) {
					t.Fatalf("%s: %s is displayed as %q, which is read as %s, %q, %v", name, write(at), text, write(back), abbreviation, err)
				}
				if wall := z.LocalAt(at); !strings.HasPrefix(strings.Replace(text, " ", "T", 1), wall.String()+" ") {
					t.Fatalf("%s: %s is displayed as %q; the wall shows %s", name, write(at), text, wall)
				}
				texts++
			}
		}
	}
	t.Logf("%d zones, %d changes, %d texts", zones, changes, texts)
	if zones < 590 || changes < 60_000 {
		t.Errorf("%d zones with %d changes were looked at: too few", zones, changes)
	}
}

// TestDisplayWhereTheZoneIsNotKnown: the caller has the time in UTC to show.
func TestDisplayWhereTheZoneIsNotKnown(t *testing.T) {
	for _, name := range []string{"", "Local", "Mars/Olympus"} {
		if text := Display(name, 0); text != "" {
			t.Errorf("in %q 1970 is %q", name, text)
		}
	}
}
