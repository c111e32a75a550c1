package pglocal

import (
	"os"
	"strings"
)

// setting is one of the server's, given on its command line, which goes before what stands in the folder's postgresql.conf.
type setting struct{ name, value string }

// settings returns how the server is set.
func settings(socket string) []setting {
	return []setting{
		// Reached by its owner, over the socket, and by nobody else.
		{"listen_addresses", ""},
		{"port", port},
		{"unix_socket_directories", socket},
		{"unix_socket_permissions", "0700"},

		// One program with a few connections, which shares the machine.
		{"max_connections", "30"},
		{"shared_buffers", "64MB"},
		{"work_mem", "8MB"},
		{"maintenance_work_mem", "32MB"},
		{"max_parallel_workers", "0"},
		{"max_parallel_workers_per_gather", "0"},
		{"jit", "off"},
		{"huge_pages", "off"},

		// There is no replica.
		{"wal_level", "minimal"},
		{"max_wal_senders", "0"},
		{"min_wal_size", "80MB"},
		{"max_wal_size", "512MB"},
		{"checkpoint_timeout", "5min"},

		// To our pipe, in English and in UTC.
		{"logging_collector", "off"},
		{"log_destination", "stderr"},
		{"log_line_prefix", "%m [%p] "},
		{"log_timezone", "UTC"},
		{"log_checkpoints", "off"},
		{"lc_messages", "C"},
		{"timezone", "UTC"},
		{"cluster_name", "campaign-engine"},
	}
}

// serverArguments returns the command line of the server.
func serverArguments(folder, socket string) []string {
	args := []string{"-D", folder}
	for _, s := range settings(socket) {
		args = append(args, "-c", s.name+"="+s.value)
	}
	return args
}

// initArguments returns the command line that makes a folder. Who reaches the socket is let in: its folder is closed to all
// but the server's account, and there is no other way in.
func initArguments(folder string) []string {
	return []string{
		"-D", folder, "--username=" + superuser, "--auth-local=trust", "--auth-host=reject",
		"--encoding=UTF8", "--locale=C", "--data-checksums",
	}
}

// environment returns what the server's programs get of our environment: neither settings of Postgres's clients nor
// passwords, which another account could read there.
func environment() []string {
	env := []string{"LC_ALL=C", "TZ=UTC"}
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if name == "PATH" || name == "LD_LIBRARY_PATH" || strings.HasPrefix(name, "DYLD_") {
			env = append(env, entry)
		}
	}
	return env
}
