// Package pglocal runs a Postgres server in campaignd's data folder, for who gives no --database-url: for a laptop, a
// demonstration and tests.
//
//	pglocal.go    Start, Server, Stop
//	running.go    how another process's server is reached
//	find.go       which installed server is taken
//	account.go    who runs it: never root
//	reach.go      whether that account gets to the folder
//	folder.go     the database's folder: whole or not there
//	earlier.go    a server that an earlier process left
//	look_*.go     what a process is, by its number
//	process.go    one child: started, asked to end, awaited
//	socket.go     where it is reached
//	settings.go   how it is set, and its environment
//	serverlog.go  its log, of bounded size
//	errors.go     what Start may say
//
// # In the data folder
//
//	postgres              the database; its owner runs the server
//	postgres.making-…     one that is being made, or was when the process was killed; removed by the next
//	postgres.lock         one process per data folder
//	postgres.log, .log.1  what the server says
//
// # What survives
//
// A killed campaignd takes its server down with it on Linux (a parent-death signal, which the server takes for a clean
// stop); elsewhere the server stays, and the next campaignd stops it and starts its own. It is not taken over: a process
// that is not our child can be neither awaited nor made to die with us, its log leads nowhere, and it has the switches of
// another version. That costs a part of a second.
//
// No lock file of Postgres's is ever removed here: see earlier.go.
package pglocal
