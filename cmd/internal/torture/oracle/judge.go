package oracle

// Names are the topics as findings name them.
type Names struct{ Events, Due, Applied, Rejected, DeadLetters string }

// Verdict is what the oracle says of a run.
type Verdict struct {
	Findings Findings
	Inputs   InputCounts
	// Due, Applied and Rejected count committed transitions.
	Due, Applied, Rejected int
	// Pending counts the timed transitions that still wait.
	Pending int
	// Overtaken counts changes that were decided before a timer that was due, as the contract allows after a takeover.
	Overtaken int
	// Timed are all timed transitions, in the order of their records.
	Timed []Timed
}

// Timed is a timed transition: when it was decided, and how late that was.
type Timed struct{ DecidedAt, LatenessMs int64 }

// Judge folds the inputs, and compares everything that the engine wrote with what they call for.
func Judge(logs Logs, tables Tables, names Names, settings Settings) Verdict {
	var v Verdict
	inputs := foldInputs(logs.Events, names.Events, &v.Findings)
	dues := readAll(logs.Due, names.Due, "transition.due", "", &v.Findings)
	applied := readAll(logs.Applied, names.Applied, "transition.applied", "/applied", &v.Findings)
	rejected := readAll(logs.Rejected, names.Rejected, "transition.rejected", "/rejected", &v.Findings)

	q := newSequencer(inputs.accepted, &settings, &v.Findings)
	for i := range dues {
		q.follow(&dues[i])
	}
	q.end()
	standings, expected := foldStatus(dues)
	checkAnswers(expected, applied, rejected, &v.Findings)
	checkLetters(logs.DeadLetters, inputs.refused, names.DeadLetters, &v.Findings)
	if settings.Partitions > 0 {
		checkHomes(logs, tables, names, settings.Partitions, &v.Findings)
	}
	if tables.Timers != nil {
		checkTimers(tables.Timers, q.courses, &v.Findings)
	}
	if tables.Status != nil {
		checkStatus(tables.Status, standings, &v.Findings)
	}

	v.Inputs, v.Overtaken, v.Timed = inputs.counts, q.overtaken, q.timed
	v.Due, v.Applied, v.Rejected = len(dues), len(applied), len(rejected)
	for _, c := range q.courses {
		for _, a := range c.book.alarms {
			if a.armed {
				v.Pending++
			}
		}
	}
	return v
}

// readAll reads a log of transitions; what cannot be read is a finding.
func readAll(records []Record, topic, kind, suffix string, findings *Findings) []transition {
	all := make([]transition, 0, len(records))
	for i := range records {
		t, err := readTransition(&records[i], topic, kind, suffix)
		if err != nil {
			findings.add(Wrong, "I6", records[i].Key, position(topic, &records[i]), "%v", err)
			continue
		}
		all = append(all, t)
	}
	return all
}
