package topics_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The rules of the house, held by tests: they read every source of the module, and each message says what to do
// instead. The rules stand in house_rules_test.go, each with an example that breaks it.

// moduleRoot is where go.mod stands, seen from this room.
const moduleRoot = ".."

// source is one text of the module; syntax is nil when it is no Go.
type source struct {
	path   string // from the module's root, with slashes
	text   string
	syntax *ast.File
	tokens *token.FileSet
}

func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }
func (s source) isGo() bool   { return s.syntax != nil }

// in reports whether the source stands in one of the folders, or is one of the files.
func (s source) in(places ...string) bool {
	return slices.ContainsFunc(places, func(place string) bool {
		return s.path == place || strings.HasPrefix(s.path, place+"/")
	})
}

func (s source) line(at token.Pos) int { return s.tokens.Position(at).Line }

func parsed(t *testing.T, name, text string) source {
	t.Helper()
	s := source{path: name, text: text, tokens: token.NewFileSet()}
	if strings.HasSuffix(name, ".go") {
		syntax, err := parser.ParseFile(s.tokens, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatalf("reading %s: %v", name, err)
		}
		s.syntax = syntax
	}
	return s
}

// sources reads what a person wrote: Go, build files and documents, dot folders included, but not what is ignored.
func sources(t *testing.T) []source {
	t.Helper()
	skipped := append(ignored(t), ".git", "testdata")
	var all []source
	err := filepath.WalkDir(moduleRoot, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains(skipped, entry.Name()) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !isText(name) {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(moduleRoot, name)
		if err != nil {
			return err
		}
		all = append(all, parsed(t, filepath.ToSlash(relative), string(text)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func isText(name string) bool {
	switch path.Base(filepath.ToSlash(name)) {
	case "Makefile", "run", ".gitignore", "Dockerfile":
		return true
	}
	return slices.Contains([]string{".go", ".md", ".yml", ".yaml", ".sh", ".sql"}, filepath.Ext(name))
}

// ignored returns the folders that .gitignore names: they come and go and are nobody's work.
func ignored(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		if line = strings.Trim(line, "/\n "); line != "" && !strings.HasPrefix(line, "#") {
			names = append(names, line)
		}
	}
	return names
}

func TestHouse(t *testing.T) {
	all := sources(t)
	if !slices.ContainsFunc(all, func(s source) bool { return s.path == "topics/house_test.go" }) {
		t.Fatalf("%d sources were read, but not this one: the rules look in the wrong place", len(all))
	}
	for _, rule := range rules() {
		t.Run(rule.name, func(t *testing.T) {
			for _, s := range all {
				for _, violation := range rule.check(s) {
					t.Error(violation)
				}
			}
		})
	}
}

// Each rule is broken on purpose, and must say so; and it must not cry where nothing is wrong.
func TestHouseRulesBite(t *testing.T) {
	for _, rule := range rules() {
		t.Run(rule.name, func(t *testing.T) {
			if len(rule.broken) == 0 || len(rule.kept) == 0 {
				t.Fatal("a rule needs an example that breaks it and one that keeps it")
			}
			for _, example := range rule.broken {
				if violations := rule.check(parsed(t, example.path, example.text)); len(violations) != 1 {
					t.Errorf("%s is broken once, but the rule found %q in:\n%s", example.path, violations, example.text)
				}
			}
			for _, example := range rule.kept {
				if violations := rule.check(parsed(t, example.path, example.text)); len(violations) != 0 {
					t.Errorf("%s is in order, but the rule found %q in:\n%s", example.path, violations, example.text)
				}
			}
		})
	}
}

func TestTopLevelIsAsGiven(t *testing.T) {
	given := []string{
		"processors", "topics", "state", "cmd", "schemas", "compose", "go.mod", "go.sum", "Makefile", "README.md", "LICENSE",
	}
	entries, err := os.ReadDir(moduleRoot)
	if err != nil {
		t.Fatal(err)
	}
	skipped := ignored(t)
	for _, entry := range entries {
		name := entry.Name()
		// Campaigns that a user has generated, as the README tells, are nobody's to put away.
		own := strings.HasSuffix(name, ".jsonl")
		if !slices.Contains(given, name) && !slices.Contains(skipped, name) && !strings.HasPrefix(name, ".") && !own {
			t.Errorf("%s stands at the top level, which is given: put it into the room that it belongs to (%s)",
				name, strings.Join(given[:6], ", "))
		}
	}
}
