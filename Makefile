# Everything that CI does is a target here, and runs on one machine without Docker or an AWS account.
# Needs: Rust (rustup reads rust-toolchain.toml), a C compiler, and Python 3 for the lint of the template.
# Tools are pinned and kept under target/tools.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PORT ?= 8080
KILLS ?= 50
export PORT

TOOLS := target/tools
PYTHON := $(TOOLS)/python
CARGO_DENY_VERSION := 0.20.2
CARGO_LLVM_COV_VERSION := 0.9.1
CARGO_MUTANTS_VERSION := 27.1.0
CARGO_LAMBDA_VERSION := 1.9.2
FUNCTIONS := $(notdir $(wildcard functions/*))
HOST_ARCHITECTURE := $(subst aarch64,arm64,$(shell uname -m))
ARCHITECTURE ?= $(HOST_ARCHITECTURE)

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# ── Run ─────────────────────────────────────────────────────────────────────────────────────────────
.PHONY: build dev smoke tick invoke verify
build: ## Build everything (debug)
	cargo build --workspace --locked

dev: build ## The whole product on this machine: http://localhost:8080 (PORT=), data under .local/
	@infra/dev.sh

smoke: build ## Start all on free ports, wait until every function answers, stop
	@target/debug/local smoke

tick: ## Fire a schedule now: make tick NAME=commission-batch
	@target/debug/local tick $(or $(NAME),$(error NAME= is missing: the function whose schedule to fire)) \
	  --url http://127.0.0.1:$(PORT)

invoke: ## Send an event file: make invoke NAME=click-tracker EVENT=events/click-tracker/click.json
	@target/debug/local invoke $(or $(NAME),$(error NAME= is missing: the function)) \
	  --event $(or $(EVENT),$(error EVENT= is missing: a file under events/)) --url http://127.0.0.1:$(PORT)

verify: ## Check the ledger's laws on the running data (TENANT= of all); fails when one is broken
	@infra/local-env.sh target/debug/tributary verify $(if $(TENANT),--tenant $(TENANT))

# ── Check ───────────────────────────────────────────────────────────────────────────────────────────
.PHONY: test lint lint-rust lint-walls lint-template fmt cover browser crash api-test
test: ## Every test: units, laws, and flows through the real binaries
	cargo build --workspace --all-targets --locked
	@if cargo nextest --version >/dev/null 2>&1; then \
	  cargo nextest run --workspace --locked --no-fail-fast; \
	else \
	  cargo test --workspace --locked --no-fail-fast; \
	fi

lint: lint-rust lint-walls lint-template ## Format, clippy, dependency walls, template; clean or it fails

lint-rust:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

lint-walls: $(TOOLS)/cargo-deny-$(CARGO_DENY_VERSION)
	$(TOOLS)/bin/cargo-deny --log-level error check licenses sources
	@# Walls stand between what ships; a test may look over them.
	$(TOOLS)/bin/cargo-deny --log-level error --exclude-dev check bans --hide-inclusion-graph
	python3 infra/lint/walls.py

lint-template: $(PYTHON)/.installed
	cargo build --workspace --locked --quiet
	@echo "template.yaml:" && infra/lint/template.sh template.yaml
	@echo "the lint bites:" && infra/lint/proved.sh

fmt: ## Format the code
	cargo fmt --all

cover: $(TOOLS)/cargo-llvm-cov-$(CARGO_LLVM_COV_VERSION) ## Line coverage: 80 % of the workspace, 95 % of the money, or it fails
	@infra/cover.sh

mutants: $(TOOLS)/cargo-mutants-$(CARGO_MUTANTS_VERSION) ## Change the money code in one place at a time: does a test notice? Hours; MODULES= of shared/domain
	@infra/mutants.sh $(MODULES)

browser: build ## The snippet of docs/snippet.md in a real headless Chromium (installed where it is missing)
	@tests/browser/run.sh

api-test: build $(TOOLS)/api/.installed ## Every operation under schemathesis: all checks, all phases; EXAMPLES= requests of each while fuzzing (5), PHASES= fewer phases
	@tests/api/run.sh $(TOOLS)/api

crash: build ## kill -9 of functions at random points, KILLS= of each (50): the same ledger
	CRASH_KILLS=$(KILLS) cargo test --workspace --locked --test flows -- crash --nocapture

.PHONY: crash-payouts
crash-payouts: build ## kill -9 of the executor and of approvals at random points, KILLS= of each (50): the same ledger as without one
	CRASH_KILLS=$(KILLS) CRASH_ONLY=payout-executor,payout-approval cargo test --workspace --locked --test flows -- crash --nocapture

# ── Simulate ────────────────────────────────────────────────────────────────────────────────────────
WORLDS ?= 10000
SEED ?= 1
ORDERS ?= 1000
BUG ?=

.PHONY: simulate simulate-one simulate-orders simulate-self-test
simulate: ## Worlds with faults over the real handlers: WORLDS= of them (10000), from SEED= (1) on
	cargo build --profile simulate --workspace --bin simulator --locked
	@target/simulate/simulator worlds $(WORLDS) $(SEED)

simulate-one: ## One world with its log: make simulate-one SEED=7
	cargo build --profile simulate --workspace --bin simulator --locked
	@target/simulate/simulator one $(SEED)

simulate-orders: ## The same 200 facts in ORDERS= orders (1000) with duplicates end in the same ledger
	cargo build --profile simulate --workspace --bin simulator --locked
	@target/simulate/simulator orders $(ORDERS) $(SEED)

simulate-self-test: ## Mistakes planted on purpose: each must be found within 1,000 worlds; BUG= only those so named
	cargo build --profile simulate --workspace --bin simulator --locked --features simulator/planted
	@target/simulate/simulator self-test 1000 $(if $(BUG),"$(BUG)")
	@# People who judge claims, approve corrections, hand tax on, try accounts and sign in are no part of those worlds: their laws stand beside them, one bug at a time.
	cargo test --profile simulate --locked -p domain -p store -p payout-approval --features domain/planted,store/planted,payout-approval/planted --lib what_is_planted -- --test-threads=1

STORIES ?= 1000

.PHONY: dry-runs
dry-runs: ## STORIES= random histories (1000): what a dry run shows of other rules is what is booked, to the cent
	STORIES=$(STORIES) cargo test --locked -p commission-batch --lib -- com_16_the_difference_shown --nocapture

# ── Ingestion ───────────────────────────────────────────────────────────────────────────────────────
COUNT ?= 10000
RACES ?= 10000
PAYOUTS ?= 10000
SIGNED ?= 1000
FUZZ_SECONDS ?= 60
PEERS := $(TOOLS)/peers

.PHONY: peers fuzz webhooks races rail-faults
peers: $(PEERS)/.installed ## The official Stripe and Standard Webhooks packages sign SIGNED= messages each (1000), and tamper with as many; Stripe's drive our stand-in; two ACH readers and a check of bytes read SIGNED= bank files
	cargo build --locked -p peers
	@{ $(PEERS)/python/bin/python tests/peers/sign.py $(SIGNED) $(SEED); node $(PEERS)/sign.mjs $(SIGNED) $(SEED); } | target/debug/peers
	cargo build --locked -p local-stripe
	@infra/peers.sh $(PEERS) $(SIGNED) $(SEED)

fuzz: ## Hostile cookies, signature headers and bodies, FUZZ_SECONDS= each (60), from SEED= (1) on
	cargo build --profile simulate --workspace --bin fuzz --locked
	@target/simulate/fuzz $(FUZZ_SECONDS) $(SEED)

races: ## RACES= races of each kind (10000): four at once ask, approve, claim, confirm; one wins, nothing is paid beside the balance
	RACES=$(RACES) cargo test --profile simulate --workspace --locked --test racing -- --nocapture

rail-faults: ## PAYOUTS= payouts (10000) over a rail that fails each fifth time: each paid once, or waiting for people
	@# Beside `documents`, which knows every function: of one crate alone the SDKs would be built anew with fewer features.
	PAYOUTS=$(PAYOUTS) cargo test --profile simulate --locked -p payout-executor -p documents --lib payouts_over_a_rail_that_fails -- --nocapture

webhooks: ## COUNT= webhooks (10000), one in ten replayed, one in a hundred forged: exactly the right ledger
	@# Optimised, with every check of a debug build in our own code: a debug build takes about 50 ms of a core for each.
	cargo build --profile simulate --workspace --bins --locked
	WEBHOOKS=$(COUNT) cargo test --profile simulate --workspace --locked --test flows -- many_webhooks --nocapture

# ── Measure ─────────────────────────────────────────────────────────────────────────────────────────
.PHONY: bench bench-click bench-webhook bench-arithmetic bench-close bench-lists bench-api bench-dry-run units release mutants
release: ## Release binaries as they ship, with their sizes
	cargo build --release --locked $(FUNCTIONS:%=-p %)
	@for f in $(FUNCTIONS); do printf '%-18s %10d bytes\n' $$f $$(stat -c %s target/release/$$f); done

bench: release ## Sizes, start-up and memory of the release binaries; then clicks and webhooks beside peers; fails where a floor is missed
	@# All of them run and write their pages; the whole fails where one misses a floor.
	@failed=; python3 infra/bench.py $(FUNCTIONS) || failed=1; \
	  $(MAKE) --no-print-directory bench-click || failed=1; \
	  $(MAKE) --no-print-directory bench-webhook || failed=1; \
	  test -z "$$failed"

bench-webhook: ## A warm webhook beside Express and PostgreSQL doing the same: processor time
	@tests/bench/click/tools.sh
	@cp tests/bench/webhook/peer_express.mjs $(TOOLS)/click-peers/peer_webhook.mjs
	cargo build --release --locked -p webhook-ingest
	cargo build --workspace --locked
	@python3 tests/bench/webhook/bench.py

bench-arithmetic: ## What the rules cost: lines a second on one core
	cargo build --profile simulate --workspace --bin arithmetic --locked
	@target/simulate/arithmetic

bench-close: ## What closing costs from 10,000 lines to a million; proving them all; memory (LINES= of the largest account)
	cargo build --profile simulate --workspace --bin closes --locked
	@target/simulate/closes $(LINES)

bench-lists: ## What a page of each list takes besides the store, over 10,000 partners and a million lines (LINES= fewer)
	cargo build --profile simulate --workspace --bin lists --locked
	@target/simulate/lists $(LINES)

bench-api: ## What single reads and writes take besides the store, 300 calls of each (CALLS= fewer, or more: at most 450), and memory
	cargo build --profile simulate --workspace --bin operations --locked
	@target/simulate/operations $(CALLS)

bench-dry-run: ## How long other rules over 100,000 past sales take to be counted, and the memory (SALES= fewer)
	cargo build --profile simulate --workspace --bin dry_runs --locked
	@target/simulate/dry_runs $(SALES)

bench-click: build ## Processor time of a warm click beside a Python Lambda, a Node Lambda, and Express with PostgreSQL
	cargo build --release --locked -p click-tracker
	@tests/bench/click/tools.sh
	@python3 tests/bench/click/bench.py

units: ## DynamoDB request units of each access pattern, printed and kept in docs/units.md
	cargo build --workspace --locked
	@target/debug/units

# ── Ship ────────────────────────────────────────────────────────────────────────────────────────────
.PHONY: package deploy
package: $(PYTHON)/.installed $(TOOLS)/cargo-lambda-$(CARGO_LAMBDA_VERSION) ## sam build, for ARCHITECTURE= (this machine's)
	PATH="$(CURDIR)/$(TOOLS)/lambda/bin:$$PATH" SAM_CLI_TELEMETRY=0 $(PYTHON)/bin/sam build \
	  --parameter-overrides Architecture=$(ARCHITECTURE)

deploy: ARCHITECTURE := arm64
deploy: package ## sam build + sam deploy; asks for mail sender, domain, first admin (docs/DEPLOY.md)
	@infra/deploy.sh

# ── Tools ───────────────────────────────────────────────────────────────────────────────────────────
$(PYTHON)/.installed: infra/lint/requirements.txt
	rm -rf $(PYTHON)
	python3 -m venv $(PYTHON)
	$(PYTHON)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(PEERS)/.installed: tests/peers/requirements.txt tests/peers/package.json tests/peers/sign.mjs tests/peers/stand_in.mjs tests/peers/read_ach.mjs
	rm -rf $(PEERS) && mkdir -p $(PEERS)
	python3 -m venv $(PEERS)/python
	$(PEERS)/python/bin/pip install --quiet --disable-pip-version-check --requirement tests/peers/requirements.txt
	cp tests/peers/package.json tests/peers/sign.mjs tests/peers/stand_in.mjs tests/peers/read_ach.mjs $(PEERS)
	cd $(PEERS) && npm install --silent --no-audit --no-fund
	touch $@

$(TOOLS)/api/.installed: tests/api/requirements.txt
	rm -rf $(TOOLS)/api
	python3 -m venv $(TOOLS)/api
	$(TOOLS)/api/bin/pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

$(TOOLS)/cargo-deny-$(CARGO_DENY_VERSION):
	cargo install --locked --quiet --root $(TOOLS) cargo-deny@$(CARGO_DENY_VERSION)
	touch $@

$(TOOLS)/cargo-llvm-cov-$(CARGO_LLVM_COV_VERSION):
	cargo install --locked --quiet --root $(TOOLS) cargo-llvm-cov@$(CARGO_LLVM_COV_VERSION)
	touch $@

$(TOOLS)/cargo-mutants-$(CARGO_MUTANTS_VERSION):
	cargo install --locked --quiet --root $(TOOLS) cargo-mutants@$(CARGO_MUTANTS_VERSION)
	touch $@

$(TOOLS)/cargo-lambda-$(CARGO_LAMBDA_VERSION):
	python3 -m venv $(TOOLS)/lambda
	$(TOOLS)/lambda/bin/pip install --quiet --disable-pip-version-check cargo-lambda==$(CARGO_LAMBDA_VERSION)
	touch $@
