package pglocal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// look returns what can be seen of a process. Its command line is open to all, its working folder only to its own account
// and to a root with all its rights.
func look(pid int, folder string) sighting {
	proc := fmt.Sprintf("/proc/%d", pid)
	stat, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return sighting{}
	}
	s := sighting{exists: true, ended: hasEnded(stat)}
	command, _ := os.ReadFile(filepath.Join(proc, "cmdline")) // empty, too, for one that has just ended
	s.postgres, s.named = readCommand(strings.Split(string(command), "\x00"), folder)
	its, err := os.Stat(filepath.Join(proc, "cwd"))
	if err != nil {
		s.hidden = true
		return s
	}
	ours, err := os.Stat(folder)
	s.inFolder = err == nil && os.SameFile(its, ours)
	return s
}

// hasEnded reads the state in /proc/<pid>/stat: the letter after the name, which stands in parentheses and may hold some.
func hasEnded(stat []byte) bool {
	_, state, _ := bytes.Cut(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" "))
	return len(state) > 0 && (state[0] == 'Z' || state[0] == 'X')
}
