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
# what `make tools` brought
TOOLS := $(CURDIR)/.cache/tools
export PATH := $(TOOLS):$(PATH)
# $(call need,PROGRAM,REMEDY)
need = @command -v $(1) >/dev/null || { echo "$(1) is not on PATH: $(2)" >&2; exit 1; }

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

# Go keeps the digests of modules in a public log and refuses others
ACTIONLINT := v1.7.12
KUBE_SCORE := v1.20.0
TFLINT := v0.64.0
export KIND ?= haven
# tests wait more than they compute; each process takes ports of its own. What is decided within milliseconds is tried alone
PROCESSES ?= 2
ALONE := tests/integration/guardian

.PHONY: test
test: install ## Run every test but those of the cluster: unit, integration, the whole stack with faults.
	@$(RUN)pytest -n $(PROCESSES) --dist loadfile --durations=20 --ignore tests/cluster --ignore $(ALONE) $(ARGS)
	@$(RUN)pytest --durations=10 $(ALONE) $(ARGS)

.PHONY: test-unit
test-unit: install ## Run the unit tests only.
	@$(RUN)pytest -n $(PROCESSES) --dist loadfile tests/unit $(ARGS)

.PHONY: test-chart
test-chart: install ## Render the chart in every scenario and check what comes out; needs helm.
	@$(RUN)pytest tests/chart $(ARGS)

.PHONY: test-terraform
test-terraform: install ## Check the Terraform module, its refusals and what it hands to the chart; needs terraform and helm.
	@$(RUN)pytest tests/terraform $(ARGS)

.PHONY: test-cluster
test-cluster: install ## Install it on the cluster that KUBECONFIG names, break it, and audit what clients were told.
	@$(RUN)pytest tests/cluster -m 'not full' --capture=tee-sys --durations=0 $(ARGS)

.PHONY: test-cluster-full
test-cluster-full: install ## The same with the tests that take long.
	@$(RUN)pytest tests/cluster --capture=tee-sys --durations=0 $(ARGS)

.PHONY: check
check: install ## Lint, types, generated files, what the release is made of. Needs no network.
	@$(RUN)ruff check .
	@$(RUN)ruff format --check --quiet .
	@$(RUN)mypy
	@$(RUN)hadolint Dockerfile
	@$(RUN)shellcheck .ci/run scripts/kind/cluster scripts/kind/images
	@$(RUN)zizmor --offline --quiet --persona pedantic .github/workflows
	@$(RUN)check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(RUN)check-jsonschema --quiet --builtin-schema vendor.renovate .github/renovate.json
	@$(RUN)python -m scripts.secret_scan
	@$(RUN)python -m scripts.licences --check
	@$(RUN)python -m scripts.release.versions
	@$(RUN)python -m scripts.settings_reference --check
	@$(RUN)python -m scripts.metrics_reference --check
	@$(RUN)python -m scripts.commands_reference --check
	@$(RUN)python -m scripts.chart_docs --check
	@$(RUN)python -m scripts.drill_schema --check
	@$(RUN)python -m scripts.terraform_docs --check
	@$(RUN)python -m scripts.dashboards --check
	@$(RUN)uv lock --check --quiet
	@$(RUN)python -m scripts.audit --if-reachable

.PHONY: audit
audit: install ## Look for known vulnerabilities of what uv.lock names; fails without an answer, where check only warns.
	@$(RUN)python -m scripts.audit

.PHONY: tools
tools: actionlint kube-score tflint ## Build the linters that no wheel carries into .cache/tools; needs Go.

.PHONY: actionlint
actionlint: ## Build the one of workflows.
	$(call need,go,install it (go.dev/doc/install))
	@GOBIN=$(TOOLS) go install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT)

.PHONY: kube-score
kube-score: ## Build the one of what the chart renders.
	$(call need,go,install it (go.dev/doc/install))
	@GOBIN=$(TOOLS) go install github.com/zegl/kube-score/cmd/kube-score@$(KUBE_SCORE)

.PHONY: tflint
tflint: ## Build the one of Terraform modules.
	$(call need,go,install it (go.dev/doc/install))
	@GOBIN=$(TOOLS) go install github.com/terraform-linters/tflint@$(TFLINT)

