package processors_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a script gets wrong is told with its file and line.
func TestScriptsThatCannotBePlayed(t *testing.T) {
	const began = "at 2026-12-01T00:00:00Z\n"
	for name, c := range map[string]struct{ script, want string }{
		"no instant first":           {"create c-1 rev=1", ":1: a script begins with: at <instant>"},
		"an unknown verb":            {began + "\n# A comment.\nexplode c-1", ":4: explode is not a verb"},
		"an unknown argument":        {began + "pause c-1 rev=1 starts=x", ":2: reading pause: it does not know starts="},
		"an argument twice":          {began + "pause c-1 rev=1 rev=2", ":2: reading arguments: rev= is given twice"},
		"no campaign":                {began + "pause rev=1", ":2: reading pause: it takes 1 to 1 plain arguments, not 0"},
		"an open quote":              {began + "pause c-1 reason='stock", ":2: reading a word: ' is not closed"},
		"no instant":                 {"at noon", ":1: parsing time"},
		"no length":                  {began + "advance soon", ":2: time: invalid duration"},
		"a block below a change":     {began + "pause c-1 rev=1\n  | {}", ":2: reading pause: it takes no indented lines"},
		"a block below nothing":      {"  | {}", ":1: reading a block: nothing above it takes indented lines"},
		"a block behind a gap":       {began + "record c-1\n\n  | {}", ":4: reading a block: nothing above it takes indented lines"},
		"no piece of a value":        {began + "record c-1\n  {}", ":2: reading a value: a line begins with"},
		"too large a value":          {began + "record c-1\n  99999999 x \"x\"", ":2: reading a value: it must have 0 to"},
		"repeat without an event":    {began + "repeat 3 expect", ":2: reading repeat: expect is no event"},
		"repeat without end":         {began + "repeat 1000000 pause c-{n} rev=1", ":2: reading repeat: the count must be 1 to"},
		"a deployment in the middle": {began + "deployment lead=1h", ":2: deployment stands before everything else"},
		"a play with a revision":     {began + "play c-1 rev=1", ":2: reading play: it does not know rev="},
		"another summary":            {began + "expect poem", ":2: reading expect: it does not know poem"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "wrong.txt")
			if err := os.WriteFile(path, []byte(c.script), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := readScript(path)
			if err == nil {
				err = newPlay(t, s, deployments()[0], checking).run()
			}
			if err == nil || !strings.HasPrefix(err.Error(), path+c.want) {
				t.Errorf("got %v, want %s%s", err, path, c.want)
			}
		})
	}
}
