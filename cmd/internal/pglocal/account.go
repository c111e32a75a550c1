package pglocal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// account is who runs the server and owns its folder.
type account struct {
	uid, gid uint32
	name     string
	stepDown bool // it is another one than this process's
}

// unprivileged are the accounts that root steps down to; the first that exists.
var unprivileged = []string{"postgres", "_postgres", "daemon", "nobody"}

// people is what is known of the accounts of this machine.
type people struct {
	me     uint32
	byName func(name string) (account, bool)
	byUID  func(uid uint32) account
}

// decide returns who runs the server, from who owns its folder; nil for a folder that is still to be made. Postgres refuses
// root, and takes a folder of its own account only. Errors: UnavailableError.
func (p people) decide(owner *uint32, folder string) (account, error) {
	me := p.byUID(p.me)
	switch {
	case owner != nil && *owner == 0:
		return account{}, fmt.Errorf("%s belongs to root, and Postgres does not run as root: chown -R it to another user, "+
			"or move it away", folder)
	case owner != nil && *owner == p.me, owner == nil && p.me != 0:
		return me, nil
	case owner != nil && p.me != 0:
		return account{}, fmt.Errorf("%s belongs to user %s: run as that user or as root, or give another --data-dir",
			folder, p.byUID(*owner).name)
	case owner != nil:
		other := p.byUID(*owner)
		other.stepDown = true
		return other, nil
	}
	for _, name := range unprivileged {
		if other, there := p.byName(name); there && other.uid != 0 {
			other.stepDown = true
			return other, nil
		}
	}
	return account{}, &UnavailableError{"Postgres does not run as root, and there is no other account to run it",
		"useradd --system postgres"}
}

// thisMachine returns the accounts of this machine.
func thisMachine() people {
	return people{
		me: uint32(os.Geteuid()),
		byName: func(name string) (account, bool) {
			found, err := user.Lookup(name)
			if err != nil {
				return account{}, false
			}
			return accountOf(found)
		},
		byUID: func(uid uint32) account {
			number := strconv.FormatUint(uint64(uid), 10)
			if found, err := user.LookupId(number); err == nil {
				if one, good := accountOf(found); good {
					return one
				}
			}
			// A number without a name, as in a container: its group is likely to have the same.
			return account{uid: uid, gid: uid, name: number}
		},
	}
}

func accountOf(u *user.User) (account, bool) {
	uid, badUID := strconv.ParseUint(u.Uid, 10, 32)
	gid, badGID := strconv.ParseUint(u.Gid, 10, 32)
	return account{uid: uint32(uid), gid: uint32(gid), name: u.Username}, badUID == nil && badGID == nil
}

// ownerOf returns who owns a folder; nil when there is none.
func ownerOf(folder string) (*uint32, error) {
	info, err := os.Lstat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	stat, is := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !is {
		return nil, fmt.Errorf("%s is no folder: move it away", folder)
	}
	return &stat.Uid, nil
}
