# make run        set up .venv and run the nightly flow on the sample
# make test       set up what tests need and run the quick tests
# make test-all   also those marked scale (40,000 people) and e2e (servers, processes, installs)
# make lint       ruff, mypy, sqlfluff
# make docs       write the generated pages of docs/ again

PYTHON ?= python3
BIN := .venv/bin
# Three on two processors: tests wait for disks, servers and processes a tenth of their time.
WORKERS ?= 3
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup --no-loadscope-reorder
# Python compiles what it imports; pip would compile every file of every package, which takes as long as the rest.
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt
# What has been compiled is kept, whatever the environment says: a night, Prefect and a linter import 2,000 modules each,
# and compiling them takes 4 to 8 seconds of processor time in every process.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-all lint mypy sqlfluff docs clean

$(BIN)/pip:
	$(PYTHON) -c 'import sys; sys.exit("siyu needs Python 3.11 or later") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv

.venv/ready: constraints.txt pyproject.toml | $(BIN)/pip
	$(INSTALL) --editable .
	touch $@

.venv/ready-dev: constraints.txt pyproject.toml | $(BIN)/pip
	$(INSTALL) --editable '.[dev]'
	touch .venv/ready $@

run: .venv/ready
	$(BIN)/python flows/nightly.py

test: .venv/ready-dev
	$(PYTEST) -m "not scale and not e2e"

test-all: .venv/ready-dev
	$(PYTEST)

lint: .venv/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(MAKE) --jobs 2 mypy sqlfluff

# mypy uses one processor only, so that sqlfluff runs beside it.
mypy: .venv/ready-dev
	$(BIN)/mypy

sqlfluff: .venv/ready-dev
	$(BIN)/sqlfluff lint --processes 0 models

docs: .venv/ready
	$(BIN)/siyu docs --out docs

clean:
	rm -rf .venv warehouse
