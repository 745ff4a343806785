# Every target makes its own environment: only Python 3.11 or later with pip is needed
# (and, for the real servers, Java 17, Maven and Go).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH_BIN := .venv-bench/bin
RUNTIME := $(VENV)/.installed-runtime
DEV := $(VENV)/.installed-dev
BENCH := .venv-bench/.installed

MANIFESTS := $(filter-out %/kustomization.yaml,$(wildcard deploy/k8s/base/*.yaml))

# No token counts here: nothing that is made with these targets may cost money.
unexport REPLICATE_API_TOKEN
export STORYWAVE_PAID := false

OPENAPI := import json; from services.gateway.app import openapi; \
	print(json.dumps(openapi(), indent=1))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo demo-paid test test-fast test-cov test-live lint format docs cluster-up \
	cluster-down test-cluster chaos chaos-embedded attack attack-short bench-waves bench-clips \
	bench-gateway bench-gateway-short \
	bench-plans bench-orchestration bench-stitch bench-voice measure-voices lock clean

help: ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 28

demo: $(RUNTIME) ## a prompt becomes a finished 30-second video, demo.mp4
	$(BIN)/python -m benchmarks.demo

demo-paid: $(DEV) ## the same, bought at a stand-in for Replicate, with a receipt: demo-paid.mp4
	$(BIN)/python -m benchmarks.demopaid

# One process a core; one that has nothing left to do takes tests over from another.
TEST := $(BIN)/python -m pytest --numprocesses auto --dist worksteal

# Some tests hold a clock against the product, and a machine may stand still for a second.
# So what failed is run once more, alone: a fault fails again, and both runs are printed.
# A test that passes only alone is a fault too, of the test: it is mended, not left.
AGAIN := (echo "== what failed is run once more, alone" && \
	$(BIN)/python -m pytest --last-failed --last-failed-no-failures none)

test: $(DEV) ## everything that needs no server and no key
	$(TEST) --durations 15 || $(AGAIN)

FAST := story jobs contracts store blobs bus planner storyboard soundtrack chunker \
	runtime/test_shell.py pipeline/test_pipeline.py \
	$(patsubst %,gateway/test_%.py,media requests views) \
	$(patsubst %,stitcher/test_%.py,breaks captions decide finishing stuck voicefit)

test-fast: $(DEV) ## for the inner loop: decisions, contracts on SQLite, whole pipelines
	$(TEST) $(addprefix tests/,$(FAST))

test-cov: $(DEV) ## all tests, and which lines and branches they reach; fails below the floor
	$(TEST) --cov

# The only target that spends money: it is told the token, and is no part of any other.
test-live: export REPLICATE_API_TOKEN := $(REPLICATE_API_TOKEN)
test-live: $(DEV) ## one job of each kind at the real Replicate: needs a token, spends up to 1.50 dollars
	$(BIN)/python -m benchmarks.live

lint: $(DEV) ## style, types, who may import whom, and the files under deploy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/kubernetes-validate --strict --quiet $(MANIFESTS)

format: $(DEV) ## put the style right where a tool can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(DEV) ## write the generated documents again
	$(BIN)/python -m tools.documents
	$(BIN)/python -c '$(OPENAPI)' > docs/openapi.json.new
	mv docs/openapi.json.new docs/openapi.json

cluster-up: $(DEV) ## Kafka, MongoDB and an S3 server on loopback; addresses in .cluster/env
	$(BIN)/python -m tests.cluster.servers up

cluster-down: $(DEV) ## stop them; their data stays in .cluster
	$(BIN)/python -m tests.cluster.servers down

CLUSTER := $(BIN)/python -m tests.cluster.servers run $(BIN)/python -m pytest

test-cluster: $(DEV) ## contracts, pipelines, kills and restarts on real servers of its own
	$(CLUSTER) -m cluster || (echo "== what failed is run once more" && \
	$(CLUSTER) -m cluster --last-failed --last-failed-no-failures none)

CHAOS := $(BIN)/python -m tests.cluster.servers run $(BIN)/python -m benchmarks.chaos

chaos: $(DEV) ## kills, standstills, restarts and a provider that fails, at once: ten minutes at most
	$(CHAOS)

chaos-embedded: $(DEV) ## the same against one process with everything in it: five minutes at most
	$(BIN)/python -m benchmarks.chaos --embedded

attack: $(DEV) ## a server under everything that outsiders can send, for eight minutes at most
	$(BIN)/python -m benchmarks.attack

attack-short: $(DEV) ## the same in two minutes
	$(BIN)/python -m benchmarks.attack --short

bench-waves: $(RUNTIME) ## the aggregator against the critical path, a barrier and one by one
	$(BIN)/python -m benchmarks.waves

bench-plans: $(RUNTIME) ## plans without a language model, on inputs with hand labels; fails below bounds
	$(BIN)/python -m benchmarks.plans

bench-gateway: $(DEV) ## 200 watchers and 8 requests a second for ten minutes: what both have to wait
	$(BIN)/python -m benchmarks.gateway

bench-gateway-short: $(DEV) ## the same in two minutes
	$(BIN)/python -m benchmarks.gateway --seconds 120

bench-clips: $(DEV) ## six clips at a provider, three at once, against what no schedule can beat
	$(BIN)/python -m benchmarks.clips

bench-orchestration: $(BENCH) ## videos a minute on real servers, against Celery on Redis
	$(BENCH_BIN)/python -m tests.cluster.servers run $(BENCH_BIN)/python -m benchmarks.orchestration

bench-stitch: $(BENCH) ## the stitcher against MoviePy, ffmpeg and a plain copy
	$(BENCH_BIN)/python -m benchmarks.stitch

bench-voice: $(BENCH) ## the neural voice against espeak-ng: words misheard, time, memory
	$(BENCH_BIN)/python -m benchmarks.voice

measure-voices: $(RUNTIME) ## measure how fast each voice speaks; the planner counts on it
	$(BIN)/python -m tools.rates

# The product's lock comes first; the others take its versions where their own needs allow.
# --universal makes one lock for every Python and system; hashes are checked at each install.
COMPILE := $(BIN)/uv pip compile --quiet --upgrade --universal --fork-strategy fewest \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate
lock: $(BIN)/python ## resolve the dependencies anew and pin them by hash
	$(BIN)/python -m pip install --quiet uv
	printf 'pip\nsetuptools>=77\n' | $(COMPILE) - -o requirements-build.lock
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --extra dev -c requirements.lock -o requirements-dev.lock
	$(COMPILE) pyproject.toml --extra bench -o requirements-bench.lock

clean: ## remove environments, caches and what the demo made; servers must be down
	rm -rf $(VENV) .venv-bench build dist *.egg-info demo.mp4 \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Stamps: an environment is filled once, and again when its lock or the project file changes.
# Nothing unpinned runs: even what builds the few source packages comes from a lock.
define fill
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Storywave needs Python 3.11 or later, but $(PYTHON) is " + sys.version.split()[0] + ": name another one, as in: make $(MAKECMDGOALS) PYTHON=python3.12")'
	test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
	$(1)/bin/python -m pip install --quiet --require-hashes -r requirements-build.lock
	$(1)/bin/python -m pip install --quiet --no-build-isolation --require-hashes -r $(2)
	$(1)/bin/python -m pip install -qq --no-build-isolation --no-deps --editable .
	@touch $@
endef

$(RUNTIME): requirements-build.lock requirements.lock pyproject.toml
	$(call fill,$(VENV),requirements.lock)

$(DEV): requirements-build.lock requirements-dev.lock pyproject.toml
	$(call fill,$(VENV),requirements-dev.lock)
	@touch $(RUNTIME)

$(BENCH): requirements-build.lock requirements-bench.lock pyproject.toml
	$(call fill,.venv-bench,requirements-bench.lock)
