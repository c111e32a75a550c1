package topics_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rmn-arms/campaign-engine/topics"
)

// rule is one rule of the house. Each broken example breaks it exactly once, each kept one not at all.
type rule struct {
	name   string
	check  func(source) []string
	broken []example
	kept   []example
}

type example struct{ path, text string }

// found says where a rule is broken and what to do instead.
func found(s source, at token.Pos, format string, arguments ...any) string {
	return fmt.Sprintf("%s:%d: %s", s.path, s.line(at), fmt.Sprintf(format, arguments...))
}

func rules() []rule {
	return slices.Concat(importRules(), clockRules(), testRules(), shapeRules(), wordRules())
}

// uses calls visit for each package.Name in a Go source where the package is imported from path.
func uses(s source, path string, visit func(name string, at token.Pos)) {
	if !s.isGo() {
		return
	}
	as := path[strings.LastIndex(path, "/")+1:]
	imported := false
	for _, spec := range s.syntax.Imports {
		if spec.Path.Value != strconv.Quote(path) {
			continue
		}
		imported = true
		if spec.Name != nil {
			as = spec.Name.Name
		}
	}
	if !imported {
		return
	}
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		if selector, is := n.(*ast.SelectorExpr); is {
			if base, is := selector.X.(*ast.Ident); is && base.Name == as {
				visit(selector.Sel.Name, selector.Pos())
			}
		}
		return true
	})
}

func clockRules() []rule {
	return []rule{
		{
			name: "the clock is read in one place", check: checkClock,
			broken: []example{
				{"processors/timers.go", "package processors\nimport \"time\"\nvar _ = time.Now()"},
				{"processors/engine/session.go", "package engine\nimport \"time\"\nvar clock = time.Now"},
				{"topics/admin.go", "package topics\nimport \"time\"\nvar _ = time.Since(time.Time{})"},
				{"state/timer/plan.go", "package timer\nimport clock \"time\"\nvar _ = clock.Until(clock.Time{})"},
			},
			kept: []example{
				{"processors/clock.go", "package processors\nimport \"time\"\nvar _ = time.Now"},
				{"cmd/campaignd/main.go", "package main\nimport \"time\"\nvar _ = time.Now()"},
				{"processors/timers_test.go", "package processors\nimport \"time\"\nvar _ = time.Now()"},
				{"topics/admin.go", "package topics\nimport \"time\"\nvar _ = time.NewTimer(time.Second)"},
			},
		},
		{
			name: "time zones come from state/zone", check: checkZones,
			broken: []example{
				{"cmd/campaignd/main.go", "package main\nimport \"time\"\nvar _, _ = time.LoadLocation(\"UTC\")"},
			},
			kept: []example{
				{"state/zone/zone.go", "package zone\nimport \"time\"\nvar _ = time.LoadLocationFromTZData"},
				{"cmd/campaignd/main_test.go", "package main\nimport \"time\"\nvar _ = time.LoadLocation"},
				{"cmd/internal/torture/script.go", "package torture\nimport \"time\"\nvar _ = time.LoadLocation"},
			},
		},
		{
			name: "state waits for nothing", check: checkPureTime,
			broken: []example{
				{"state/timer/plan.go", "package timer\nimport \"time\"\nfunc f() { time.AfterFunc(1, f) }"},
				{"state/timer/plan.go", "package timer\nfunc f() { go f() }"},
			},
			kept: []example{{"state/timer/plan.go", "package timer\nimport \"time\"\nvar _ = time.UnixMilli(0)"}},
		},
	}
}

func checkClock(s source) (violations []string) {
	if s.isTest() || s.in("processors/clock.go", "cmd") {
		return nil
	}
	uses(s, "time", func(name string, at token.Pos) {
		if slices.Contains([]string{"Now", "Since", "Until"}, name) {
			violations = append(violations, found(s, at, "time.%s reads the clock, which only processors/clock.go and cmd may: "+
				"take the instant, or the clock, as an argument", name))
		}
	})
	return violations
}

// checkZones: the machine's own database is another release than the program's, or there is none, as in its image. The
// torture judges the engine, and must not share its zones.
func checkZones(s source) (violations []string) {
	if s.isTest() || s.in("cmd/internal/torture") {
		return nil
	}
	uses(s, "time", func(name string, at token.Pos) {
		if name == "LoadLocation" {
			violations = append(violations, found(s, at, "time.LoadLocation reads the machine's time zones: take zone.Load"))
		}
	})
	return violations
}

func checkPureTime(s source) (violations []string) {
	if !isPure(s) {
		return nil
	}
	uses(s, "time", func(name string, at token.Pos) {
		if slices.Contains([]string{"Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}, name) {
			violations = append(violations, found(s, at, "time.%s waits; state returns the instant at which to go on, "+
				"and the engine's keyed timers wait for it", name))
		}
	})
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		if start, is := n.(*ast.GoStmt); is {
			violations = append(violations, found(s, start.Pos(), "state starts no goroutine: decide, and let the engine run it"))
		}
		return true
	})
	return violations
}

