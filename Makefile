# SMTP Reply Metadata.  `make` builds everything and runs the demo; `make help` lists the targets.
# Rule: no committed file is a target.  Targets are outputs and stamps under build/, so a fresh
# clone always builds.  Only the environment step reaches a package index.

ifneq ($(firstword $(sort $(MAKE_VERSION) 4.3)),4.3)
$(error GNU make 4.3 or later is needed; this is $(MAKE_VERSION))
endif

MAKEFLAGS += --no-builtin-rules --warn-undefined-variables
.DELETE_ON_ERROR:
.SUFFIXES:
SHELL := /bin/sh

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python
STAMPS := build/stamps
REPLYMETA_TEST_DATA ?=
PYTEST_FLAGS ?= --numprocesses=2 --dist=loadfile
MUTATION_FLAGS ?=
export NO_MKDOCS_2_WARNING := 1
export SOURCE_DATE_EPOCH := 1795392000
export REPLYMETA_TEST_DATA

find = $(shell find $(1) -name __pycache__ -prune -o -type f -name '$(2)' -print | LC_ALL=C sort)

COMPILER := $(call find,grammar/abnf_compiler,*.py) $(call find,grammar/abnf_compiler,*.lark) $(call find,grammar/abnf_compiler,*.abnf) \
  $(call find,grammar/abnf_compiler,*.toml)
