# Everything that people and CI call. `make` alone lists it.
SHELL := /bin/bash
GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
REVISION ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
HOUR ?= 1h
STAMP := github.com/prometheus/common/version
BINARIES := tocsin tocsin_exporter tocsin_receiver
# What the attempts of probes share is tested with the race detector. Its runtime gives up now and then ("CHECK failed: tsan_rtl.cpp")
# on the floods of the hostile servers in the package's other tests, which run without it.
SHARED := Share|Sessions|TestPing$$|Rotates|BrowsersAreLimited
LINT := $(GO) tool -modfile=tools/lint/go.mod

.DEFAULT_GOAL := help
.PHONY: help build engines fixtures up demo test test-unit test-integration lint fmt check render schema bench bench-long bench-code bench-detection clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST) | sort

build: ## build the three programs into bin/
	@$(GO) run ./internal/gobuild/build -title "Tocsin's programs" -output bin \
	  -stamp $(STAMP).Version=$(VERSION) -stamp $(STAMP).Revision=$(REVISION) $(BINARIES:%=./cmd/%)

engines: build ## build the pinned Prometheus and Alertmanager into .tocsin/engines (once)
	bin/tocsin engines

fixtures: ## fetch the published example payloads that tests compare with (once)
	@test/fixtures/fetch
	@test/accessibility/fetch

up: build ## start everything on this machine in the foreground; Ctrl-C ends it
	@bin/tocsin up

demo: build ## start only the demo service
	@bin/tocsin demo

test: engines fixtures ## run every test there is: unit, race, rules, routing, end to end
	$(GO) vet ./...
	$(GO) test -race -timeout 20m $$($(GO) list ./... | grep -v '/collector/probe$$')
	$(GO) test -timeout 20m ./collector/probe
	$(GO) test -race -timeout 20m -run '$(SHARED)' ./collector/probe

test-unit: ## run the quick tests only, without the race detector
	$(GO) test -short ./...

test-integration: fixtures ## install the real servers (Debian) and run the tests that talk to them
	test/servers/install
	TOCSIN_INTEGRATION=require $(GO) test -timeout 20m -run '^TestReal' ./...

lint: ## vet, staticcheck, gofumpt, deadcode; golangci-lint where it is installed
	$(GO) vet ./...
	GOOS=darwin $(GO) vet ./collector/... ./cmd/tocsin_exporter/... # what stands in files for other systems
	$(LINT) staticcheck ./...
	@unformatted="$$($(LINT) gofumpt -l $$(git ls-files '*.go'))"; \
	  if [ -n "$$unformatted" ]; then echo "not formatted (make fmt mends it):"; echo "$$unformatted"; exit 1; fi
	@dead="$$($(LINT) deadcode -test ./...)"; \
	  if [ -n "$$dead" ]; then echo "unreachable code:"; echo "$$dead"; exit 1; fi
	@if command -v golangci-lint >/dev/null; then golangci-lint run ./...; \
	  else echo "golangci-lint is not installed: its rules (.golangci.yml) were not run"; fi

fmt: ## format the Go files
	$(LINT) gofumpt -w $$(git ls-files '*.go')

check: build ## check the catalogue, and that what is rendered from it is fresh
	bin/tocsin check

render: build ## write alertmanager/alertmanager.yml from tocsin.yml
	bin/tocsin render

schema: build ## write the catalogue's JSON Schema for editors
	bin/tocsin schema > catalog/tocsin.schema.json

bench: ## measure cost, memory, scrapes and schedule against what was promised
	$(GO) run ./test/bench

bench-long: ## the same for what is promised of an hour (HOUR=10m for less)
	$(GO) run ./test/bench -only schedule,http2 -for $(HOUR)

bench-code: ## run the benchmarks of single functions
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-detection: engines ## measure the time from a fault to the message, hop by hop
	$(GO) run ./test/bench/detection

clean: ## remove what was built and the demo's state
	rm -rf bin .tocsin
