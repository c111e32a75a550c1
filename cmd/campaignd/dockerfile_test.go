package main

import (
	"encoding/json"
	"net"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// instruction is a line of a Dockerfile.
type instruction struct{ name, rest string }

func readDockerfile(t *testing.T) (all []instruction) {
	t.Helper()
	text, err := os.ReadFile("../../compose/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name != "" && !strings.HasPrefix(name, "#") {
			all = append(all, instruction{name, strings.Join(strings.Fields(rest), " ")})
		}
	}
	return all
}

// TestDockerfile: the image has the programs that are built, of the Go that the module asks for, and starts them as they are to
// be started.
func TestDockerfile(t *testing.T) {
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	release := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(string(module))[1]
	last := map[string]string{} // of the image itself
	for _, i := range readDockerfile(t) {
		if i.name == "FROM" {
			clear(last)
		}
		last[i.name] = i.rest
		switch {
		case i.name == "FROM" && i.rest != "scratch" && i.rest != "golang:"+release+"-bookworm AS build":
			t.Errorf("it is built from %s, the module asks for Go %s", i.rest, release)
		case i.name == "RUN" && strings.Contains(i.rest, "go build"):
			checkBuild(t, i.rest)
		}
	}
	if last["FROM"] != "scratch" || !strings.HasPrefix(last["COPY"], "--from=build /out/campaignd /out/campaignctl /") {
		t.Errorf("the image is %s with %s", last["FROM"], last["COPY"])
	}
	if user := last["USER"]; user == "" || strings.HasPrefix(user, "0") || strings.HasPrefix(user, "root") {
		t.Errorf("it runs as %q", user)
	}
	address, _ := strings.CutPrefix(last["ENV"], "CAMPAIGN_HTTP_LISTEN=")
	if _, port, err := net.SplitHostPort(address); err != nil || port != last["EXPOSE"] {
		t.Errorf("it listens at %q and exposes %q", address, last["EXPOSE"])
	}
	checkCommand(t, append(words(t, last["ENTRYPOINT"]), words(t, last["CMD"])...))
	_, health, _ := strings.Cut(last["HEALTHCHECK"], "CMD ")
	checkCommand(t, words(t, health))
}

// words reads the exec form of an instruction.
func words(t *testing.T, list string) (words []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(list), &words); err != nil || len(words) == 0 {
		t.Fatalf("%q is no list of words: %v", list, err)
	}
	return words
}

// checkBuild looks at a go build: static, of commands that exist.
func checkBuild(t *testing.T, command string) {
	t.Helper()
	if !strings.Contains(command, "CGO_ENABLED=0 go build ") {
		t.Errorf("%s: the image has no C library", command)
	}
	for _, word := range strings.Fields(command) {
		if strings.HasPrefix(word, "./") {
			if _, err := os.Stat(path.Join("../..", word, "main.go")); err != nil {
				t.Error(err)
			}
		}
	}
}
