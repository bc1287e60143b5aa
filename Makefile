# What `make` does, and nothing else: each target is a command that can be typed.

PYTHON ?= python3
VENV = .venv
BIN = $(VENV)/bin
UV = $(BIN)/uv
INSTALLED = $(VENV)/installed
WORKERS ?= auto

.DEFAULT_GOAL := help
.PHONY: help up down test check unit sandbox lint types engine bench soak format schema policies-docs requirements clean

help: ## Lists the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

up: $(INSTALLED) ## Brings the example customer up on this machine: the main job
	@$(BIN)/backup-org sandbox up

down: ## Stops what `make up` left running
	@if [ -x $(BIN)/backup-org ]; then $(BIN)/backup-org sandbox down; fi

test: check ## The whole test suite, from nothing

check: lint types ## What CI runs: formatting, lint, types, tests
	$(BIN)/backup-org sandbox prepare
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

unit: $(INSTALLED) ## The tests of what is deployed and of the commands, in seconds
	$(BIN)/pytest -n $(WORKERS) --dist loadfile tests/unit tests/stack

sandbox: $(INSTALLED) ## The tests of the sandbox, with its servers
	$(BIN)/pytest -n $(WORKERS) --dist loadfile sandbox/tests

engine: $(INSTALLED) ## The tests with the genuine Pulumi engine
	$(BIN)/pytest tests/engine

lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(INSTALLED)
	$(BIN)/basedpyright

format: $(INSTALLED) ## Formats, and mends what lint can mend itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(INSTALLED) ## Measures; each line a ratio against a baseline in the same run
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --require-hashes -r requirements-bench.txt
	$(BIN)/python -m benchmarks

soak: $(INSTALLED) ## What takes long: property tests with many more cases, every failure of every runbook
	$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "hypothesis or soak" --hypothesis-profile soak

schema: $(INSTALLED) ## Writes stacks/settings.schema.json from the models
	$(BIN)/backup-org settings-schema > stacks/settings.schema.json

$(INSTALLED): requirements-bootstrap.txt requirements-dev.txt pyproject.toml sandbox/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.13")'
	@test -f $(VENV)/pyvenv.cfg && $(BIN)/python -m pip --version > /dev/null 2>&1 || \
		{ echo "install: a virtual environment in $(VENV)"; $(PYTHON) -m venv --clear $(VENV); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.txt
	@echo "install: requirements-dev.txt"
	@VIRTUAL_ENV=$(VENV) $(UV) pip sync --quiet --require-hashes requirements-dev.txt
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation --editable . --editable sandbox
	@touch $@

COMPILE = $(UV) pip compile --quiet --python-version 3.11 --universal --generate-hashes \
	--custom-compile-command "make requirements"

policies-docs: $(INSTALLED) ## Writes docs/policies.md and docs/policies/ anew from the rules
	$(BIN)/python -m fleet.policies.pages

requirements: ## Pins and hashes everything anew from pyproject.toml
	$(COMPILE) pyproject.toml -o requirements.txt
	$(COMPILE) pyproject.toml sandbox/pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	$(COMPILE) --group pyproject.toml:bootstrap -c requirements-dev.txt -o requirements-bootstrap.txt
	$(COMPILE) --group pyproject.toml:bench -c requirements-dev.txt -o requirements-bench.txt
	$(COMPILE) --group pyproject.toml:prowler -o requirements-prowler.txt
	$(COMPILE) --group pyproject.toml:layer-base -c requirements-dev.txt -o handlers/layers/base.txt
	$(COMPILE) --group pyproject.toml:layer-digest -c requirements-dev.txt -o handlers/layers/digest.txt
	$(COMPILE) --group pyproject.toml:layer-duckdb -c requirements-dev.txt -o handlers/layers/duckdb.txt

clean: down ## Removes what was built in this checkout; caches of the user stay
	rm -rf $(VENV) build .pytest_cache .ruff_cache .hypothesis