func testRules() []rule {
	return []rule{
		{
			name: "tests do not sleep", check: checkSleep,
			broken: []example{{"topics/a_test.go", "package topics\nimport \"time\"\nfunc f() { time.Sleep(1) }"}},
			kept:   []example{{"topics/a_test.go", "package topics\nimport \"time\"\nvar _ = time.Second"}},
		},
		{
			name: "tests do not skip", check: checkSkip,
			broken: []example{
				{"topics/a_test.go", "package topics\nimport \"testing\"\nfunc TestA(t *testing.T) { t.Skip() }"},
				{"topics/a_test.go", "package topics\nimport \"testing\"\nfunc BenchmarkA(b *testing.B) { b.Skipf(\"\") }"},
			},
			kept: []example{{"topics/a_test.go", "package topics\nfunc f(s scanner) { s.Skip() }\ntype scanner struct{}\n" +
				"func (scanner) Skip() {}"}},
		},
	}
}

func checkSleep(s source) (violations []string) {
	if !s.isTest() {
		return nil
	}
	uses(s, "time", func(name string, at token.Pos) {
		if name == "Sleep" {
			violations = append(violations, found(s, at, "a test that sleeps is slow or flaky, or both: wait for the event itself "+
				"(a channel, a record, a kfake fault's Wait)"))
		}
	})
	return violations
}

func checkSkip(s source) (violations []string) {
	if !s.isTest() {
		return nil
	}
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		selector, is := call.Fun.(*ast.SelectorExpr)
		if !is || !slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, selector.Sel.Name) {
			return true
		}
		if base, is := selector.X.(*ast.Ident); is && slices.Contains([]string{"t", "b", "f", "tb"}, base.Name) {
			violations = append(violations, found(s, call.Pos(), "a test that skips promises what it does not check: "+
				"put it under a build tag with a door in the Makefile, and let it fail where it cannot run"))
		}
		return true
	})
	return violations
}

func shapeRules() []rule {
	body := func(lines int) string { return strings.Repeat("\n", lines) }
	return []rule{
		{
			name: "a function fits a screen", check: checkFunctions,
			broken: []example{{"topics/a.go", "package topics\nfunc f() {" + body(70) + "}"}},
			kept: []example{
				{"topics/a.go", "package topics\nfunc f() {" + body(69) + "}"},
				{"topics/a_test.go", "package topics\nfunc f() {" + body(200) + "}"},
			},
		},
		{
			name: "a file is about one thing", check: checkFiles,
			broken: []example{{"topics/a.go", "package topics\n" + body(500)}, {"topics/a_test.go", "package topics\n" + body(500)}},
			kept:   []example{{"topics/a.go", "package topics\n" + body(499)}, {"README.md", body(800)}},
		},
		{
			name: "nothing happens by importing", check: checkInit,
			broken: []example{{"topics/a.go", "package topics\nfunc init() {}"}},
			kept:   []example{{"topics/a.go", "package topics\ntype a struct{}\nfunc (a) init() {}"}},
		},
		{
			name: "money is no float", check: checkFloats,
			broken: []example{
				{"state/money/a.go", "package money\nvar a float64"},
				{"state/budget/a.go", "package budget\nvar a = 0.5"},
			},
			kept: []example{{"state/money/a.go", "package money\nvar a = \"0.5\""}, {"state/zone/a.go", "package zone\nvar a float64"}},
		},
	}
}

const (
	functionMaxLines = 70
	fileMaxLines     = 500
)

func checkFunctions(s source) (violations []string) {
	if !s.isGo() || s.isTest() {
		return nil
	}
	for _, declaration := range s.syntax.Decls {
		function, is := declaration.(*ast.FuncDecl)
		if !is {
			continue
		}
		if lines := s.line(function.End()) - s.line(function.Pos()) + 1; lines > functionMaxLines {
			violations = append(violations, found(s, function.Pos(), "%s has %d lines, more than %d: give its steps names of their own",
				function.Name.Name, lines, functionMaxLines))
		}
	}
	return violations
}

func checkFiles(s source) []string {
	if lines := strings.Count(s.text, "\n"); s.isGo() && lines > fileMaxLines {
		return []string{fmt.Sprintf("%s: has %d lines, more than %d: it is about more than one thing; give each a file",
			s.path, lines, fileMaxLines)}
	}
	return nil
}

func checkInit(s source) (violations []string) {
	if !s.isGo() {
		return nil
	}
	for _, declaration := range s.syntax.Decls {
		if function, is := declaration.(*ast.FuncDecl); is && function.Recv == nil && function.Name.Name == "init" {
			violations = append(violations, found(s, function.Pos(), "init runs unasked: make it a function that main or New calls"))
		}
	}
	return violations
}

