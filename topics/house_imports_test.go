package topics_test

import (
	"go/token"
	"slices"
	"strconv"
	"strings"
)

const modulePath = "github.com/rmn-arms/campaign-engine"

// imports calls visit for each import of a Go source.
func imports(s source, visit func(path string, at token.Pos)) {
	if !s.isGo() {
		return
	}
	for _, spec := range s.syntax.Imports {
		if name, err := strconv.Unquote(spec.Path.Value); err == nil {
			visit(name, spec.Pos())
		}
	}
}

// under reports whether an import path is one of the modules or packages, or below it.
func under(path string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return path == root || strings.HasPrefix(path, root+"/") })
}

func importRules() []rule {
	return []rule{
		{
			name: "rooms import in one direction", check: checkDirection,
			broken: []example{
				{"state/timer/plan.go", "package timer\nimport _ \"" + modulePath + "/schemas\""},
				{"topics/table.go", "package topics\nimport _ \"" + modulePath + "/state/timer\""},
				{"processors/timers.go", "package processors\nimport _ \"" + modulePath + "/cmd/internal/config\""},
				{"schemas/event.go", "package schemas\nimport _ \"" + modulePath + "/topics\""},
			},
			kept: []example{
				{"cmd/campaignd/main.go", "package main\nimport _ \"" + modulePath + "/processors\""},
				{"processors/translate.go", "package processors\nimport (\n_ \"" + modulePath + "/state/timer\"\n_ \"" +
					modulePath + "/schemas\"\n)"},
				{"schemas/asyncapi_test.go", "package schemas_test\nimport _ \"" + modulePath + "/topics\""},
			},
		},
		{
			name: "schemas imports the standard library only", check: checkStandardLibrary,
			broken: []example{{"schemas/event.go", "package schemas\nimport _ \"github.com/cockroachdb/apd/v3\""}},
			kept: []example{
				{"schemas/event.go", "package schemas\nimport _ \"encoding/json\""},
				{"schemas/event_test.go", "package schemas\nimport _ \"github.com/santhosh-tekuri/jsonschema/v6\""},
			},
		},
		{
			name: "each library has its room", check: checkLibraries,
			broken: []example{
				{"processors/timers.go", "package processors\nimport _ \"github.com/IBM/sarama\""},
				{"cmd/campaignd/main.go", "package main\nimport _ \"github.com/jackc/pgx/v5/pgxpool\""},
				{"processors/projections.go", "package processors\nimport _ \"database/sql\""},
				{"cmd/campaignd/main.go", "package main\nimport _ \"github.com/rs/zerolog/log\""},
				{"cmd/campaignd/run.go", "package main\nimport _ \"go.opentelemetry.io/otel/exporters/stdout/stdouttrace\""},
				{"processors/tracing.go", "package processors\nimport _ \"go.opentelemetry.io/otel/sdk/trace\""},
			},
			kept: []example{
				{"processors/tracing.go", "package processors\nimport _ \"go.opentelemetry.io/otel/trace\""},
				{"processors/tracing_test.go", "package processors\nimport _ \"go.opentelemetry.io/otel/sdk/trace/tracetest\""},
				{"cmd/internal/tracing/plan.go", "package tracing\nimport _ \"go.opentelemetry.io/otel/sdk/trace\""},
				{"processors/engine/builders.go", "package engine\nimport _ \"github.com/IBM/sarama\""},
				{"state/pgstore/store.go", "package pgstore\nimport _ \"github.com/jackc/pgx/v5\""},
				{"cmd/campaignd/main.go", "package main\nimport _ \"github.com/rs/zerolog\""},
			},
		},
		{
			name: "state does no I/O", check: checkPureImports,
			broken: []example{
				{"state/timer/plan.go", "package timer\nimport _ \"os\""},
				{"state/campaign/apply.go", "package campaign\nimport _ \"github.com/lovoo/goka\""},
				{"state/zone/zone.go", "package zone\nimport _ \"log/slog\""},
			},
			kept: []example{
				{"state/table/storage.go", "package table\nimport _ \"github.com/lovoo/goka/storage\""},
				{"state/timer/plan_test.go", "package timer\nimport _ \"os\""},
				{"state/zone/zone.go", "package zone\nimport _ \"time/tzdata\""},
			},
		},
	}
}

