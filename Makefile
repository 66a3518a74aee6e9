# Everything on a fresh Debian machine with python3 (>= 3.11), python3-venv and make.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DEMO   ?= qadam-results

.PHONY: help setup demo test check lint clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

setup: $(STAMP)  ## virtual environment with the package, editable, and the test tools

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch $@

demo: setup  ## sweep the default design space on ResNet-20 and print the best designs
	$(BIN)/qadam-tl sweep --out $(DEMO)

test: setup  ## the tests: under 10 minutes on 2 cores
	$(BIN)/python -m pytest -n 2 -m "not slow"

check: setup  ## second tier: kills, clean installations, exhaustive comparisons
	$(BIN)/python -m pytest -n 2 -m slow

lint: setup  ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

clean:  ## remove the virtual environment and caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis build dist
