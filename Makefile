# Every command of a developer and of CI. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:

VENV ?= .venv
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$name && break; done)
UV_VERSION := $(shell sed -n '/^name = "uv"$$/{n;s/version = "\(.*\)"/\1/p;}' uv.lock)
RUN := $(VENV)/bin/
# the second try is for networks whose proxy signs with an authority that only the system knows
SYNC := $(VENV)/bin/uv sync --frozen --all-extras --compile-bytecode --quiet --python $(VENV)/bin/python
export UV_PROJECT_ENVIRONMENT := $(VENV)
export UV_PYTHON_DOWNLOADS := never

##@ Run it

.PHONY: up
up: install ## Run the whole stack on this machine: three Redis with Sentinel, web, worker, subscriber. Ctrl-C ends it.
	@$(RUN)haven up $(ARGS)

.PHONY: up-demo
up-demo: install ## The same with visitors, and with a Prometheus that has the chart's alerts.
	@test -n "$$HAVEN_PROMETHEUS" || command -v prometheus >/dev/null || $(RUN)python -m scripts.fetch_servers || true
	@$(RUN)haven up --demo $(ARGS)

.PHONY: load
load: install ## Send visitors to the running stack and judge what they wait (ARGS='--rate 50 --duration 60').
	@$(RUN)haven load $(ARGS)

.PHONY: status
status: install ## Show roles, lag, queues and processes of the running stack.
	@$(RUN)haven status $(ARGS)

.PHONY: doctor
doctor: install ## Check the configuration and what runs, and say what to do.
	@$(RUN)haven doctor $(ARGS)

.PHONY: reset
reset: install ## Remove the stack's data, after asking.
	@$(RUN)haven reset $(ARGS)

##@ Test it

.PHONY: test
test: install ## Run every test but those of the cluster: unit, integration, the whole stack with faults.
	@$(RUN)pytest --durations=10 --ignore tests/cluster $(ARGS)

.PHONY: test-unit
test-unit: install ## Run the unit tests only.
	@$(RUN)pytest tests/unit $(ARGS)

.PHONY: test-chart
test-chart: install ## Render the chart in every scenario and check what comes out; needs helm.
	@$(RUN)pytest tests/chart $(ARGS)

.PHONY: test-cluster
test-cluster: install ## Install it on the cluster that KUBECONFIG names, break it, and audit what clients were told.
	@$(RUN)pytest tests/cluster -m 'not full' --capture=tee-sys --durations=0 $(ARGS)

.PHONY: test-cluster-full
test-cluster-full: install ## The same with the tests that take long.
	@$(RUN)pytest tests/cluster --capture=tee-sys --durations=0 $(ARGS)

.PHONY: check
check: install ## Lint, types, generated files.
	@$(RUN)ruff check .
	@$(RUN)ruff format --check --quiet .
	@$(RUN)mypy
	@$(RUN)hadolint Dockerfile
	@$(RUN)python -m scripts.settings_reference --check
	@$(RUN)python -m scripts.chart_docs --check
	@$(RUN)python -m scripts.drill_schema --check
	@$(RUN)python -m scripts.dashboards --check
	@$(RUN)uv lock --check --quiet

.PHONY: servers
servers: install ## Bring Debian's Redis and Valkey with TLS, and Prometheus, into .cache; nothing is installed.
	@$(RUN)python -m scripts.fetch_servers $(ARGS)

.PHONY: bench-failover
bench-failover: install ## Measure gaps and lost writes of death, freeze and handover, beside plain Sentinel (half an hour).
	@$(RUN)python -m tests.bench.failover $(ARGS)

.PHONY: soak
soak: install ## Kill, freeze and restart everything under ten thousand tasks, again and again (ARGS='--minutes 60').
	@$(RUN)python -m tests.chaos.soak $(ARGS)

.PHONY: bench
bench: install ## Measure the store beside plain redis-py, on the same server, in one run.
	@$(RUN)python -m tests.bench.store $(ARGS)

.PHONY: bench-tasks
bench-tasks: install ## Measure the task queue beside RQ, Celery, Dramatiq, huey and others, on the same server (20 minutes).
	@$(RUN)python -m tests.bench.tasks $(ARGS)

.PHONY: bench-loss
bench-loss: install ## Count what task queues lose when a worker or the primary dies, Haven and the others (20 minutes).
	@$(RUN)python -m tests.bench.tasks.loss $(ARGS)

.PHONY: bench-realtime
bench-realtime: install ## Measure what 2,500 clients cost one real-time process, and how late events come.
	@$(RUN)python -m tests.bench.realtime $(ARGS)

.PHONY: bench-sessions
bench-sessions: install ## Measure what a session costs a request, beside Flask-Session, on the same server.
	@$(RUN)python -m tests.bench.sessions $(ARGS)

.PHONY: bench-patterns
bench-patterns: install ## Measure the cache beside Flask-Caching, dogpile and cashews, limits beside Flask-Limiter, on one server.
	@$(RUN)python -m tests.bench.patterns $(ARGS)

##@ Ship it

ENGINE ?= $(shell for name in docker podman buildah; do $$name info >/dev/null 2>&1 && echo $$name && break; done)

.PHONY: image
image: ## Build the image haven:dev with docker, podman or buildah.
	@test -n "$(ENGINE)" || { echo "neither docker nor podman nor buildah works here: start one (or: make image ENGINE=…)" >&2; exit 1; }
	@$(ENGINE) build --tag haven:dev \
		--label org.opencontainers.image.version=$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml) \
		--label org.opencontainers.image.revision=$$(git rev-parse HEAD 2>/dev/null || echo unknown) \
		--build-arg SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null) $(ARGS) .

.PHONY: secret
secret: ## Print a Secret with new passwords: make secret | kubectl --namespace … create --filename -
	@$(PYTHON) scripts/chart_secret.py

##@ Change it

.PHONY: format
format: install ## Format the code and fix what can be fixed.
	@$(RUN)ruff check --fix --quiet .
	@$(RUN)ruff format --quiet .

.PHONY: docs
docs: install ## Write the generated pages and dashboards anew.
	@$(RUN)python -m scripts.settings_reference
	@$(RUN)python -m scripts.chart_docs
	@$(RUN)python -m scripts.drill_schema
	@$(RUN)python -m scripts.dashboards

.PHONY: screenshots
screenshots: install ## Take the pictures of the operations page anew; needs Chromium.
	@$(RUN)python -m tests.browser.screenshots

.PHONY: k8s
k8s: install ## Write what k8s/ takes from the chart anew; needs helm.
	@$(RUN)python -m scripts.k8s_base

.PHONY: install
install: $(VENV)/.installed ## Bring everything that is needed into .venv; done by the other targets.

$(VENV)/.installed: pyproject.toml uv.lock
	@test -n "$(PYTHON)" || { echo "Haven needs Python 3.11, 3.12 or 3.13; none is on PATH (or: make PYTHON=/path/to/python)" >&2; exit 1; }
	@echo "installing into $(VENV) …"
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv --without-pip $(VENV)
	@$(VENV)/bin/uv --version 2>/dev/null | grep -q '^uv $(UV_VERSION)\b' \
		|| $(PYTHON) -m pip --disable-pip-version-check --quiet --python $(VENV)/bin/python install uv==$(UV_VERSION) 2>/dev/null \
		|| $(VENV)/bin/python scripts/fetch_uv.py $(VENV)/bin
	@$(SYNC) 2>/dev/null || $(SYNC) --system-certs
	@touch $@

.PHONY: clean
clean: ## Remove what was installed and built; the stack's data stays.
	@rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*

.PHONY: help
help: ## Show this.
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
