# make demo   environment, then: compile a RASP program, decompile the model file, print program and verdict
# make test   environment with the test tools, then: lint, types, tests
# make docs   the guide as a site, in site/
# Needs Python 3.11 or later and make; everything else goes into .venv.

VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/inverse-tracr
JOBS ?= 2

# The first interpreter that runs and is new enough; `make PYTHON=... demo` chooses another.
PYTHON ?= $(shell for p in python3.11 python3.12 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
TORCH := $(shell sed -n 's/^torch==//p' constraints.txt)
# URL of an index that has PyTorch's CPU builds, where pip's own indexes have none.
TORCH_INDEX ?=

DEMO := demo
EXAMPLE := examples/sort_unique.rasp

export OMP_NUM_THREADS ?= 1

.PHONY: demo test test-slow lint types tests format golden bench docs notebooks env env-demo clean help

help:
	@sed -n 's/^# make/make/p' Makefile
	@echo 'also: env lint types tests test-slow format golden bench clean'

demo: env-demo
	@mkdir -p $(DEMO)
	$(RUN) compile $(EXAMPLE) -o $(DEMO)/sort_unique
	$(RUN) run $(DEMO)/sort_unique 4 1 5 2
	$(RUN) decompile $(DEMO)/sort_unique --report $(DEMO)/report.html

test: lint types tests

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: env
	$(BIN)/pyright

tests: env
	$(BIN)/python -m pytest -q -n $(JOBS) -m "not slow or cluster"

test-slow: env
	$(BIN)/python -m pytest -q -n $(JOBS) -m slow

format: env
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

golden: env
	$(BIN)/python -m pytest -q -m "not slow" --update-golden
	@git --no-pager diff --stat -- tests/golden

bench: env
	$(BIN)/python -m benchmarks.differential --count 2000 --end-to-end 20 --write

docs: $(VENV)/.stamp-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# Runs the notebooks anew and keeps their outputs.
notebooks: env
	$(BIN)/python -m tests.docs.notebooks docs/notebooks/*.ipynb

env-demo: $(VENV)/.stamp-demo
env: $(VENV)/.stamp-test

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or later found; run: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "making an environment with $(PYTHON) ..."
	@$(PYTHON) -m venv $(VENV)

# PyTorch comes first and alone, so that nothing else decides which build of it is taken.
$(VENV)/.stamp-torch: constraints.txt | $(BIN)/python
	@echo 'installing PyTorch $(TORCH) into $(VENV) ...'
	@PIP="$(PIP)" TORCH="$(TORCH)" TORCH_INDEX="$(TORCH_INDEX)" sh scripts/install_torch.sh $(BIN)/python
	@touch $@

$(VENV)/.stamp-demo: pyproject.toml $(VENV)/.stamp-torch
	@echo 'installing the package ...'
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.stamp-test: pyproject.toml $(VENV)/.stamp-torch
	@echo 'installing the package with its test tools ...'
	@$(PIP) install -c constraints.txt -e '.[dev,tracr]'
	@$(PIP) install -c constraints.txt -e '.[readers,ray]' || \
		echo 'Ray, polars or datasets cannot be installed: what tests them is skipped' >&2
	@touch $@ $(VENV)/.stamp-demo

$(VENV)/.stamp-docs: pyproject.toml $(VENV)/.stamp-torch
	@echo 'installing what builds the guide ...'
	@$(PIP) install -c constraints.txt -e '.[docs]'
	@touch $@

clean:
	rm -rf $(VENV) $(DEMO) site artefacts .pytest_cache .ruff_cache .hypothesis build dist
	find inverse_tracr tests -name __pycache__ -type d -prune -exec rm -rf {} +