func checkDirection(s source) (violations []string) {
	below := map[string][]string{
		"schemas":    {"schemas"},
		"topics":     {"topics", "schemas"},
		"state":      {"state"},
		"processors": {"processors", "topics", "schemas", "state"},
		"cmd":        {"cmd", "processors", "topics", "schemas", "state"},
	}
	room, _, _ := strings.Cut(s.path, "/")
	allowed, is := below[room]
	if !is || s.isTest() {
		return nil
	}
	imports(s, func(path string, at token.Pos) {
		other, inside := strings.CutPrefix(path, modulePath+"/")
		if inside && !under(other, allowed...) {
			violations = append(violations, found(s, at, "%s must not import %s (cmd -> processors -> topics -> schemas, "+
				"processors -> state): hand the value in from above, or translate it in processors", room, other))
		}
	})
	return violations
}

func checkStandardLibrary(s source) (violations []string) {
	if !s.in("schemas") || s.isTest() {
		return nil
	}
	imports(s, func(path string, at token.Pos) {
		first, _, _ := strings.Cut(path, "/")
		if strings.Contains(first, ".") && !under(path, modulePath) {
			violations = append(violations, found(s, at, "schemas must not import %s, so that every room may import schemas: "+
				"what needs a library belongs to topics", path))
		}
	})
	return violations
}

func checkLibraries(s source) (violations []string) {
	type room struct {
		libraries []string
		room      string
		instead   string
	}
	rooms := []room{
		{[]string{"github.com/IBM/sarama", "github.com/Shopify/sarama"}, "processors/engine",
			"use franz-go; sarama is there for goka's interface types alone"},
		{[]string{"github.com/jackc/pgx", "database/sql", "github.com/pressly/goose"}, "state/pgstore",
			"give state/pgstore a function that does it: no other room knows SQL"},
		{[]string{"github.com/rs/zerolog/log"}, "nowhere", "take a zerolog.Logger as an argument: there is no global logger"},
		{[]string{"go.opentelemetry.io/otel/exporters"}, "cmd/internal/tracing", "take a trace.Tracer as an argument"},
	}
	if !s.isTest() { // tests record spans with it
		rooms = append(rooms, room{[]string{"go.opentelemetry.io/otel/sdk"}, "cmd/internal/tracing", "take a trace.Tracer as an argument"})
	}
	imports(s, func(path string, at token.Pos) {
		for _, only := range rooms {
			if under(path, only.libraries...) && !s.in(only.room) {
				violations = append(violations, found(s, at, "%s may be imported in %s only: %s", path, only.room, only.instead))
			}
		}
	})
	return violations
}

// ioRooms are the rooms of state that do I/O: the two stores.
var ioRooms = []string{"state/pgstore", "state/table"}

func isPure(s source) bool { return s.isGo() && s.in("state") && !s.in(ioRooms...) && !s.isTest() }

func checkPureImports(s source) (violations []string) {
	if !isPure(s) {
		return nil
	}
	imports(s, func(path string, at token.Pos) {
		if under(path, "os", "net", "log", "math/rand", "crypto/rand", "github.com/rs/zerolog", "github.com/twmb/franz-go",
			"github.com/lovoo/goka", "github.com/prometheus", "go.opentelemetry.io") {
			violations = append(violations, found(s, at, "state must not import %s: it decides over plain data, without clock, "+
				"I/O, chance, logs or Kafka; let the caller in processors do that", path))
		}
	})
	return violations
}
