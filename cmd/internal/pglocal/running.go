package pglocal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrNotRunning says that no server runs in a data folder.
var ErrNotRunning = errors.New("no local Postgres runs there")

// Running returns how the server is reached that another process runs in a data folder. It starts nothing and asks no server:
// one that is about to start or to end is one that runs.
//
// Only root and the account that owns the folder may reach it. Errors: ErrNotRunning; others say who may.
func Running(dataDir string) (url string, err error) {
	dataDir, err = filepath.Abs(dataDir)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(dataDir, folderName)
	owner, err := ownerOf(folder)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "", fmt.Errorf("%s is closed to this user: run as root or as its owner", folder)
	case err != nil:
		return "", err
	case owner == nil:
		return "", fmt.Errorf("%s: %w: campaignd makes one when it runs in that data folder without --database-url", folder,
			ErrNotRunning)
	}
	if err := thisMachine().mayReach(*owner, folder); err != nil {
		return "", err
	}
	pid, err := readPostmaster(folder)
	if err != nil {
		return "", err
	}
	if verdict := look(pid, folder).judge(); pid == 0 || verdict == gone || verdict == alien {
		return "", fmt.Errorf("%s: %w now: it runs as long as campaignd does", folder, ErrNotRunning)
	}
	socket, private := socketFolder(folder)
	if private && !isPrivate(socket, *owner) {
		return "", fmt.Errorf("%s is no private folder of user %s: the server's socket is not in it", socket,
			thisMachine().byUID(*owner).name)
	}
	return urlOf(socket), nil
}

// mayReach says who may reach a server, when this process may not.
func (p people) mayReach(owner uint32, folder string) error {
	if p.me == 0 || p.me == owner {
		return nil
	}
	return fmt.Errorf("%s belongs to user %s, and only that user and root reach its server: run as one of them, "+
		"or give --database-url", folder, p.byUID(owner).name)
}

// isPrivate says whether a folder is closed to all but the account that is expected. Anybody may make one of that name in
// /tmp before, and put a server of his own there.
func isPrivate(path string, owner uint32) bool {
	info, err := os.Lstat(path)
	if err != nil {
		return false
	}
	stat, is := info.Sys().(*syscall.Stat_t)
	return is && info.IsDir() && info.Mode().Perm() == 0o700 && stat.Uid == owner
}
