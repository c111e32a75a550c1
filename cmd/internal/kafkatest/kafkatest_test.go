package kafkatest

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestConfiguration(t *testing.T) {
	nodes := []node{
		{id: 1, dir: "/kafka/1", clientPort: 11001, replicationPort: 11002, controllerPort: 11003},
		{id: 2, dir: "/kafka/2", clientPort: 12001, replicationPort: 12002, controllerPort: 12003},
		{id: 3, dir: "/kafka/3", clientPort: 13001, replicationPort: 13002, controllerPort: 13003},
	}
	reached := nodes[0]
	reached.further = []further{
		{Listener{Name: "LINK1"}, 11004, "127.0.0.1:19001"}, {Listener{Name: "LINK2"}, 11005, "127.0.0.1:19002"},
	}
	secured := nodes[0]
	secured.further = []further{
		{Listener{Name: "TLS", Protocol: "SSL", Properties: map[string]string{"ssl.client.auth": "required"}}, 11004, "127.0.0.1:11004"},
		{Listener{Name: "LOGIN", Protocol: "SASL_PLAINTEXT"}, 11005, "127.0.0.1:11005"},
	}
	over := map[string]string{"num.partitions": "7", "min.insync.replicas": "3"}
	cases := []struct{ golden, got string }{
		{"one.properties", serverProperties(nodes[0], nodes[:1], nil)},
		{"second-of-three.properties", serverProperties(nodes[1], nodes, over)},
		{"further-listeners.properties", serverProperties(reached, nodes[:1], nil)},
		{"secured.properties", serverProperties(secured, nodes[:1], nil)},
		{"log4j2.properties", logConfig(nodes[0].logFile())},
	}
	for _, c := range cases {
		t.Run(c.golden, func(t *testing.T) {
			file := filepath.Join("testdata", c.golden)
			if *update {
				if err := os.WriteFile(file, []byte(c.got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), c.got); diff != "" {
				t.Errorf("-want +got, see -update:\n%s", diff)
			}
		})
	}
}

func TestJavaVersion(t *testing.T) {
	cases := []struct {
		text string
		want int
	}{
		{"openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime Environment", 17},
		{"Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version \"21\" 2023-09-19", 21},
		{"java version \"1.8.0_412\"", 8},
		{"openjdk version \"26-ea\" 2026-03-17", 26},
		{"", 0},
		{"version \"unknown\"", 0},
	}
	for _, c := range cases {
		if got := javaVersion(c.text); got != c.want {
			t.Errorf("%q: version %d, want %d", c.text, got, c.want)
		}
	}
}

func TestFindJava(t *testing.T) {
	cases := []struct {
		name, script string
		err          error
	}{
		{"none", "", ErrJavaMissing},
		{"too old", "echo 'openjdk version \"11.0.2\"' >&2", ErrJavaMissing},
		{"broken", "exit 1", ErrJavaMissing},
		{"new enough", "echo 'openjdk version \"17.0.1\"' >&2", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			home := t.TempDir()
			t.Setenv("JAVA_HOME", home)
			java := filepath.Join(home, "bin", "java")
			if c.script != "" {
				writeProgram(t, java, c.script)
			}
			got, err := findJava(t.Context())
			if !errors.Is(err, c.err) {
				t.Errorf("error %v, want %v", err, c.err)
			}
			if err == nil && got != java {
				t.Errorf("found %s, want %s", got, java)
			}
		})
	}
}

func writeProgram(t *testing.T, path, script string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestFetchingNeedsMaven(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if err := fetchJars(t.Context(), t.TempDir()); !errors.Is(err, ErrMavenMissing) {
		t.Errorf("error %v, want ErrMavenMissing", err)
	}
}

// maven stands in for fetchJars and counts its calls.
type maven struct {
	calls   int
	failure error
}

func (m *maven) fetch(_ context.Context, into string) error {
	m.calls++
	return errors.Join(os.WriteFile(filepath.Join(into, "a.jar"), []byte("a"), 0o644),
		os.WriteFile(filepath.Join(into, "b.jar"), []byte("b"), 0o644), m.failure)
}

func TestJarsAreFetchedUntilTheyAreWhole(t *testing.T) {
	offline := errors.New("offline")
	cases := []struct {
		name   string
		damage func(dir string) error // after a first, good fetch
		calls  int                    // from then on
		fails  error
	}{
		{"untouched", func(string) error { return nil }, 0, nil},
		{"untouched, offline", func(string) error { return nil }, 0, offline},
		{"never fetched, offline", os.RemoveAll, 1, offline},
		{"cut off", func(dir string) error { return os.WriteFile(filepath.Join(dir, "b.jar"), nil, 0o644) }, 1, nil},
		{"a jar gone", func(dir string) error { return os.Remove(filepath.Join(dir, "a.jar")) }, 1, nil},
		{"killed while fetching", func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, sumsFile)),
				os.Rename(dir, filepath.Join(filepath.Dir(dir), "fetching")))
		}, 1, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			dir, err := cached(t.Context(), root, (&maven{}).fetch)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.damage(dir); err != nil {
				t.Fatal(err)
			}
			again := &maven{failure: c.fails}
			_, err = cached(t.Context(), root, again.fetch)
			if again.calls != c.calls || (err != nil) != (c.fails != nil && c.calls > 0) {
				t.Errorf("%d calls, error %v; want %d calls", again.calls, err, c.calls)
			}
			if whole := verifySums(dir); (whole == nil) != (err == nil) {
				t.Errorf("afterwards: %v", whole)
			}
			if left, err := filepath.Glob(filepath.Join(root, "fetching*")); len(left) > 0 || err != nil {
				t.Errorf("left behind %q, %v", left, err)
			}
		})
	}
}
