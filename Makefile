# Two commands do all the set-up: `make run` and `make test`. They need python3 (3.11 or later), pip and make.

PYTHON ?= python3
VENV ?= .venv
# One more than there are processors: tests wait for locks, clocks and servers, too.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 2)))
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
OLDEST := 3, 11
# The exact versions and hashes of all that is installed for the tests and for CI.
LOCK := .ci/requirements.txt

CRASH = $(foreach name,SCENARIO DATABASE LAYER KIND POINT EVERY MINUTES KEEP,$(if $($(name)),--$(shell echo $(name) | tr A-Z a-z) $($(name)))) \
    $(if $(SCENARIO)$(DATABASE)$(LAYER)$(KIND)$(POINT)$(EVERY),,--report docs/crash-report.md)

EXAMPLE := $(wildcard examples/flask-shop)
DEMO := $(CURDIR)/demo
DEMO_URL ?= sqlite:///$(DEMO)/shop.db
DEMO_RUN = cd '$(or $(EXAMPLE),demo)' && DATABASE_URL='$(DEMO_URL)' '$(CURDIR)/$(BIN)/python' -m initdb

.PHONY: help run test oldest newest bench crash mutants mutation lint audit lock format types contract sizes wheel-test clean
.DEFAULT_GOAL := help

help:  ## what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name what; do printf '  make %-11s %s\n' "$$name" "$$what"; done

run: $(VENV)/installed  ## install, bring a SQLite database to ready before your eyes, show the journal
	@mkdir -p '$(DEMO)'
	@printf '\n$$ initdb run\n'
	@$(DEMO_RUN) run
	@printf '\n$$ initdb journal\n'
	@$(DEMO_RUN) journal
	@printf '\nCall make run again: it is ready already. To begin anew: rm -r demo\n'

test: $(VENV)/installed-dev  ## install, run every test on SQLite and PostgreSQL (ARGS=… for pytest)
	@.ci/tools
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

oldest: $(VENV)/installed-dev  ## the tests of Alembic with the oldest supported SQLAlchemy and Alembic (ARGS=… for pytest)
	@.ci/tools
	@.ci/libraries $(BIN)/python oldest $(ARGS)

newest: $(VENV)/installed-dev  ## the same with the newest of both, if they are not installed already
	@.ci/tools
	@.ci/libraries $(BIN)/python newest $(ARGS)

crash: $(VENV)/installed-dev  ## stop runs everywhere (SCENARIO=, DATABASE=, LAYER=, KIND=, POINT= for exactly one, EVERY=, MINUTES=, KEEP=)
	@$(BIN)/python -m tests.crash --workers $(WORKERS) $(CRASH)

bench: $(VENV)/installed-dev  ## what initdb costs beside what people use (ARGS=its name, QUICK=1 for a small one)
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(ARGS)

mutants: $(VENV)/installed-dev  ## plant known faults in copies of the tree; say what notices each (ARGS=its name)
	@$(BIN)/python -m tests.mutants --jobs $(WORKERS) $(ARGS)

mutation: $(VENV)-mutation/installed  ## score of a mutation tool over events/ and statemachine/ (ARGS=events/ids.py for one module)
	@nice $(VENV)-mutation/bin/python -m tests.mutants.score --workers $(WORKERS) $(ARGS)

lint: $(VENV)/installed-dev  ## style and mistakes, by ruff; what is dangerous, by bandit
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/bandit --quiet --configfile pyproject.toml --severity-level medium --confidence-level medium --recursive initdb statemachine steps events migrations

audit: $(VENV)-tools/installed  ## known vulnerabilities of the locked dependencies, by pip-audit (needs a network)
	$(VENV)-tools/bin/python .ci/audit.py

lock: $(VENV)-tools/installed  ## choose the versions of .ci/requirements.txt anew, with their hashes, by uv (needs a network)
	$(VENV)-tools/bin/uv pip compile pyproject.toml --upgrade --universal --python-version 3.11 --generate-hashes \
	    --extra flask --extra yaml --extra dev --no-annotate --custom-compile-command 'make lock' --quiet --output-file $(LOCK)

format: $(VENV)/installed-dev  ## fix what ruff can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/installed-dev  ## strict types, by mypy
	$(BIN)/mypy

contract: $(VENV)/installed-dev  ## the direction of imports, by import-linter
	$(BIN)/lint-imports

sizes: $(VENV)/bin/python  ## lines of modules and functions against their limits
	$(BIN)/python .ci/sizes.py

wheel-test: $(VENV)/installed-dev  ## build sdist and wheel, test the wheel where the sources are not
	@.ci/tools
	.ci/wheel-test $(BIN)/python

clean:  ## remove the environment, the demonstration and what tools left
	rm -rf $(VENV) $(VENV)-mutation $(VENV)-tools .mutation.json demo dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Debian splits ensurepip from python3; pip then installs itself into the environment.
$(VENV)/bin/python $(VENV)-mutation/bin/python $(VENV)-tools/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < ($(OLDEST)))' || { \
	    echo "initdb needs Python 3.11 or later, but $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	    echo "Name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; } >&2
	@echo "Making $(@:/bin/python=) ..."
	@$(PYTHON) -m venv $(@:/bin/python=) >/dev/null 2>&1 || { \
	    $(PYTHON) -m venv --clear --without-pip $(@:/bin/python=) && \
	    $(PYTHON) -m pip --disable-pip-version-check --python $@ install --quiet pip; }

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	@echo "Installing initdb ..."
	@$(PIP) install --quiet --editable '.[flask,yaml]'
	@touch $@

$(VENV)/installed-dev: $(VENV)/bin/python pyproject.toml $(LOCK)
	@echo "Installing initdb and what its tests need ..."
	@$(PIP) install --quiet --require-hashes --requirement $(LOCK)
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/installed

$(VENV)-tools/installed: $(VENV)-tools/bin/python
	@echo "Installing pip-audit and uv ..."
	@$(VENV)-tools/bin/python -m pip --disable-pip-version-check install --quiet pip-audit uv
	@touch $@

$(VENV)-mutation/installed: $(VENV)-mutation/bin/python pyproject.toml
	@echo "Installing the mutation tool ..."
	@$(VENV)-mutation/bin/python -m pip --disable-pip-version-check install --quiet --editable '.[flask,yaml,dev,mutation]'
	@touch $@
