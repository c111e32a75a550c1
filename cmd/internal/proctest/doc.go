// Package proctest runs real programs under a test or a benchmark and leaves nothing behind: no process, no folder, no
// taken port, whether the test passes, fails, panics or is itself killed with SIGKILL.
//
// Processes die with the process that started them (Linux: a parent-death signal), folders are removed by a small
// shell that outlives it, ports are held by sockets that the kernel closes. On systems other than Linux the first and
// the last hold only for a test that ends by itself.
//
//	tb.go       what the package needs of a testing.TB, and a stand-in for commands
//	build.go    a Go command, built once
//	process.go  start, signal, wait; what the process printed
//	usage_*.go  CPU seconds and memory
//	await.go    waiting for a condition, for an HTTP answer
//	folder.go   temporary folders
//	port_*.go   ports
//	lock.go     one process at a time
package proctest
