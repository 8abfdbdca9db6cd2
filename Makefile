# Everything works on a fresh machine with Python 3.11 or newer: what is missing is installed first.

SHELL := /bin/bash
.NOTPARALLEL:
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
# Exactly what the lock says: no resolver that could choose, nothing built here. docs/dependencies.md
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
INSTALL := $(PIP) install --require-hashes --no-deps --only-binary=:all:
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--custom-compile-command "make lock"
PORT ?= 8000
SANDBOX_PORT ?= 12111
DEMO := $(BIN)/python manage.py demo --port $(PORT) --sandbox-port $(SANDBOX_PORT)

# Nothing from the shell may decide what is tested, or where.
WITHOUT_SETTINGS := env -u DATABASE_URL -u DJANGO_SETTINGS_MODULE -u PYTEST_ADDOPTS
PYTEST := $(WITHOUT_SETTINGS) $(BIN)/python -m pytest
POSTGRES := $(WITHOUT_SETTINGS) $(BIN)/python -m tests.support.postgres --
WORKERS ?= 2
FUZZ_EXAMPLES ?= 200
SOAK_MINUTES ?= 30
SOAK_SEED ?= 1

.PHONY: help
help:  ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# Installation ------------------------------------------------------------------------------------

.PHONY: install
install: .venv/development browser  ## install what developing and testing needs

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed (PYTHON=… names another one)."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/install-packages python3-venv
	$(PYTHON) -m venv .venv

# Empty files that are as new as the requirements that were installed last.
.venv/runtime: requirements.txt | .venv/bin/python
	$(INSTALL) -r requirements.txt
	$(PIP) check
	@touch $@

.venv/development: requirements.txt requirements-dev.txt | .venv/bin/python
	$(INSTALL) -r requirements-dev.txt
	$(PIP) check
	@touch $@ .venv/runtime

.PHONY: lock
lock: .venv/development  ## write the requirements with every version and hash (after a change of *.in)
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-dev.in -o requirements-dev.txt

.PHONY: check-lock
check-lock: .venv/development  ## prove that installing takes what is locked, though the index offers newer releases
	$(BIN)/python .ci/check_lock.py --python $(PYTHON)

.PHONY: audit
audit: .venv/development  ## ask whether a dependency has a known hole
	$(BIN)/python .ci/audit.py requirements-dev.txt

.PHONY: browser
browser:
	@for name in chromium-headless-shell chromium chromium-browser google-chrome; do \
		if command -v $$name >/dev/null; then exit 0; fi; \
	done; \
	.ci/install-packages chromium-headless-shell fonts-liberation || .ci/install-packages chromium fonts-liberation

# The demo ----------------------------------------------------------------------------------------

.PHONY: demo
demo: .venv/runtime  ## start the site with made-up data and a local payment processor (PORT=, SANDBOX_PORT=)
	@$(DEMO)

.PHONY: demo-reset
demo-reset: .venv/runtime  ## the same with fresh data
	@$(DEMO) --reset

# Production --------------------------------------------------------------------------------------

.PHONY: serve
serve: .venv/runtime  ## serve the site as in production, with the settings of the environment
	$(BIN)/python manage.py migrate --check --verbosity=0
	exec $(BIN)/python -m gunicorn --config python:licensing_site.serving

# Tests -------------------------------------------------------------------------------------------

.PHONY: test
test: install lint  ## everything: lint, SQLite with a real browser, PostgreSQL (what CI runs)
	$(PYTEST) -q -n $(WORKERS)
	$(POSTGRES) $(BIN)/python -m pytest -q -n $(WORKERS) -m "not journey and not one_database"

.PHONY: test-fast
test-fast: .venv/development  ## SQLite only, no browser
	$(PYTEST) -q -n $(WORKERS) -m "not journey"

.PHONY: scale
scale: .venv/development  ## the Django admin with 20,000 organizations, on both databases
	$(PYTEST) -q -m scale tests/admin
	$(POSTGRES) $(BIN)/python -m pytest -q -m scale tests/admin

.PHONY: screens
screens: install  ## a picture of every page in every state, accessibility, zoom, weights (ONLY="home users" for some, IN=es)
	$(WITHOUT_SETTINGS) SCREENS_LANGUAGE=$(IN) $(BIN)/python -m tests.programs.screens $(ONLY)

.PHONY: fuzz
fuzz: .venv/development  ## send nonsense to every form, every address and the webhook (FUZZ_EXAMPLES=200)
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(PYTEST) -q -n $(WORKERS) tests/security/test_fuzz.py

.PHONY: bench
bench: .venv/development  ## how fast it is, on both databases (docs/speed.md; BENCH_SIZE=small tries it)
	$(WITHOUT_SETTINGS) $(BIN)/python -m tests.programs.bench
	$(WITHOUT_SETTINGS) $(BIN)/python -m tests.support.postgres --durable -- $(BIN)/python -m tests.programs.bench

.PHONY: mutants
mutants: .venv/development  ## break the code in small ways: does a test notice? (policy, ledger and samples)
	$(WITHOUT_SETTINGS) $(BIN)/python -m tests.programs.mutants $(MUTATE)

.PHONY: soak
soak: .venv/development  ## kill site, jobs, processor and database for half an hour (docs/soak.md; SOAK_MINUTES=30, SOAK_SEED=1)
	$(WITHOUT_SETTINGS) $(BIN)/python -m tests.programs.soak --minutes $(SOAK_MINUTES) --seed $(SOAK_SEED)

.PHONY: lint
lint: .venv/development migrate-check  ## style, types, imports, wording, forgotten migrations
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	DEBUG=True $(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/codespell
	$(BIN)/python .ci/check_wording.py

.PHONY: migrate-check
migrate-check: .venv/development  ## fail when a model has changed without a migration
	$(WITHOUT_SETTINGS) DJANGO_SETTINGS_MODULE=tests.settings \
		$(BIN)/python manage.py makemigrations --check --dry-run

.PHONY: messages
messages: .venv/development  ## bring the translations up to date with the texts, and compile them (docs/translating.md)
	@command -v xgettext >/dev/null || .ci/install-packages gettext
	DEBUG=True $(BIN)/python manage.py makemessages --verbosity=0 --locale=es --locale=fr \
		--extension=html,txt,py --add-location=file --ignore=.venv --ignore='tests/*' \
		--ignore='billing/sandbox/*' --ignore=staticfiles
	DEBUG=True $(BIN)/python manage.py compilemessages --verbosity=0 --ignore=.venv

.PHONY: format
format: .venv/development  ## put the code into its standard form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: coverage
coverage: install  ## which lines and branches no test reaches (htmlcov/index.html)
	$(BIN)/coverage erase
	$(PYTEST) -q -n $(WORKERS) --cov --cov-report=
	$(POSTGRES) $(BIN)/python -m pytest -q -n $(WORKERS) -m "not journey" --cov --cov-append --cov-report=
	$(BIN)/coverage html -q
	$(BIN)/coverage report

.PHONY: clean
clean:  ## remove what tests and tools have left (the demo's data stay)
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov screens
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
