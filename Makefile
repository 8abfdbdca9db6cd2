# All targets work on a fresh machine with Python 3.11 or newer and install what is missing first.

SHELL := /bin/bash
.NOTPARALLEL:
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
# Install exactly what the lock lists: no dependency resolver, no local builds (docs/dependencies.md).
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
INSTALL := $(PIP) install --require-hashes --no-deps --only-binary=:all:
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--custom-compile-command "make lock"
PORT ?= 8000
SANDBOX_PORT ?= 12111
DEMO := $(BIN)/python manage.py demo --port $(PORT) --sandbox-port $(SANDBOX_PORT)

# Settings in the shell must not change what is tested, or where.
WITHOUT_SETTINGS := env -u DATABASE_URL -u DJANGO_SETTINGS_MODULE -u PYTEST_ADDOPTS
PYTEST := $(WITHOUT_SETTINGS) $(BIN)/python -m pytest
POSTGRES := $(WITHOUT_SETTINGS) $(BIN)/python -m tests.support.postgres --
WORKERS ?= 2
FUZZ_EXAMPLES ?= 200
SOAK_MINUTES ?= 30
SOAK_SEED ?= 1

.PHONY: help
help:  ## list all targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# Installation ------------------------------------------------------------------------------------

.PHONY: install
install: .venv/development browser  ## install everything for development and testing

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is required (choose another with PYTHON=…)."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/install-packages python3-venv
	$(PYTHON) -m venv .venv

# Empty marker files: as new as the requirements that were installed last.
.venv/runtime: requirements.txt | .venv/bin/python
	$(INSTALL) -r requirements.txt
	$(PIP) check
	@touch $@

.venv/development: requirements.txt requirements-dev.txt | .venv/bin/python
	$(INSTALL) -r requirements-dev.txt
	$(PIP) check
	@touch $@ .venv/runtime

.PHONY: lock
lock: .venv/development  ## lock all packages to versions and hashes (run after changing *.in)
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt
	$(LOCK) tests/programs/bench/rival/requirements.in -o tests/programs/bench/rival/requirements.txt

.PHONY: check-lock
check-lock: .venv/development  ## prove that installing takes what is locked, even if the index has newer releases
	$(BIN)/python .ci/check_lock.py --python $(PYTHON)

.PHONY: audit
audit: .venv/development  ## check dependencies for known vulnerabilities
	$(BIN)/python .ci/audit.py requirements-dev.txt

.PHONY: browser
browser:
	@for name in chromium-headless-shell chromium chromium-browser google-chrome; do \
		if command -v $$name >/dev/null; then exit 0; fi; \
	done; \
	.ci/install-packages chromium-headless-shell fonts-liberation || .ci/install-packages chromium fonts-liberation

# The demo ----------------------------------------------------------------------------------------

.PHONY: demo
demo: .venv/runtime  ## start the site with sample data and a local payment processor (PORT=, SANDBOX_PORT=)
	@$(DEMO)

.PHONY: demo-reset
demo-reset: .venv/runtime  ## start the demo with fresh data
	@$(DEMO) --reset

# Production --------------------------------------------------------------------------------------

.PHONY: serve
serve: .venv/runtime  ## serve the site as in production, with settings from the environment
	$(BIN)/python manage.py migrate --check --verbosity=0
	exec $(BIN)/python -m gunicorn --config python:licensing_site.serving

# Tests -------------------------------------------------------------------------------------------

.PHONY: test
test: install lint  ## run everything: lint, SQLite with a real browser, PostgreSQL
	$(PYTEST) -q -n $(WORKERS)
	$(POSTGRES) $(BIN)/python -m pytest -q -n $(WORKERS) -m "not journey and not one_database"

.PHONY: test-fast
test-fast: .venv/development  ## run tests on SQLite only, without a browser
	$(PYTEST) -q -n $(WORKERS) -m "not journey"

.PHONY: scale
scale: .venv/development  ## test the Django admin with 20,000 organizations, on both databases
	$(PYTEST) -q -m scale tests/admin
	$(POSTGRES) $(BIN)/python -m pytest -q -m scale tests/admin

.PHONY: screens
screens: install  ## take screenshots of every page; check accessibility, zoom, page weight (ONLY="home users", IN=es)
	$(WITHOUT_SETTINGS) SCREENS_LANGUAGE=$(IN) $(BIN)/python -m tests.programs.screens $(ONLY)

.PHONY: fuzz
fuzz: .venv/development  ## send malformed input to every form, every URL and the webhook (FUZZ_EXAMPLES=200)
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(PYTEST) -q -n $(WORKERS) tests/security/test_fuzz.py

.PHONY: bench
bench: .venv/development .venv/rival/bin/python  ## measure performance on both databases (docs/speed.md; BENCH_SIZE=small for a quick try)
	$(WITHOUT_SETTINGS) $(BIN)/python -m tests.programs.bench
	$(WITHOUT_SETTINGS) $(BIN)/python -m tests.support.postgres --durable -- $(BIN)/python -m tests.programs.bench

# What the deliveries are compared with; not a dependency of the product.
.venv/rival/bin/python: tests/programs/bench/rival/requirements.txt
	$(PYTHON) -m venv .venv/rival
	.venv/rival/bin/python -m pip --quiet install --require-hashes --no-deps --only-binary=:all: -r $<
	@touch $@

.PHONY: mutants
mutants: .venv/development  ## run mutation tests of policy, ledger and samples (MUTATE="policy ledger")
	$(WITHOUT_SETTINGS) $(BIN)/python -m tests.programs.mutants $(MUTATE)

.PHONY: soak
soak: .venv/development  ## run the soak test, killing all components (docs/soak.md; SOAK_MINUTES=30, SOAK_SEED=1)
	$(WITHOUT_SETTINGS) $(BIN)/python -m tests.programs.soak --minutes $(SOAK_MINUTES) --seed $(SOAK_SEED)

.PHONY: lint
lint: .venv/development migrate-check  ## check style, types, imports, wording, missing migrations
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	DEBUG=True $(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/codespell
	$(BIN)/python .ci/check_wording.py

.PHONY: migrate-check
migrate-check: .venv/development  ## fail if a model changed without a migration
	$(WITHOUT_SETTINGS) DJANGO_SETTINGS_MODULE=tests.settings \
		$(BIN)/python manage.py makemigrations --check --dry-run

.PHONY: messages
messages: .venv/development  ## update the translations from the code and compile them (docs/translating.md)
	@command -v xgettext >/dev/null || .ci/install-packages gettext
	DEBUG=True $(BIN)/python manage.py makemessages --verbosity=0 --locale=es --locale=fr \
		--extension=html,txt,py --add-location=file --ignore=.venv --ignore='tests/*' \
		--ignore='billing/sandbox/*' --ignore=staticfiles
	DEBUG=True $(BIN)/python manage.py compilemessages --verbosity=0 --ignore=.venv

.PHONY: format
format: .venv/development  ## format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: coverage
coverage: install  ## report lines and branches that no test reaches (htmlcov/index.html)
	$(BIN)/coverage erase
	$(PYTEST) -q -n $(WORKERS) --cov --cov-report=
	$(POSTGRES) $(BIN)/python -m pytest -q -n $(WORKERS) -m "not journey" --cov --cov-append --cov-report=
	$(BIN)/coverage html -q
	$(BIN)/coverage report

.PHONY: clean
clean:  ## remove files left by tests and tools (keeps the demo's data)
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov screens
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
