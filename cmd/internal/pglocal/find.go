package pglocal

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	oldestMajor   = 13 // no older one is maintained
	askVersionMax = 10 * time.Second
)

// installation is an installed Postgres server.
type installation struct {
	folder string // holds postgres and initdb
	major  string
}

// places are where servers lie that are not in PATH, newest first within each.
var places = []string{
	"/usr/lib/postgresql/*/bin",                       // Debian
	"/usr/pgsql-*/bin",                                // the Postgres project's own packages for Red Hat
	"/opt/homebrew/opt/postgresql@*/bin",              // Homebrew on Apple's processors,
	"/usr/local/opt/postgresql@*/bin",                 // on Intel's,
	"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin", // and on Linux
}

// candidates returns the folders that hold a server: those of PATH, then the known places below root, each once.
func candidates(path, root string) []string {
	folders := slices.DeleteFunc(filepath.SplitList(path), func(folder string) bool { return !filepath.IsAbs(folder) })
	for _, place := range places {
		found, _ := filepath.Glob(filepath.Join(root, place)) // the patterns are well formed
		slices.SortStableFunc(found, func(a, b string) int { return cmp.Compare(numberIn(b), numberIn(a)) })
		folders = append(folders, found...)
	}
	var complete []string
	seen := map[string]bool{}
	for _, folder := range folders {
		real, err := filepath.EvalSymlinks(filepath.Join(folder, "postgres"))
		if err != nil || seen[real] || !runnable(filepath.Join(folder, "postgres")) || !runnable(filepath.Join(folder, "initdb")) {
			continue
		}
		seen[real] = true
		complete = append(complete, folder)
	}
	return complete
}

func runnable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

var lastNumber = regexp.MustCompile(`(\d+(?:\.\d+)?)/bin$`)

// numberIn returns the version in the name of a folder of a known place; 0 for none.
func numberIn(folder string) float64 {
	match := lastNumber.FindStringSubmatch(folder)
	if match == nil {
		return 0
	}
	number, _ := strconv.ParseFloat(match[1], 64) // two numbers with a point always parse
	return number
}

// installations returns the servers of this machine in the order of preference. One that does not tell its version is none.
func installations(ctx context.Context) []installation {
	var all []installation
	for _, folder := range candidates(os.Getenv("PATH"), "/") {
		ctx, cancel := context.WithTimeout(ctx, askVersionMax)
		ask := exec.CommandContext(ctx, filepath.Join(folder, "postgres"), "--version")
		ask.Env, ask.Dir = environment(), "/"
		said, err := ask.Output()
		cancel()
		if major := majorOf(string(said)); err == nil && major != "" {
			all = append(all, installation{folder, major})
		}
	}
	return all
}

var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// majorOf reads the answer to postgres --version; "" for what is none.
func majorOf(said string) string {
	if match := versionLine.FindStringSubmatch(said); match != nil {
		return match[1]
	}
	return ""
}

// choose returns the server for a folder that was made by a major version; "" for a folder that is still to be made. Errors:
// UnavailableError, VersionError.
func choose(all []installation, made, folder string) (installation, error) {
	if len(all) == 0 {
		return installation{}, &UnavailableError{"no Postgres server is installed here", installCommand("")}
	}
	var majors []string
	for _, one := range all {
		majors = append(majors, one.major)
		if made != "" && one.major == made {
			return one, nil
		}
		if number, err := strconv.Atoi(one.major); made == "" && err == nil && number >= oldestMajor {
			return one, nil
		}
	}
	if made == "" {
		return installation{}, &UnavailableError{
			fmt.Sprintf("the Postgres server that is installed here is too old (%s, at least %d is needed)", list(majors), oldestMajor),
			installCommand(""),
		}
	}
	return installation{}, &VersionError{Folder: folder, Made: made, Installed: majors}
}

func list(majors []string) string { return strings.Join(slices.Compact(slices.Clone(majors)), ", ") }

// installCommand returns what installs a server here, of a major version if one is named.
func installCommand(major string) string {
	if runtime.GOOS == "darwin" {
		return "brew install postgresql@" + cmp.Or(major, "16")
	}
	if major != "" {
		return "apt-get install -y postgresql-" + major
	}
	return "apt-get install -y postgresql"
}
