package processors_test

import "testing"

// TestMailsSayWhenTheyWereMade: what is made long after what it tells of is tried for as long as others.
func TestMailsSayWhenTheyWereMade(t *testing.T) {
	m := newMailing(t)
	late := mailEnd + 1_000_000
	m.clock.Set(late)
	m.read(m.story("c-1")...)
	if len(m.store.mails) != 4 {
		t.Fatalf("%v", m.store.log())
	}
	for _, made := range m.store.mails {
		if made.MadeAt != late || made.NominalAt >= late {
			t.Errorf("a mail of %d was made at %d, not at %d", made.NominalAt, made.MadeAt, late)
		}
	}
}
