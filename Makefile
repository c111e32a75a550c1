# Doors. `make` alone lists them; each line below that has ## is one.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

GO    ?= go
TOOLS := $(GO) tool -modfile=.tools/go.mod

# Rooms where goroutines meet are tested with the race detector; the pure ones have nothing to race.
RACED := ./topics/... ./processors/... ./cmd/...
PURE  := ./schemas/... ./state/...

# What stands behind a tag is vetted each time too, so that it does not rot between its runs.
TAGS := kafka,torture,bench

# What the tests with a real broker need, beside Go.
JAVA_PACKAGES := openjdk-17-jre-headless maven

.PHONY: help run build test test-kafka torture bench check fmt-check lint vuln topology

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## the engine on its embedded broker, with a small demonstration; until interrupted
	@exec bin/campaignd run --demo

build: ## campaignd and campaignctl, into bin
	@$(GO) build -o bin/ ./cmd/campaignd ./cmd/campaignctl

test: ## vet, and every test that needs nothing but Go; under 5 minutes
	@$(call need_cc)
	$(GO) vet -tags $(TAGS) ./...
	$(GO) test -timeout 5m $(PURE)
	$(GO) test -race -timeout 5m $(RACED)

test-kafka: ## the tests against real Apache Kafka, which they fetch and start; needs Java 17 and Maven
	@$(call need_tests,kafka)
	@$(call need_java)
	$(GO) test -tags kafka -count=1 -timeout 10m ./cmd/...

torture: ## processes killed and stopped, brokers killed, links cut; an oracle checks the invariants
	@$(call need_tests,torture)
	@$(call need_java)
	$(GO) test -tags torture -count=1 -timeout 60m -v ./cmd/...

bench: ## figures on the embedded and on one real broker, beside the ceiling of plain franz-go
	@$(call need_tests,bench)
	@$(call need_java)
	$(GO) test -tags bench -count=1 -timeout 60m -v ./cmd/internal/bench

check: ## is it tidy: gofmt, vet, modules, lint, known vulnerabilities
	@$(MAKE) fmt-check
	$(GO) vet -tags $(TAGS) ./...
	$(GO) mod verify
	$(GO) mod tidy -diff
	@$(MAKE) lint
	@$(MAKE) vuln

lint: ## golangci-lint, built on first use
	$(TOOLS) golangci-lint run ./...

topology: ## print the picture of the topics, and rewrite what the README and the golden files show of them
	@said=$$($(GO) test ./topics -count=1 -run '^(TestDrawGolden|TestReadmeShowsTheTable)$$' -args -update) || \
	{ echo "$$said" >&2; exit 1; }
	@sed -n '/^```mermaid/,/^```$$/p' topics/testdata/topology.md

fmt-check:
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then printf 'not formatted; gofmt -w mends it:\n%s\n' "$$unformatted" >&2; exit 1; fi

# govulncheck ends with 3 when it found something, and with 1 when it could not look, for instance without a network.
vuln:
	@echo '$(TOOLS) govulncheck ./...'; status=0; $(TOOLS) govulncheck ./... || status=$$?; \
	case $$status in \
	0) ;; \
	1) echo 'vulnerabilities: NOT CHECKED, see above; everything else of make check has passed' >&2 ;; \
	*) exit $$status ;; \
	esac

# The race detector needs a C compiler.
define need_cc
command -v "$${CC:-cc}" >/dev/null || command -v gcc >/dev/null || \
{ echo 'the race detector needs a C compiler: apt-get install -y gcc libc6-dev' >&2; exit 1; }
endef

define need_java
major=$$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' || true); \
if ! command -v mvn >/dev/null || [ "$${major:-0}" -lt 17 ]; then \
echo 'Apache Kafka needs Java 17 or newer, and Maven to fetch it: apt-get install -y $(JAVA_PACKAGES)' >&2; exit 1; fi
endef

# A door behind which no test stands says so and fails: it must not look as if something had been checked.
define need_tests
grep -rqs --include='*_test.go' '^//go:build .*\b$(1)\b' cmd || \
{ echo 'there is no test for make $(if $(filter kafka,$(1)),test-kafka,$(1)) yet: nothing was checked' >&2; exit 1; }
endef
