# Every target makes its own environment: only Python 3.11 or later with pip is needed
# (and, for the real servers, Java 17, Maven and Go).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH_BIN := .venv-bench/bin
RUNTIME := $(VENV)/.installed-runtime
DEV := $(VENV)/.installed-dev
BENCH := .venv-bench/.installed

OVERLAYS := base overlays/dev overlays/prod
RENDERED := build/k8s

# No token counts here: nothing that is made with these targets may cost money.
unexport REPLICATE_API_TOKEN
export STORYWAVE_PAID := false

OPENAPI := import json; from services.gateway.app import openapi; \
	print(json.dumps(openapi(), indent=1))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo demo-paid test test-browser test-fast test-cov test-live lint format docs \
	cluster-up cluster-down test-cluster dashboards test-observe draw-dashboards chaos chaos-embedded \
	attack attack-short lint-k8s validate-k8s lint-policy image-check bench-waves \
	bench-waves-servers bench-clips bench-plans bench-plans-further \
	bench-ad bench-gateway bench-gateway-short bench-flight capacity measure-capacity \
	bench-orchestration bench-writes profile bench-scale bench-stitch bench-voice measure-voices lock clean

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
	@$(MAKE) --no-print-directory lint-k8s

# Without kubectl they are left out, but never in CI.
lint-k8s: $(DEV) ## the manifests, put together, against the schemas of Kubernetes: needs kubectl
	@mkdir -p $(RENDERED)
	@if command -v kubectl > /dev/null; then $(MAKE) --no-print-directory validate-k8s; \
		else echo "kubectl is not here: the manifests are not checked"; test -z "$$CI"; fi