.PHONY: kind-up
kind-up: ## Make a cluster of three nodes in Docker for test-cluster (HAVEN_LAB=scripts/kind); needs kind and docker.
	$(call need,kind,install it (kind.sigs.k8s.io))
	@test -n "$$KUBECONFIG" || { echo "KUBECONFIG is not set: name the file that is to lead to the new cluster" >&2; exit 1; }
	@kind create cluster --name $(KIND) --config scripts/kind/config.yaml --wait 180s

.PHONY: kind-down
kind-down: ## Remove it.
	$(call need,kind,install it (kind.sigs.k8s.io))
	@kind delete cluster --name $(KIND)

.PHONY: servers
servers: install ## Bring Debian's Redis and Valkey with TLS, and Prometheus, into .cache; nothing is installed.
	@$(RUN)python -m scripts.fetch_servers $(ARGS)

.PHONY: bench-failover
bench-failover: install ## Measure gaps and lost writes of death, freeze and handover, beside plain Sentinel (half an hour).
	@$(RUN)python -m tests.bench.failover $(ARGS)

.PHONY: soak
soak: install ## Kill, freeze and restart everything under ten thousand tasks, again and again (ARGS='--minutes 60').
	@$(RUN)python -m tests.chaos.soak $(ARGS)

.PHONY: drills
drills: install ## Run every drill of one machine on a stack of its own (ten minutes; ARGS='primary-kill worker-kill').
	@$(RUN)python -m tests.chaos.drills $(ARGS)

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

.PHONY: bench-capacity
bench-capacity: install ## Measure what one operation of each pattern costs the primary, in processor time and memory.
	@$(RUN)python -m tests.bench.capacity $(ARGS)

.PHONY: bench-patterns
bench-patterns: install ## Measure the cache beside Flask-Caching, dogpile and cashews, limits beside Flask-Limiter, on one server.
	@$(RUN)python -m tests.bench.patterns $(ARGS)

.PHONY: bench-backup
bench-backup: install ## Measure how long a GB takes to be backed up and restored.
	@$(RUN)python -m tests.bench.backup $(ARGS)

##@ Ship it

ENGINE ?= $(shell for name in docker podman buildah; do $$name info >/dev/null 2>&1 && echo $$name && break; done)

.PHONY: image
image: ## Build the image haven:dev with docker, podman or buildah.
	@test -n "$(ENGINE)" || { echo "neither docker nor podman nor buildah works here: start one (or: make image ENGINE=…)" >&2; exit 1; }
	@$(ENGINE) build --tag haven:dev \
		--label org.opencontainers.image.version=$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml) \
		--label org.opencontainers.image.revision=$$(git rev-parse HEAD 2>/dev/null || echo unknown) \
		--build-arg SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null) $(ARGS) .

# Where releases go: make image-push chart-push IMAGE=ghcr.io/you/haven CHARTS=ghcr.io/you/charts
VERSION ?= $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
DIST ?= dist
PLATFORMS ?= linux/amd64,linux/arm64
# a tag is called v1.2.3; registries want small letters
override VERSION := $(patsubst v%,%,$(VERSION))
override IMAGE := $(shell echo '$(IMAGE)' | tr '[:upper:]' '[:lower:]')
override CHARTS := $(shell echo '$(CHARTS)' | tr '[:upper:]' '[:lower:]')
DIGEST := sha256:[0-9a-f]\{64\}
target = @test -n "$($(1))" || { echo "$(1) is not set: make $@ $(1)=$(2)" >&2; exit 1; }

.PHONY: image-push
image-push: ## Build the image for both architectures and push it with an SBOM and its provenance (IMAGE=…).
	$(call target,IMAGE,ghcr.io/you/haven)
	$(call need,docker,install it with buildx (docs.docker.com/engine/install))
	@mkdir -p $(DIST)
	@docker buildx build --platform $(PLATFORMS) --provenance=mode=max --sbom=true --push --metadata-file $(DIST)/image.json \
		--tag $(IMAGE):$(VERSION) --label org.opencontainers.image.version=$(VERSION) \
		--label org.opencontainers.image.revision=$$(git rev-parse HEAD) \
		--build-arg SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(ARGS) .
	@sed -n 's/.*"containerimage.digest": *"\($(DIGEST)\)".*/\1/p' $(DIST)/image.json >$(DIST)/image.digest
	@test -s $(DIST)/image.digest || { echo "$(DIST)/image.json has no digest: was the image pushed?" >&2; exit 1; }
	@echo "$(IMAGE)@$$(cat $(DIST)/image.digest)"

