package statement

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rmn-arms/campaign-engine/schemas"
	"github.com/rmn-arms/campaign-engine/state/instant"
	"github.com/rmn-arms/campaign-engine/state/zone"
)

// TestEveryZoneIsTold: a statement tells its times in each zone of the database as the one function for people does.
func TestEveryZoneIsTold(t *testing.T) {
	const starts, ends, locked = schemas.Instant(1_782_856_800_000), schemas.Instant(1_796_101_200_021), schemas.Instant(1_796_104_800_000)
	for _, name := range zone.Default().Names() {
		s := Shown{TimeZone: name, LockedAt: new(locked), Versions: []int64{1}}
		s.Version, s.Window = 1, schemas.Window{StartsAt: starts, EndsAt: ends}
		text := written(t, &s)
		for _, at := range []schemas.Instant{starts, ends, locked} {
			if want := zone.Display(name, instant.Instant(at)); want == "" || !strings.Contains(text, at.String()+"  "+want) {
				t.Errorf("in %s it does not tell %s as %q:\n%s", name, at, want, text)
			}
		}
	}
}

func TestAZoneThatIsNotKnownIsToldInUTC(t *testing.T) {
	text := written(t, &Shown{TimeZone: "Mars/Olympus", Provisional: true})
	if !strings.Contains(text, "1970-01-01T00:00:00.000Z\n") {
		t.Errorf("it does not tell the start, of 1970, in UTC alone:\n%s", text)
	}
}

func written(t *testing.T, s *Shown) string {
	t.Helper()
	var text bytes.Buffer
	if err := s.Write(&text, false); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
