package pglocal

import (
	"os"
	"testing"
)

func TestHasEnded(t *testing.T) {
	for stat, want := range map[string]bool{
		"1 (sleep) S 0": false, "1 (a) Z) (x) R 0": false, "1 (postgres) Z 0": true, "1 (postgres) X 0": true, "": false, "1 (x)": false,
	} {
		if got := hasEnded([]byte(stat)); got != want {
			t.Errorf("%q: %t", stat, got)
		}
	}
}

func TestLookAtOurselves(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if s := look(os.Getpid(), here); !s.exists || !s.inFolder || s.postgres || s.ended || s.hidden || s.judge() != alien {
		t.Errorf("%+v", s)
	}
	if s := look(1<<30, here); s.judge() != gone {
		t.Errorf("%+v", s)
	}
}
