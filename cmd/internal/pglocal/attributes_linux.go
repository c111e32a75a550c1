package pglocal

import "syscall"

// dieWithUs has a child get a signal when the thread that started it ends; so it is to be started on a thread that lasts.
func dieWithUs(attr *syscall.SysProcAttr, with syscall.Signal) { attr.Pdeathsig = with }
