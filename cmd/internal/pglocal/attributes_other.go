//go:build !linux

package pglocal

import "syscall"

// dieWithUs does nothing: there is no parent-death signal here, and the next process ends what a killed one left.
func dieWithUs(*syscall.SysProcAttr, syscall.Signal) {}
