# Doors. `make` alone lists them; each line below that has ## is one.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

GO    ?= go
TOOLS := $(GO) tool -modfile=.tools/go.mod
# Prometheus's own tool needs two hundred modules, so it has a file of its own; without the discoveries that it does not need here.
PROMTOOL := GOFLAGS=-tags=remove_all_sd,enable_dns_sd $(GO) tool -modfile=.tools/promtool.mod promtool

# Rooms where goroutines meet are tested with the race detector; the pure ones have nothing to race.
RACED := ./topics/... ./processors/... ./cmd/...
PURE  := ./schemas/... ./state/...
# What is large for what it computes, and not for how goroutines meet: without the race detector, which makes of its seconds a minute
# or two. The same with a tenth of the campaigns is many-raced.txt, which is raced.
LARGE := ^TestScenarios$$/^many-at-one-instant.txt$$

# What stands behind a tag is vetted each time too, so that it does not rot between its runs.
TAGS := kafka,torture,bench

# What the tests with a real broker need, beside Go.
JAVA_PACKAGES := openjdk-17-jre-headless maven

.PHONY: help run demo postgres build test test-kafka zones money devices torture torture-short bench check fmt-check lint alerts vuln topology letters

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## the engine on its embedded broker, with a small demonstration; until interrupted
	@.tools/install-postgres
	@exec bin/campaignd run --demo

demo: build ## one night of three campaigns under a clock that flies, in half a minute; fails when not all is as it must be
	@.tools/install-postgres
	@exec bin/campaignd demo

postgres: ## a Postgres server for the local database: as root on Debian it is installed, else it is said how
	@.tools/install-postgres --needed

build: ## campaignd, campaignctl and storesim, into bin
	@$(GO) build -o bin/ ./cmd/campaignd ./cmd/campaignctl ./cmd/storesim

test: ## vet, and every test that needs nothing but Go; five minutes or so
	@$(call need_cc)
	$(GO) vet -tags $(TAGS) ./...
	$(GO) vet -tags untransacted ./processors/engine
	$(GO) test -timeout 5m $(PURE)
	$(GO) test -timeout 5m -run '$(LARGE)' ./processors
	$(GO) test -race -timeout 8m -skip '$(LARGE)' $(RACED)

test-kafka: ## the tests against real Apache Kafka, which they fetch and start, and Postgres; needs Java 17, Maven, Postgres, Python
	@$(call need_tests,kafka)
	@$(call need_java)
	@$(call need_python)
	@.tools/install-postgres --needed
	$(GO) test -tags kafka -count=1 -timeout 30m ./cmd/... ./state/pgstore ./state/zone ./processors/mailer/post

zones: ## of make test-kafka: each change of each time zone, held against Python's zoneinfo
	@$(call need_python)
	$(GO) test -tags kafka -count=1 -v -run '^TestPythonSaysTheSame$$' ./state/zone

# Of make money: SEED is of all that is random; 0: a random one, which is printed.
SEED ?= 0

money: ## of make test-kafka: 500,000 plays on real Kafka and Postgres, both killed; an oracle judges; SEED=1
	@$(call need_tests,kafka)
	@$(call need_java)
	@.tools/install-postgres --needed
	$(GO) test -tags kafka -count=1 -timeout 15m -v -run '^TestMoney$$' ./cmd/internal/moneysuite -args -seed $(SEED)

# Of make devices: how much there is, and for how long something happens.
STORES    ?= 200
DEVICES   ?= 10
CAMPAIGNS ?= 500
LENGTH    ?= 50s

devices: ## of make test-kafka: 500 campaigns on 2,000 simulated devices, faults, kills; an oracle judges; SEED=1 STORES=200
	@$(call need_tests,kafka)
	@$(call need_java)
	$(GO) test -tags kafka -count=1 -timeout 15m -v -run '^TestDevices$$' ./cmd/internal/devicesuite -args \
	-seed $(SEED) -stores $(STORES) -devices $(DEVICES) -campaigns $(CAMPAIGNS) -length $(LENGTH)

# Of make torture: SEEDS="1 2 3" are the runs to do, one random one by default; UNTRANSACTED=1 tortures an engine without
# transactions and succeeds when the oracle finds that something was lost or doubled.
SEEDS        ?=
MINUTES      ?= 5
UNTRANSACTED ?=

torture: ## processes and brokers killed and stopped, links cut; an oracle judges; SEEDS="1 2 3" MINUTES=5
	@$(call need_tests,torture)
	@$(call need_java)
	@limit=$$(awk -v seeds='$(SEEDS)' -v minutes='$(MINUTES)' 'BEGIN { n = split(seeds, all); print int((n ? n : 1) * (minutes + 15)) "m" }'); \
	$(call torture,TestTorture,$$limit) -seeds '$(SEEDS)' -minutes '$(MINUTES)' $(if $(UNTRANSACTED),-untransacted)

torture-short: ## the same with a few fixed faults, in two minutes
	@$(call need_tests,torture)
	@$(call need_java)
	@$(call torture,TestShort,15m) $(if $(UNTRANSACTED),-untransacted)

bench: ## figures on the embedded and on real brokers, beside the ceiling of plain franz-go; BENCH=Overload for some of them
	@$(call need_tests,bench)
	@$(call need_java)
	@.tools/install-postgres --needed
	$(GO) test -tags bench -count=1 -timeout 60m -v -p 1 -run '$(or $(BENCH),.)' ./cmd/internal/bench ./state/pgstore

check: ## is it tidy: gofmt, vet, modules, lint, alert rules, known vulnerabilities
	@$(MAKE) fmt-check
	$(GO) vet -tags $(TAGS) ./...
	$(GO) mod verify
	$(GO) mod tidy -diff
	@$(MAKE) lint
	@$(MAKE) alerts
	@$(MAKE) vuln

lint: ## golangci-lint, built on first use
	$(TOOLS) golangci-lint run ./...

alerts: ## Prometheus's promtool on compose/: its configuration, and each alert firing and not; built on first use
	$(PROMTOOL) check config compose/prometheus.yaml
	$(PROMTOOL) test rules compose/alerts_test.yaml

topology: ## print the picture of the topics, and rewrite what the README and the golden files show of them
	@said=$$($(GO) test ./topics -count=1 -run '^(TestDrawGolden|TestReadmeShowsTheTable|TestACLFile)$$' -args -update) || \
	{ echo "$$said" >&2; exit 1; }
	@sed -n '/^```mermaid/,/^```$$/p' topics/testdata/topology.md

letters: ## each mail of the tests as text, page and picture, into letters, to look at; the pictures need Chromium
	@.tools/letters

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

torture = $(GO) test -tags torture -count=1 -timeout $(2) -v -run '^$(1)$$' ./cmd/internal/torture -args

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

# Time zones are held against a second implementation.
define need_python
python3 -c 'import zoneinfo' 2>/dev/null || \
{ echo 'the test of time zones needs Python 3.9 or newer: apt-get install -y python3' >&2; exit 1; }
endef

# A door behind which no test stands says so and fails: it must not look as if something had been checked.
define need_tests
grep -rqs --include='*_test.go' '^//go:build .*\b$(1)\b' cmd || \
{ echo 'there is no test for make $(if $(filter kafka,$(1)),test-kafka,$(1)) yet: nothing was checked' >&2; exit 1; }
endef
