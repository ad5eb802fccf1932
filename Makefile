# `make` alone lists what it can do. Everything made lies in .venv and .cache; `make clean` removes both.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,\
	$(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
BIN := .venv/bin
PREFIX ?= /opt/tradeul
UNITS ?= /etc/systemd/system
SEED ?= 1
BROWSER_TESTS := tests/browser
BENCHMARKS := tests/benchmarks
VENDORED := static/vendor
# A browser from npm, where the system has none, is linked here.
export PATH := $(CURDIR)/.cache/browser:$(PATH)
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE := copy
# A machine that trusts more than uv ships with, as behind a company's proxy, has it said there.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS := true
endif
# Without kept bytecode each of the processes that run and test the program would compile all of it anew.
unexport VIRTUAL_ENV PYTHONPATH PYTHONDONTWRITEBYTECODE

UV := $(BIN)/uv --quiet
COMPILE := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock'

help: ## list the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

run: .venv/.runtime ## run the product: http://127.0.0.1:8000
	@exec $(BIN)/python -m tradeul

install: .venv/.runtime ## install this version as a service of this machine: PREFIX=/opt/tradeul
	@.ci/install "$(PYTHON)" "$(PREFIX)" "$(UNITS)"

rollback: ## go back to the version that was installed before
	@.ci/install --rollback "$(PREFIX)"

test: .venv/.tests .cache/.browser .cache/.node $(BROWSER_TESTS)/node_modules/.installed ## run every test but those of `make faults`
	@node --test $(BROWSER_TESTS)/*.test.mjs
	@$(BIN)/python -m pytest --numprocesses logical --dist loadfile --no-loadscope-reorder

check: style types ## style, types, then every test
	@$(MAKE) --no-print-directory test

style: .venv/.tests ## look for what ruff would change or refuse
	@$(BIN)/ruff format --check . || { echo 'run "make fmt"'; exit 1; }
	@$(BIN)/ruff check --quiet .

types: .venv/.tests $(BROWSER_TESTS)/node_modules/.installed ## check the types, of the page too
	@$(BIN)/mypy
	@$(BROWSER_TESTS)/node_modules/.bin/tsc --project $(BROWSER_TESTS)/tsconfig.json

fmt: .venv/.tests ## format, mend what can be mended, and write config.toml anew
	@$(BIN)/python -c 'from tradeul import configuration; print(configuration.config_document(), end="")' >.cache/config.toml
	@mv .cache/config.toml config.toml
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format --quiet .

fuzz: .venv/.tests .cache/.node ## read 100,000 mutations of every kind of bytes, play 200,000 histories of trouble
	@$(BIN)/python -m pytest tests/fuzz --numprocesses logical --mutations 100000 --histories 200000

faults: .venv/.tests ## kill and freeze the program, its database and its live feed for half an hour
	@$(BIN)/python -m tests.faults.matrix | xargs $(BIN)/python -m pytest -p tests.faults.figures tests/faults

soak: .venv/.tests ## play a week of the whole market and one of a close look, with faults and kills; SEED=1
	@$(BIN)/python -m tests.soak wide --seed $(SEED)
	@$(BIN)/python -m tests.soak deep --seed $(SEED)

soak-short: .venv/.tests ## play two days of it twice, and compare what was published
	@$(BIN)/python -m tests.soak short --seed $(SEED) --twice

test-all: ## every test, the faults and a short soak
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory faults
	@$(MAKE) --no-print-directory soak-short

golden: .venv/.tests ## play a whole day beside the reference model; takes tens of minutes
	@$(BIN)/python -m pytest tests/golden --whole-day

bench: .venv/.bench ## measure speed on this machine, and draw it; takes 20 minutes
	@$(BIN)/python -m tests.benchmarks

bench-compare: .venv/.bench ## run the quick benchmarks of two commits in turn: make bench-compare A B
	@$(BIN)/python -m tests.benchmarks.compare $(COMMITS)

shots: .venv/.tests .cache/.browser ## take pictures of the page at three sizes, into .cache/shots
	@$(BIN)/python -m tests.support.shots .cache/shots

audit: .cache/audit/.installed ## ask an index of known weaknesses, where ours offers one, about all that we stand on
	@for lock in requirements.lock tests/requirements.lock $(BENCHMARKS)/requirements.lock; do \
		.cache/audit/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r $$lock; done
	@for folder in $(BROWSER_TESTS) $(BENCHMARKS); do (cd $$folder && npm audit --package-lock-only); done

lock: .venv/.uv ## take the newest versions of everything we stand on
	@$(COMPILE) --upgrade pyproject.toml --output-file requirements.lock
	@$(COMPILE) --upgrade pyproject.toml --group test --constraints requirements.lock --output-file tests/requirements.lock
	@$(COMPILE) --upgrade --group bench --constraints tests/requirements.lock --output-file $(BENCHMARKS)/requirements.lock
	@for tool in uv pip-audit; do echo $$tool | $(COMPILE) --upgrade - --output-file .ci/$$tool.txt; done
	@for folder in $(BROWSER_TESTS) $(BENCHMARKS) $(VENDORED); do \
		(cd $$folder && npm update --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --silent); done

vendor: .cache/.node ## take the parts of the page that others make anew, as their lock file says
	@rm -rf .cache/vendor && mkdir -p .cache/vendor
	@cp $(VENDORED)/package.json $(VENDORED)/package-lock.json .cache/vendor
	@cd .cache/vendor && npm ci --ignore-scripts --no-audit --no-fund --silent
	@cp .cache/vendor/node_modules/lightweight-charts/dist/lightweight-charts.standalone.production.mjs $(VENDORED)/lightweight-charts.js
	@cp .cache/vendor/node_modules/lightweight-charts/LICENSE $(VENDORED)/LICENSE.txt
	@cd $(VENDORED) && sha256sum lightweight-charts.js LICENSE.txt >SHA256SUMS

# The commits after the target's name are no targets.
ifeq ($(firstword $(MAKECMDGOALS)),bench-compare)
COMMITS := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
$(foreach commit,$(COMMITS),$(eval .PHONY: $(commit))$(eval $(commit): ; @:))
endif

clean: ## remove everything that was made; the next command sets up anew
	@rm -rf .venv .cache $(BROWSER_TESTS)/node_modules $(BENCHMARKS)/node_modules
	@find tradeul tests -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help run install rollback test check style types fmt fuzz faults soak soak-short test-all golden bench bench-compare audit shots lock vendor clean

# Setting up. A stamp file says what has been done, and is older than what makes it due again.

.venv/.uv: .ci/uv.txt
	@.ci/venv "$(PYTHON)"
	@touch $@

.venv/.runtime: requirements.lock | .venv/.uv
	@echo 'setting up Python packages ...'
	@$(UV) pip install --require-hashes --no-deps --requirements requirements.lock
	@touch $@

.venv/.tests: requirements.lock tests/requirements.lock | .venv/.uv
	@echo 'setting up Python packages, those of the tests too ...'
	@$(UV) pip sync --require-hashes tests/requirements.lock
	@touch .venv/.runtime $@

.venv/.bench: $(BENCHMARKS)/requirements.lock $(BENCHMARKS)/package-lock.json .venv/.tests
	@echo 'setting up what the benchmarks compare with ...'
	@$(UV) pip install --require-hashes --no-deps --requirements $(BENCHMARKS)/requirements.lock
	@if command -v npm >/dev/null; then cd $(BENCHMARKS) && npm ci --ignore-scripts --no-audit --no-fund --silent; fi
	@touch $@

.cache/audit/.installed: .ci/pip-audit.txt | .venv/.uv
	@echo 'setting up what asks about weaknesses ...'
	@$(UV) venv --clear --python $(BIN)/python .cache/audit
	@$(UV) pip install --python .cache/audit/bin/python --require-hashes --no-deps --requirements .ci/pip-audit.txt
	@touch $@

.cache/.browser .cache/.node: .cache/.%: tests/support/setup.sh
	@mkdir -p .cache
	@tests/support/setup.sh $*
	@touch $@

$(BROWSER_TESTS)/node_modules/.installed: $(BROWSER_TESTS)/package-lock.json | .cache/.node
	@echo 'setting up what the page is checked with ...'
	@cd $(BROWSER_TESTS) && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@
