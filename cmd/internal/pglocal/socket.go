package pglocal

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	port       = "5432" // only part of the socket's name
	superuser  = "campaign"
	database   = "postgres"
	socketName = "/.s.PGSQL." + port

	// sunPathMax is the longest path of a socket in bytes: 107 on Linux, 103 on macOS. One is for the zero at its end.
	sunPathMax = len(syscall.RawSockaddrUnix{}.Path) - 1
)

// socketFolder returns where the socket lies for a database's folder: in it, or, when that path is too long or holds what
// separates paths in Postgres's settings and in URLs, in a private one of a short name that only depends on the folder, so
// that the next process finds it again.
func socketFolder(folder string) (path string, private bool) {
	if len(folder)+len(socketName) <= sunPathMax && !strings.ContainsAny(folder, `,"`) {
		return folder, false
	}
	sum := sha256.Sum256([]byte(folder))
	return "/tmp/campaign-postgres-" + hex.EncodeToString(sum[:8]), true
}

// makePrivate makes a folder that only the account reaches, or takes one that is so. Anybody may make one of that name in
// /tmp before.
func makePrivate(path string, who account) error {
	err := os.Mkdir(path, 0o700)
	if err == nil && who.stepDown {
		return os.Lchown(path, int(who.uid), int(who.gid))
	}
	if err == nil || !errors.Is(err, fs.ErrExist) {
		return err
	}
	if !isPrivate(path, who.uid) {
		return fmt.Errorf("making a folder for the socket: %s is there, and is no private folder of user %s: remove it", path, who.name)
	}
	return nil
}

// urlOf returns how the server is reached that has its socket in a folder.
func urlOf(socket string) string {
	query := url.Values{"host": {socket}, "port": {port}, "sslmode": {"disable"}}
	u := url.URL{
		Scheme: "postgres", User: url.User(superuser), Path: "/" + database,
		RawQuery: strings.ReplaceAll(query.Encode(), "+", "%20"), // libpq does not read a plus as a space
	}
	return u.String()
}

// postmasterFile is Postgres's note of the server that runs in a folder.
func postmasterFile(folder string) string { return filepath.Join(folder, "postmaster.pid") }