func checkFloats(s source) (violations []string) {
	if !s.isGo() || !s.in("state/money", "state/budget") {
		return nil
	}
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		name, isName := n.(*ast.Ident)
		literal, isLiteral := n.(*ast.BasicLit)
		if isName && (name.Name == "float64" || name.Name == "float32") || isLiteral && literal.Kind == token.FLOAT {
			violations = append(violations, found(s, n.Pos(), "a float cannot hold 0.10: money is an apd.Decimal"))
		}
		return true
	})
	return violations
}

func wordRules() []rule {
	someTopic := string(topics.TransitionsDue)
	return []rule{
		{
			name: "topic names stand in topics", check: checkTopicNames,
			broken: []example{
				{"processors/timers.go", "package processors\nconst due = \"" + someTopic + "\""},
				{"cmd/campaignctl/tail.go", "package main\nvar due = `" + someTopic + "`"},
			},
			kept: []example{
				{"topics/table.go", "package topics\nconst due = \"" + someTopic + "\""},
				{"processors/timers_test.go", "package processors\nconst due = \"" + someTopic + "\""},
				{"processors/timers.go", "package processors\n// writes: " + someTopic + "\nconst help = \"reads " + someTopic + " again\""},
			},
		},
		{
			name: "errors begin with a gerund", check: checkErrors,
			broken: []example{
				{"topics/a.go", "package topics\nimport \"errors\"\nvar a = errors.New(\"failed to read\")"},
				{"topics/a.go", "package topics\nimport \"fmt\"\nvar a = fmt.Errorf(\"could not read: %w\", nil)"},
			},
			kept: []example{{"topics/a.go", "package topics\nimport \"fmt\"\nvar a = fmt.Errorf(\"reading: %w\", nil)"}},
		},
		{
			name: "names say what a thing is", check: checkNames,
			broken: []example{
				{"processors/engine/a.go", "package engine\ntype TopicManager struct{}"},
				{"state/util/a.go", "package util"},
			},
			kept: []example{
				{"topics/a.go", "package topics\ntype Plan struct{}"},
				{"processors/engine/a.go", "package engine\ntype topicManager struct{}"},
			},
		},
		{
			name: "nothing is left for later", check: checkLater,
			broken: []example{
				{"topics/a.go", "package topics\n// TO" + "DO: this"}, {"README.md", "FIX" + "ME\n"},
			},
			kept: []example{{"topics/a.go", "package topics\n// to do: nothing"}},
		},
	}
}

func checkTopicNames(s source) (violations []string) {
	if !s.isGo() || s.isTest() || s.in("topics") {
		return nil
	}
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		literal, is := n.(*ast.BasicLit)
		if !is || literal.Kind != token.STRING {
			return true
		}
		value, err := strconv.Unquote(literal.Value)
		if _, isTopic := topics.StreamNamed(topics.Name(value)); err == nil && isTopic {
			violations = append(violations, found(s, literal.Pos(), "%q is a topic's name: use its constant in topics", value))
		}
		return true
	})
	return violations
}

func checkErrors(s source) (violations []string) {
	if !s.isGo() || s.isTest() {
		return nil
	}
	blame := regexp.MustCompile("^[\"`](?i:failed|could not|couldn't|unable|cannot|can't|error)\\b")
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || len(call.Args) == 0 {
			return true
		}
		selector, is := call.Fun.(*ast.SelectorExpr)
		if !is || selector.Sel.Name != "Errorf" && selector.Sel.Name != "New" {
			return true
		}
		if text, is := call.Args[0].(*ast.BasicLit); is && blame.MatchString(text.Value) {
			violations = append(violations, found(s, text.Pos(), "an error says what was being done, with a gerund "+
				"(\"reading topics: ...\"); that it did not work is known"))
		}
		return true
	})
	return violations
}

func checkNames(s source) (violations []string) {
	if !s.isGo() {
		return nil
	}
	empty := regexp.MustCompile(`^(utils?|common|helpers?|types|misc|base|shared)$`)
	if name := s.syntax.Name; empty.MatchString(name.Name) {
		violations = append(violations, found(s, name.Pos(), "package %s says nothing of what is in it: name it after its one thing", name))
	}
	// What goka calls TopicManager may keep its name in an adapter, which nobody else sees.
	vague := regexp.MustCompile(`^[A-Z].*(Manager|Service|Helper|Util|Utils)$`)
	ast.Inspect(s.syntax, func(n ast.Node) bool {
		if spec, is := n.(*ast.TypeSpec); is && vague.MatchString(spec.Name.Name) {
			violations = append(violations, found(s, spec.Pos(), "type %s could be anything: name it after what it does", spec.Name.Name))
		}
		return true
	})
	return violations
}

func checkLater(s source) (violations []string) {
	later := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b`)
	for number, line := range strings.Split(s.text, "\n") {
		if word := later.FindString(line); word != "" {
			violations = append(violations, fmt.Sprintf("%s:%d: %s: do it now, or take it out",
				s.path, number+1, word))
		}
	}
	return violations
}
