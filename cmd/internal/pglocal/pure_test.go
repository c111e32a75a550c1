package pglocal

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func program(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestCandidates(t *testing.T) {
	root := t.TempDir()
	for _, folder := range []string{
		"own", "usr/lib/postgresql/9.6/bin", "usr/lib/postgresql/15/bin", "usr/lib/postgresql/100/bin",
		"opt/homebrew/opt/postgresql@16/bin", "usr/local/opt/postgresql@17/bin",
	} {
		program(t, filepath.Join(root, folder, "postgres"))
		program(t, filepath.Join(root, folder, "initdb"))
	}
	program(t, filepath.Join(root, "half", "postgres"))
	if err := os.Mkdir(filepath.Join(root, "links"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"postgres", "initdb"} {
		if err := os.Symlink(filepath.Join(root, "usr/lib/postgresql/15/bin", name), filepath.Join(root, "links", name)); err != nil {
			t.Fatal(err)
		}
	}
	path := strings.Join([]string{"relative", filepath.Join(root, "half"), filepath.Join(root, "links"), filepath.Join(root, "own")}, ":")
	var got []string
	for _, folder := range candidates(path, root) {
		below, _ := filepath.Rel(root, folder)
		got = append(got, below)
	}
	want := []string{
		"links", "own", "usr/lib/postgresql/100/bin", "usr/lib/postgresql/9.6/bin",
		"opt/homebrew/opt/postgresql@16/bin", "usr/local/opt/postgresql@17/bin",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

func TestMajorOf(t *testing.T) {
	for said, want := range map[string]string{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": "15", "postgres (PostgreSQL) 19beta1\n": "19", "initdb 3\n": "", "": "",
	} {
		if got := majorOf(said); got != want {
			t.Errorf("%q: %q, want %q", said, got, want)
		}
	}
}

func TestChoose(t *testing.T) {
	all := []installation{{"/a", "12"}, {"/b", "15"}, {"/c", "17"}}
	for _, c := range []struct {
		all  []installation
		made string
		want string // the folder, or what the error says
	}{
		{all, "", "/b"},
		{all, "17", "/c"},
		{all, "12", "/a"},
		{all, "16", "/data/postgres was made by Postgres 16, and installed are 12, 15, 17"},
		{all[:1], "", "too old (12, at least 13 is needed)"},
		{nil, "", "no Postgres server is installed here: "},
		{nil, "15", "no Postgres server is installed here: "},
	} {
		got, err := choose(c.all, c.made, "/data/postgres")
		if err != nil {
			var unavailable *UnavailableError
			var version *VersionError
			if !errors.As(err, &unavailable) && !errors.As(err, &version) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, made by %q: %v, want %q", c.all, c.made, err, c.want)
			}
		} else if got.folder != c.want {
			t.Errorf("%v, made by %q: %v, want %q", c.all, c.made, got, c.want)
		}
	}
}

func TestInstallCommandIsOneToRun(t *testing.T) {
	want := "apt-get install -y postgresql"
	if runtime.GOOS == "darwin" {
		want = "brew install postgresql@16"
	}
	if got := installCommand(""); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWhoRunsTheServer(t *testing.T) {
	names := map[uint32]string{0: "root", 100: "postgres", 1000: "jo"}
	machine := func(me uint32, accounts ...string) people {
		return people{
			me:    me,
			byUID: func(uid uint32) account { return account{uid: uid, gid: uid, name: names[uid]} },
			byName: func(name string) (account, bool) {
				return account{uid: 100, gid: 100, name: name}, slices.Contains(accounts, name)
			},
		}
	}
	owner := func(uid uint32) *uint32 { return &uid }
	for _, c := range []struct {
		name  string
		here  people
		owner *uint32
		want  string // the account, or what the error says
		steps bool
	}{
		{"a user, no folder", machine(1000, "postgres"), nil, "jo", false},
		{"a user, its folder", machine(1000), owner(1000), "jo", false},
		{"a user, another's folder", machine(1000), owner(100), "belongs to user postgres", false},
		{"a user, root's folder", machine(1000), owner(0), "belongs to root", false},
		{"root, no folder", machine(0, "nobody", "postgres"), nil, "postgres", true},
		{"root without that account", machine(0, "nobody"), nil, "nobody", true},
		{"root without any", machine(0), nil, "there is no other account", false},
		{"root, a user's folder", machine(0, "postgres"), owner(1000), "jo", true},
		{"root, root's folder", machine(0, "postgres"), owner(0), "belongs to root", false},
	} {
		got, err := c.here.decide(c.owner, "/data/postgres")
		if err != nil && !strings.Contains(err.Error(), c.want) || err == nil && (got.name != c.want || got.stepDown != c.steps) {
			t.Errorf("%s: %+v, %v; want %s, stepping down: %t", c.name, got, err, c.want, c.steps)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		seen sighting
		want verdict
	}{
		{sighting{}, gone},
		{sighting{exists: true}, alien},
		{sighting{exists: true, hidden: true}, alien},
		{sighting{exists: true, inFolder: true}, alien}, // a shell
		{sighting{exists: true, postgres: true}, alien},
		{sighting{exists: true, postgres: true, hidden: true}, unclear},
		{sighting{exists: true, postgres: true, hidden: true, named: true}, serving},
		{sighting{exists: true, postgres: true, inFolder: true}, serving},
		{sighting{exists: true, postgres: true, inFolder: true, ended: true}, alien},
	} {
		if got := c.seen.judge(); got != c.want {
			t.Errorf("%+v: %v, want %v", c.seen, got, c.want)
		}
	}
}

func TestReadCommand(t *testing.T) {
	for _, c := range []struct {
		words           []string
		postgres, named bool
	}{
		{[]string{"/usr/lib/postgresql/15/bin/postgres", "-D", "/data/postgres", "-c", "port=5432"}, true, true},
		{[]string{"postmaster", "-D/data/postgres"}, true, true},
		{[]string{"postgres", "-D", "/data/postgres2"}, true, false},
		{[]string{"postgres", "-D"}, true, false},
		{[]string{"postgres: checkpointer "}, true, false},
		{[]string{"initdb", "-D", "/data/postgres"}, false, true},
		{[]string{"vi", "/data/postgres"}, false, false},
		{[]string{""}, false, false},
		{nil, false, false},
	} {
		if postgres, named := readCommand(c.words, "/data/postgres"); postgres != c.postgres || named != c.named {
			t.Errorf("%q: %t, %t", c.words, postgres, named)
		}
	}
}

func TestReadPostmaster(t *testing.T) {
	folder := t.TempDir()
	if pid, err := readPostmaster(folder); pid != 0 || err != nil {
		t.Errorf("without a file: %d, %v", pid, err)
	}
	for content, want := range map[string]int{"4711\n/data/postgres\n1\n": 4711, "-4711\n/data\n": 4711, "4711": 4711, "": 0, "x\n": 0} {
		if err := os.WriteFile(postmasterFile(folder), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if pid, err := readPostmaster(folder); pid != want || err != nil {
			t.Errorf("%q: %d, %v; want %d", content, pid, err, want)
		}
	}
}

func TestSocketFolder(t *testing.T) {
	longest := "/" + strings.Repeat("d", sunPathMax-len(socketName)-1)
	for folder, private := range map[string]bool{"/data/postgres": false, longest: false, longest + "d": true, "/a,b": true, `/a"b`: true} {
		path, is := socketFolder(folder)
		if is != private || !private && path != folder || len(path)+len(socketName) > sunPathMax {
			t.Errorf("%s: %s, private: %t", folder, path, is)
		}
	}
	one, _ := socketFolder("/a,b")
	again, _ := socketFolder("/a,b")
	other, _ := socketFolder("/a,c")
	if one != again || one == other {
		t.Errorf("%s, %s, %s", one, again, other)
	}
}

func TestMakePrivateTakesNothingOfOthers(t *testing.T) {
	who := account{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid()), name: "me"}
	dir := t.TempDir()
	good, open, file, link := filepath.Join(dir, "good"), filepath.Join(dir, "open"), filepath.Join(dir, "file"), filepath.Join(dir, "link")
	for range 2 { // the second time it is there
		if err := makePrivate(good, who); err != nil {
			t.Error(err)
		}
	}
	err := errors.Join(os.Mkdir(open, 0o755), os.WriteFile(file, nil, 0o700), os.Symlink(good, link))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{open, file, link} {
		if err := makePrivate(path, who); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	who.uid++
	if err := makePrivate(good, who); err == nil {
		t.Error("a folder of another account is taken")
	}
}

func TestURL(t *testing.T) {
	for _, folder := range []string{"/data/postgres", "/with a space/and+&=%/postgres"} {
		parsed, err := url.Parse(urlOf(folder))
		if err != nil || parsed.Query().Get("host") != folder || parsed.User.Username() != superuser || strings.Contains(parsed.RawQuery, "+") {
			t.Errorf("%s: %s, %v", folder, urlOf(folder), err)
		}
	}
}

func TestEnvironmentIsNotOurs(t *testing.T) {
	for _, name := range []string{"CAMPAIGN_KAFKA_PASSWORD", "CAMPAIGN_DATABASE_URL", "PGDATA", "PGPORT", "LC_MESSAGES", "HOME"} {
		t.Setenv(name, "x")
	}
	t.Setenv("PATH", "/a:/b")
	got := environment()
	for _, entry := range got {
		name, _, _ := strings.Cut(entry, "=")
		if !slices.Contains([]string{"LC_ALL", "TZ", "PATH", "LD_LIBRARY_PATH"}, name) && !strings.HasPrefix(name, "DYLD_") {
			t.Errorf("the server gets %s", name)
		}
	}
	if !slices.Contains(got, "PATH=/a:/b") {
		t.Errorf("it gets %q", got)
	}
}

func TestLogIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "postgres.log")
	const most = 1000
	for run := range 2 { // the second goes on in the same file
		l, err := openLog(path, most)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 500 {
			fmt.Fprintf(l, "run %d line %d\n", run, i)
		}
		if tail := l.Tail(); len(tail) > tailMaxBytes || !strings.HasPrefix(tail, "run ") || !strings.HasSuffix(tail, fmt.Sprintf("run %d line 499", run)) {
			t.Errorf("the end is %q", tail)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if n, err := l.Write([]byte("late\n")); n != 5 || err != nil {
			t.Errorf("after Close: %d, %v", n, err)
		}
	}
	var all []byte
	for _, name := range []string{path + ".1", path} {
		content, err := os.ReadFile(name)
		if err != nil || len(content) > most {
			t.Errorf("%s: %d bytes, %v", name, len(content), err)
		}
		all = append(all, content...)
	}
	if !strings.HasSuffix(string(all), "run 1 line 498\nrun 1 line 499\n") || strings.Contains(string(all), "late") {
		t.Errorf("it holds %s", all)
	}
}

// TestLogNeverFails: a server must not stand still because its log's folder is gone.
func TestLogNeverFails(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := openLog(filepath.Join(folder, "postgres.log"), 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if n, err := l.Write([]byte("12345678\n")); n != 9 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	l.mark()
	if l.Tail() != "" {
		t.Errorf("after the mark: %q", l.Tail())
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestMadeBy(t *testing.T) {
	folder := filepath.Join(t.TempDir(), folderName)
	if made, err := madeBy(folder); made != "" || err != nil {
		t.Errorf("without a folder: %q, %v", made, err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := madeBy(folder); err == nil || !strings.Contains(err.Error(), "holds no Postgres: move it away") {
		t.Errorf("an empty folder: %v", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if made, err := madeBy(folder); made != "15" || err != nil {
		t.Errorf("%q, %v", made, err)
	}
}

func TestRemoveUnfinished(t *testing.T) {
	dataDir := filepath.Join(t.TempDir(), "odd [name]*")
	for _, name := range []string{makingName + "1/base", makingName + "2", folderName, "broker"} {
		if err := os.MkdirAll(filepath.Join(dataDir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	removeUnfinished(dataDir)
	left, err := os.ReadDir(dataDir)
	if err != nil || len(left) != 2 {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestHeld(t *testing.T) {
	for tail, want := range map[string]bool{
		`FATAL:  lock file "postmaster.pid" already exists`:                              true,
		"FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use":         true,
		"FATAL:  could not create lock file \"postmaster.pid\": No space left on device": false,
		"": false,
	} {
		if held(tail) != want {
			t.Errorf("%q: %t", tail, !want)
		}
	}
}

func TestOnTheWayTo(t *testing.T) {
	if got := onTheWayTo("/a/b"); !slices.Equal(got, []string{"/", "/a", "/a/b"}) {
		t.Errorf("%q", got)
	}
}
