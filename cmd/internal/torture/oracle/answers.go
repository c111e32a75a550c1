package oracle

import (
	"maps"
	"slices"
)

// answers holds, per transition id, what must have become of it; two where it was due twice.
type answers map[string][]answer

// foldStatus folds transitions-due by the lifecycle's table.
func foldStatus(dues []transition) (map[string]*standing, answers) {
	standings, all := map[string]*standing{}, answers{}
	for i := range dues {
		t := &dues[i]
		if standings[t.Campaign] == nil {
			standings[t.Campaign] = &standing{}
		}
		all[t.ID] = append(all[t.ID], standings[t.Campaign].take(t))
	}
	return standings, all
}

// checkAnswers compares transitions-applied and -rejected with what the fold says: every field, and the sequence in the order
// in which it was written.
func checkAnswers(all answers, applied, rejected []transition, findings *Findings) {
	got := map[string][]*transition{}
	sequences := map[string]int64{}
	for i := range applied {
		t := &applied[i]
		got[t.ID] = append(got[t.ID], t)
		if last := sequences[t.Campaign]; t.Sequence != last+1 {
			findings.add(Wrong, "I9", t.ID, t.At, "has sequence %d after %d", t.Sequence, last)
		}
		sequences[t.Campaign] = t.Sequence
	}
	for i := range rejected {
		got[rejected[i].ID] = append(got[rejected[i].ID], &rejected[i])
	}
	for _, id := range slices.Sorted(maps.Keys(all)) {
		compareAnswers(id, all[id], got[id], findings)
		delete(got, id)
	}
	for _, id := range slices.Sorted(maps.Keys(got)) {
		findings.add(Wrong, "I6", id, got[id][0].At, "was decided, but never due")
	}
}

func compareAnswers(id string, want []answer, got []*transition, findings *Findings) {
	for i, t := range got {
		if i > 0 {
			findings.add(Doubled, "I2", id, t.At, "was decided before, at %s", got[0].At)
		}
	}
	for i := range want {
		a := &want[i]
		if i >= len(got) {
			findings.add(Lost, "I1", id, a.due.At, "was due, and neither applied nor rejected")
			continue
		}
		t := got[i]
		if wrong := a.differs(t); wrong != "" {
			findings.add(Wrong, "I7", id, t.At, "%s: %s; want %s, from %q to %q, sequence %d, first %t", wrong, t.told(),
				a.told(), a.from, a.to, a.sequence, a.first)
		}
	}
}

// differs names what a decided transition says otherwise than the fold.
func (a *answer) differs(t *transition) string {
	due := a.due
	switch {
	case t.ScheduledFor != due.ScheduledFor || t.DecidedAt != due.DecidedAt || t.LatenessMs != due.LatenessMs ||
		t.ChangeReason != due.ChangeReason:
		return "its due transition"
	case t.Reason != a.reason:
		return "the outcome"
	case a.reason != "" && t.Status != a.from:
		return "the status met"
	case a.reason != "":
		return ""
	case t.From != a.from || t.To != a.to || t.Sequence != a.sequence || t.FirstActive != a.first:
		return "the step"
	case t.AppliedAt != due.DecidedAt:
		return "applied_at"
	case t.Placed == nil || *t.Placed != a.shown:
		return "the campaign in force"
	}
	return ""
}

func (a *answer) told() string {
	if a.reason != "" {
		return "rejected as " + a.reason
	}
	return "applied"
}

func (t *transition) told() string {
	if t.Reason != "" {
		return "rejected as " + t.Reason
	}
	return "applied from " + t.From + " to " + t.To
}
