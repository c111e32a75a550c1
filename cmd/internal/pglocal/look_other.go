//go:build !linux

package pglocal

import (
	"os/exec"
	"strconv"
	"strings"
)

// look returns what ps tells of a process. Its working folder is not among that, so a Postgres that was started by other
// means than ours is unclear.
func look(pid int, folder string) sighting {
	said, err := exec.Command("ps", "-ww", "-o", "stat=,command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return sighting{} // ps fails when there is none
	}
	return readPS(string(said), folder)
}

// readPS reads a line of ps. The words of the command are not told apart in it, and a folder's name may hold spaces.
func readPS(line, folder string) sighting {
	state, command, _ := strings.Cut(strings.TrimSpace(line), " ")
	s := sighting{exists: true, hidden: true, ended: strings.HasPrefix(state, "Z")}
	command = strings.TrimSpace(command)
	s.postgres, _ = readCommand(strings.Fields(command), folder)
	s.named = strings.Contains(command+" ", " -D "+folder+" ")
	return s
}
