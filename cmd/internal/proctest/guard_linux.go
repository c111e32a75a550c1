package proctest

import "syscall"

// guarded returns attributes under which a child is killed when the thread that started it ends, and is not reached by
// a terminal's Ctrl-C, which would stop a broker before the test that uses it.
func guarded() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
