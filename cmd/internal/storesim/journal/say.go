package journal

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Say tells a line to a person, "" when it is of no interest to one.
func Say(l Line) string {
	what := said(l)
	if what == "" {
		return ""
	}
	who := l.Device
	if who == "" {
		who = l.Store
	}
	return fmt.Sprintf("%s  %-20s %s", l.At.Time().Format("15:04:05.000"), who, what)
}

func said(l Line) string {
	switch l.Event {
	case Booted:
		return booted(l)
	case Registered:
		return "registered in " + l.Store
	case Obeyed:
		return fmt.Sprintf("push   playlist %d: %s", l.Revision, counted(len(l.Playlist), "entry", "entries"))
	case Repeated:
		return fmt.Sprintf("push   playlist %d again, attempt %d", l.Revision, l.Attempt)
	case Refused:
		return fmt.Sprintf("REFUSED a command: %s", l.Reason)
	case Cached:
		return fmt.Sprintf("cached %.12s, %d bytes", l.SHA256, l.Bytes)
	case FetchFault:
		return fmt.Sprintf("fetching %.12s went wrong: %s", l.SHA256, l.Error)
	case Evicted:
		return fmt.Sprintf("evicted %.12s", l.SHA256)
	case Acked:
		return acked(l)
	case Started:
		return fmt.Sprintf("play   %s of %s", l.Creative, l.Campaign)
	case Ended:
		return ended(l)
	case Offline, Online:
		return string(l.Event)
	case Slow, DiskFull:
		return strings.TrimSpace(string(l.Event) + " " + l.Reason)
	case Off:
		return "off (" + l.Reason + ")"
	case Attack:
		return "ATTACK " + l.Reason
	case KeysFetched:
		if l.Error != "" {
			return "the engine's keys do not come (--jwks says from where): " + l.Error
		}
	case Trouble:
		return "trouble: " + l.Error
	case Totals:
		return "totals " + totalled(l.Counts)
	case Final:
		return fmt.Sprintf("final  playlist %d: %s, %s cached, plays not sent: %d", l.Revision,
			counted(len(l.Playlist), "entry", "entries"), counted(len(l.Cache), "content", "contents"), l.Unsent)
	}
	return ""
}

func totalled(counts map[string]int64) string {
	var all []string
	for _, event := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%d %s", counts[event], event))
	}
	return strings.Join(all, ", ")
}

func booted(l Line) string {
	text := "on"
	if l.Revision > 0 {
		text += fmt.Sprintf(", with playlist %d on its disk", l.Revision)
	}
	if l.ClockOffsetMs != 0 || l.ClockPPM != 0 {
		text += fmt.Sprintf(", its clock is %+d ms off and drifts %+d ppm", l.ClockOffsetMs, l.ClockPPM)
	}
	return text
}

func acked(l Line) string {
	text := fmt.Sprintf("%-6s playlist %d", l.Status, l.Revision)
	if len(l.Missing) > 0 {
		text += ", lacks " + strings.Join(l.Missing, " ")
	}
	if l.Error != "" {
		text += " (" + l.Error + ")"
	}
	return text
}

func ended(l Line) string {
	text := fmt.Sprintf("end    %s of %s", l.Creative, l.Campaign)
	if l.Reason == EndStopped {
		text = fmt.Sprintf("stop   %s of %s", l.Creative, l.Campaign)
	}
	if l.Reason == EndPower {
		text += " (no power)"
	}
	return text
}

func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