validate-k8s:
	for each in $(OVERLAYS); do \
		kubectl kustomize deploy/k8s/$$each > $(RENDERED)/$$(basename $$each).yaml || exit 1; done
	# of kinds that are not Kubernetes' own it only says that it does not know them
	$(BIN)/kubernetes-validate --strict --quiet $(RENDERED)/*.yaml > $(RENDERED)/found 2>&1 \
		|| (cat $(RENDERED)/found; exit 1)

# Checkov is heavy and pulls in many others, so it has an environment of its own and is in no lock.
CHECKOV := .venv-policy/bin/checkov
lint-policy: ## the manifests, the Dockerfile and compose against checkov's rules: needs kubectl
	test -x $(CHECKOV) || ($(PYTHON) -m venv .venv-policy && \
		.venv-policy/bin/python -m pip install --quiet checkov==3.3.30)
	@$(MAKE) --no-print-directory lint-k8s
	$(CHECKOV) --quiet --compact --config-file deploy/checkov.yaml \
		--file $(RENDERED)/prod.yaml Dockerfile

image-check: $(BIN)/python ## the steps of the Dockerfile without an engine, and what they built at work
	$(BIN)/python -m tools.image

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

CLUSTER := $(BIN)/python -m tests.cluster.servers run $(BIN)/python -m pytest -p tests.cluster.lanes
# Two at once, each on servers of its own: most tests wait for something half of the time.
LANES := $(BIN)/python -m tests.cluster.servers run --sets 2 $(BIN)/python -m pytest \
	-p tests.cluster.lanes --numprocesses 2 --dist loadfile --no-loadscope-reorder
ONCE_MORE = (echo "== what failed is run once more, alone" && \
	$(CLUSTER) -m $(1) --last-failed --last-failed-no-failures none)

test-cluster: $(DEV) ## contracts, pipelines, kills and restarts on real servers of its own
	$(CLUSTER) -m "cluster and alone" || $(call ONCE_MORE,"cluster and alone")
	$(LANES) -m "cluster and not alone" || $(call ONCE_MORE,"cluster and not alone")

dashboards: $(DEV) ## write the dashboards, the alerts and the settings of Prometheus and Grafana again
	$(BIN)/python -m tools.observe

test-observe: $(DEV) ## all that they ask, by a real Prometheus under a short load: needs `prometheus`
	$(BIN)/python -m pytest tests/observe
	$(CLUSTER) -m observe

# Pictures of the dashboards for docs/dashboards, of a longer load.
draw-dashboards: export STORYWAVE_DRAW := docs/dashboards
draw-dashboards: export STORYWAVE_OBSERVE_VIDEOS := 40
draw-dashboards: export STORYWAVE_OBSERVE_SECONDS := 240
draw-dashboards: $(DEV) ## draw what the dashboards show under a load of some minutes
	$(CLUSTER) -m observe --timeout=800 -o faulthandler_timeout=900 tests/observe

# Playwright drives the Chromium of the system: its own download is not needed.
HAS_CHROMIUM := command -v chromium || command -v chromium-browser || command -v google-chrome
test-browser: $(DEV) ## the page in a real Chromium, which is installed where apt-get can
	@($(HAS_CHROMIUM)) > /dev/null || ! command -v apt-get > /dev/null || test "$$(id -u)" != 0 || \
	(apt-get update -qq && apt-get install -qq --yes --no-install-recommends chromium) || true
	@($(HAS_CHROMIUM)) || test -n "$$STORYWAVE_CHROMIUM" || \
	echo "There is no Chromium: install it, or name it in STORYWAVE_CHROMIUM. Nothing is tested."
	$(BIN)/python -m pytest -m browser tests/browser

CHAOS := $(BIN)/python -m tests.cluster.servers run $(BIN)/python -m benchmarks.chaos

chaos: $(DEV) ## kills, standstills, restarts and a provider that fails, at once: a quarter of an hour at most
	$(CHAOS)

chaos-embedded: $(DEV) ## the same against one process with everything in it: five minutes at most
	$(BIN)/python -m benchmarks.chaos --embedded

attack: $(DEV) ## a server under everything that outsiders can send, for eight minutes at most
	$(BIN)/python -m benchmarks.attack

attack-short: $(DEV) ## the same in two minutes
	$(BIN)/python -m benchmarks.attack --short

bench-waves: $(RUNTIME) ## the aggregator against the critical path, a barrier and one by one
	$(BIN)/python -m benchmarks.waves

bench-waves-servers: $(DEV) ## the same on the real servers: four minutes
	$(BIN)/python -m tests.cluster.servers run $(BIN)/python -m benchmarks.waves --servers

bench-plans: $(RUNTIME) ## plans without a language model, on inputs with hand labels; fails below bounds
	$(BIN)/python -m benchmarks.plans

bench-plans-further: $(RUNTIME) ## the same on twenty inputs that nobody tuned it to; measured, not held
	$(BIN)/python -m benchmarks.plans --further

bench-gateway: $(DEV) ## 200 watchers and 8 requests a second for ten minutes: what both have to wait
	$(BIN)/python -m benchmarks.gateway

bench-gateway-short: $(DEV) ## the same in two minutes
	$(BIN)/python -m benchmarks.gateway --seconds 120

bench-flight: $(DEV) ## 10,000 videos in flight in one chunker on real servers: six minutes at most
	$(BIN)/python -m tests.cluster.servers run $(BIN)/python -m benchmarks.flight

capacity: $(DEV) ## what so many videos a day need, and what is full first; from measured inputs
	$(BIN)/python -m benchmarks.capacity

measure-capacity: $(DEV) ## measure these inputs again, on real servers: two minutes
	$(BIN)/python -m tests.cluster.servers run $(BIN)/python -m benchmarks.capacity --measure

bench-ad: $(DEV) ## an ad of four scenes, all of it bought at the stand-in; what it costs by tier
	$(BIN)/python -m benchmarks.ads

bench-clips: $(DEV) ## six clips at a provider, three at once, against what no schedule can beat
	$(BIN)/python -m benchmarks.clips

bench-orchestration: $(BENCH) ## videos a minute on real servers, against Celery on Redis
	$(BENCH_BIN)/python -m tests.cluster.servers run $(BENCH_BIN)/python -m benchmarks.orchestration

bench-writes: $(BENCH) ## what MongoDB takes for a row of a job: new, ended by itself, ended with others
	$(BENCH_BIN)/python -m tests.cluster.servers run $(BENCH_BIN)/python -m benchmarks.writes

profile: $(BENCH) ## where the CPU of a video goes, by process, by purpose and by library
	$(BENCH_BIN)/python -m tests.cluster.servers run $(BENCH_BIN)/python -m benchmarks.profile

SCALE := $(BIN)/python -m tests.cluster.servers run $(BIN)/python -m benchmarks.scale

bench-scale: $(DEV) ## replicas that follow a steady load by the rules of the ScaledObjects: 1, 2, 4, 1
	$(SCALE) --out build/scale

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
	rm -rf $(VENV) .venv-bench .venv-policy build dist *.egg-info demo.mp4 \
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
