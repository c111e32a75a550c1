//go:build !linux

package proctest

import "syscall"

// guarded returns the attributes of a child; there is no parent-death signal here, so a killed test leaves it running.
func guarded() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