TABLES := $(wildcard grammar/*.abnf grammar/*.toml grammar/borrowed/*.abnf)
REFERENCE := $(call find,reference,*.py) $(call find,reference,*.lark)
DRAFT := $(wildcard draft/*.xml draft/*.py draft/examples/* draft/references/* draft/_generated/*)
SITE := $(call find,site,*)
GENERATED := $(call find,tests/vectors,*.json)
CORPUS := tests/compiler/corpus/_generated/corpus.json

.PHONY: all help test rfc-strings engines-agree corpus check-corpus grammar-mutations lint demo draft site serve bench bench-peers generate check-generated bench-server postfix-tools test-kill test-mutants coverage mutation vectors lock dist clean
all: draft site demo  ## set up, generate, build draft and site, run the demo (the default)

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Environment: a virtual environment with the exact packages of requirements.lock.
$(STAMPS)/env: pyproject.toml requirements.lock
	@mkdir -p $(@D)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

# Generated files: one process, everything into build/fresh, then only what changed is installed.
$(STAMPS)/generated: $(STAMPS)/env $(wildcard grammar/*.py) $(TABLES) $(COMPILER) $(REFERENCE) $(DRAFT) $(GENERATED)
	$(RUN) grammar/generate.py
	@touch $@

generate: $(STAMPS)/generated  ## write the generated files anew where their sources changed

check-generated: $(STAMPS)/env  ## fail when a committed generated file differs from a fresh one
	$(RUN) grammar/generate.py --check

# The draft: txt, html and expanded xml in build/draft.
$(STAMPS)/draft: $(STAMPS)/generated
	$(RUN) draft/build_draft.py
	@touch $@

draft: $(STAMPS)/draft  ## render the Internet-Draft to build/draft

# The site: pages assembled into build/site-docs, rendered into build/site, then checked.
$(STAMPS)/site: $(STAMPS)/draft $(SITE) $(CORPUS) CHANGELOG.md
	$(RUN) site/build_pages.py
	$(BIN)/mkdocs build --strict --config-file site/mkdocs.yml
	$(RUN) site/check_site.py
	@touch $@

site: $(STAMPS)/site  ## build the documentation site to build/site

serve: $(STAMPS)/site  ## serve the built site on http://127.0.0.1:8000/
	$(RUN) -m http.server --bind 127.0.0.1 --directory build/site 8000

demo: $(STAMPS)/generated  ## run the referral scenario of the 2020 list message over real sockets
	@$(BIN)/replymeta demo --directory build/demo

test: $(STAMPS)/site  ## run every test that needs no root and no extra software
	$(BIN)/pytest $(PYTEST_FLAGS)

rfc-strings: $(STAMPS)/generated  ## compare verdicts on 55,043 strings of 14 RFCs (some minutes)
	$(RUN) tests/compiler/rfc_strings.py

corpus: $(STAMPS)/generated  ## read, draw and compile every grammar of RFC texts and PyPI abnf; write the table (minutes)
	$(RUN) tests/compiler/corpus/corpus.py

check-corpus: $(STAMPS)/generated  ## the same, but compare the table with the committed one
	$(RUN) tests/compiler/corpus/corpus.py --check

grammar-mutations: $(STAMPS)/generated  ## put 13 kinds of single mutation on 20 valid grammars to abnfc check and diff
	$(RUN) tests/compiler/corpus/grammar_mutations.py

engines-agree: $(STAMPS)/generated  ## put 100,000 strings of the grammar to every engine
	$(RUN) tests/reference/engines_agree.py

lint: $(STAMPS)/generated  ## ruff, mypy, import contracts, file length, size of the core, docstring anchors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(RUN) tests/lint/file_length.py
	$(RUN) tests/lint/core_size.py
	$(RUN) tests/lint/docstring_anchors.py
	$(BIN)/abnfc fmt --check grammar/reply-metadata.abnf

# Parsers for JavaScript that the benchmark compares with, from npm, by the lock beside package.json.
PEERS := build/bench-node
$(STAMPS)/bench-peers: tests/bench/node/package.json tests/bench/node/package-lock.json
	@mkdir -p $(@D) $(PEERS)
	cp tests/bench/node/package.json tests/bench/node/package-lock.json $(PEERS)
	npm ci --prefix $(PEERS) --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund
	@touch $@

bench-peers: $(STAMPS)/bench-peers  ## install the parsers for Node that make bench compares with

bench: $(STAMPS)/generated  ## time the parsers, then the server; figures in build/bench.json
	$(RUN) tests/bench/bench.py --json build/bench.json
	$(BIN)/pytest -m timing
	$(MAKE) bench-server

bench-server: $(STAMPS)/generated postfix-tools  ## messages a second with smtp-source (some minutes)
	$(RUN) tests/bench/bench_server.py --json build/bench.json

postfix-tools: $(STAMPS)/env  ## unpack Postfix' smtp-source and smtp-sink into build/ (needs apt)
	@$(RUN) tests/bench/unpack_postfix.py

test-kill: $(STAMPS)/generated  ## kill -9 a server 20 times in the middle of 1,000 deliveries
	$(RUN) tests/network/kill_deliveries.py

.PHONY: hostile hostile-transcripts hostile-bounds hostile-sessions
hostile: $(STAMPS)/generated  ## play every hostile transcript on sessions, asyncio and blocking sockets
	PYTHONPATH=tests/hostile $(RUN) -m hostile_peers

hostile-transcripts: $(STAMPS)/generated  ## write the hostile transcripts anew from their families
	PYTHONPATH=tests/hostile $(RUN) -m hostile_peers.generate

hostile-bounds: $(STAMPS)/generated  ## floods of 64 MiB: octets, memory and time against length (minutes)
	PYTHONPATH=tests/hostile $(RUN) -m hostile_peers.bounds
	PYTHONPATH=tests/hostile $(RUN) -m hostile_peers.growth

hostile-sessions: $(STAMPS)/generated  ## 100,000 generated pipelined sessions (minutes)
	PYTHONPATH=tests/hostile $(RUN) -m hostile_peers.sessions

coverage: $(STAMPS)/generated  ## fail when tests/reference misses a line or branch of the core
	$(BIN)/coverage run --data-file=build/coverage -m pytest -q tests/reference
	$(BIN)/coverage report --data-file=build/coverage --fail-under=100 --show-missing \
	  --include="$$($(RUN) tests/lint/core_size.py --files)"

mutation: $(STAMPS)/generated  ## put single edits of codec and sessions to tests/reference: 90 % found
	$(RUN) tests/mutation/mutation.py $(MUTATION_FLAGS)

test-mutants: $(STAMPS)/generated  ## put every single edit of the grammar to the vectors
	$(RUN) tests/compiler/grammar_mutants.py

vectors: $(STAMPS)/generated  ## write the test vectors (part of generate) and say where they are
	@ls tests/vectors/_generated

dist: $(STAMPS)/generated  ## build the wheel and the source archive into dist/
	$(RUN) -m build --no-isolation --outdir dist .

lock: $(STAMPS)/env  ## write requirements.lock from the packages installed now
	@{ echo "# Every package of the development environment, exact versions; made by 'make lock'."; \
	  $(BIN)/pip freeze --exclude-editable | LC_ALL=C sort -f; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock

clean:  ## remove build/, dist/ and caches (the environment stays)
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