.PHONY: image-sign
image-sign: ## Sign what image-push pushed, with all that hangs on it, as whoever runs this (cosign asks).
	$(call target,IMAGE,ghcr.io/you/haven)
	$(call need,cosign,install it (docs.sigstore.dev/cosign/system_config/installation))
	@test -s $(DIST)/image.digest || { echo "$(DIST)/image.digest is not there: make image-push comes first" >&2; exit 1; }
	@cosign sign --yes --recursive $(IMAGE)@$$(cat $(DIST)/image.digest)

.PHONY: chart-package
chart-package: install ## Pack the chart into dist/, the same bytes from the same commit; needs helm.
	@$(RUN)python -m scripts.release.chart $(DIST)

.PHONY: chart-push
chart-push: install ## Pack it and push it as an OCI artefact (CHARTS=…).
	$(call target,CHARTS,ghcr.io/you/charts)
	@$(RUN)python -m scripts.release.chart $(DIST)
	@helm push $(DIST)/haven-$(VERSION).tgz oci://$(CHARTS) >$(DIST)/chart.log 2>&1 || { cat $(DIST)/chart.log >&2; exit 1; }
	@sed -n 's/^Digest: *\($(DIGEST)\)$$/\1/p' $(DIST)/chart.log >$(DIST)/chart.digest
	@test -s $(DIST)/chart.digest || { cat $(DIST)/chart.log >&2; echo "helm told no digest" >&2; exit 1; }
	@echo "$(CHARTS)/haven@$$(cat $(DIST)/chart.digest)"

.PHONY: chart-sign
chart-sign: ## Sign what chart-push pushed.
	$(call target,CHARTS,ghcr.io/you/charts)
	$(call need,cosign,install it (docs.sigstore.dev/cosign/system_config/installation))
	@test -s $(DIST)/chart.digest || { echo "$(DIST)/chart.digest is not there: make chart-push comes first" >&2; exit 1; }
	@cosign sign --yes $(CHARTS)/haven@$$(cat $(DIST)/chart.digest)

.PHONY: sbom
sbom: install ## List the Python packages of the image in dist/sbom.cdx.json (CycloneDX), from uv.lock, without a network.
	@$(RUN)python -m scripts.release.sbom $(DIST)/sbom.cdx.json

.PHONY: release-check
release-check: install ## Is everything written for this version (VERSION=…)?
	@$(RUN)python -m scripts.release.versions $(VERSION)

.PHONY: release-notes
release-notes: install ## Print what CHANGELOG.md and UPGRADE.md say of a version (VERSION=…).
	@$(RUN)python -m scripts.release.notes $(VERSION)

.PHONY: release-publish
release-publish: release-check chart-package sbom ## Make the release on GitHub: notes, the chart, the SBOM; needs gh.
	$(call need,gh,install it (cli.github.com))
	@$(RUN)python -m scripts.release.notes $(VERSION) >$(DIST)/notes.md
	@gh release create v$(VERSION) --verify-tag --notes-file $(DIST)/notes.md \
		$(DIST)/haven-$(VERSION).tgz $(DIST)/sbom.cdx.json

.PHONY: secret
secret: ## Print a Secret with new passwords: make secret | kubectl --namespace … create --filename -
	@$(PYTHON) scripts/chart_secret.py

.PHONY: rotate
rotate: ## Give a running release other passwords and keys (ARGS='--namespace shop --release haven'); needs kubectl.
	@$(PYTHON) scripts/rotate.py $(ARGS)

##@ Change it

.PHONY: adopt
adopt: ## Put an application of your own in the example's place (NAME=notes); docs/adopting.md.
	@$(PYTHON) scripts/adopt.py "$(NAME)"

.PHONY: format
format: install ## Format the code and fix what can be fixed.
	@$(RUN)ruff check --fix --quiet .
	@$(RUN)ruff format --quiet .

.PHONY: docs
docs: install ## Write the generated pages and dashboards anew.
	@$(RUN)python -m scripts.settings_reference
	@$(RUN)python -m scripts.metrics_reference
	@$(RUN)python -m scripts.commands_reference
	@$(RUN)python -m scripts.chart_docs
	@$(RUN)python -m scripts.drill_schema
	@$(RUN)python -m scripts.terraform_docs
	@$(RUN)python -m scripts.dashboards
	@$(RUN)python -m scripts.licences

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
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
