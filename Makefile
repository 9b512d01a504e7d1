# Two commands on a fresh machine: `make demo` and `make check`. Both set up what they need and ask nothing.
# Python 3.11 or newer with pip is all that must be there; another one is chosen with `make PYTHON=python3.13 check`.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null && { echo $$p; break; }; done)
VENV ?= .venv
RUN := $(VENV)/bin/
# Debian and Ubuntu may have Python and pip, but not the pip that a new environment gets: then the one outside installs.
PIP = $$($(RUN)python -m pip --version >/dev/null 2>&1 && echo $(RUN)python -m pip || echo $(PYTHON) -m pip --python $(RUN)python)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo check lint types layers test trace services chaos benchmark lock clean

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/run.stamp: requirements/run.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.14 is needed and was not found; try make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip $(VENV)
	$(PIP) install --quiet --require-hashes -r requirements/run.txt
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/dev.txt
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/run.stamp ## The whole journey: data, check, backtest, report
	$(RUN)tradewind demo

check: lint types layers test ## The whole gate

lint: $(VENV)/dev.stamp ## Style and common mistakes
	$(RUN)ruff check .
	$(RUN)ruff format --check .
	$(RUN)deptry src

types: $(VENV)/dev.stamp ## mypy, strict
	$(RUN)mypy

layers: $(VENV)/dev.stamp ## Rooms import only from the rooms below them
	$(RUN)lint-imports

test: $(VENV)/dev.stamp ## Every test, with coverage
	$(RUN)python -m pytest -n auto --cov --cov-report=term --cov-report=xml

trace: $(VENV)/dev.stamp ## Requirements, and what shows each of them
	$(RUN)python -m tests.trace

services: $(VENV)/dev.stamp ## PostgreSQL, Redis and Kafka on this machine, until Ctrl-C
	$(RUN)python deploy/services.py

MINUTES ?= 30
chaos: $(VENV)/dev.stamp ## Break everything at random for 30 minutes (MINUTES=5), and judge what is left
	$(RUN)python -m tests.chaos.storm --minutes $(MINUTES)

benchmark: ## Tradewind beside its peers, on the same bars (installs them in their own environments)
	$(PYTHON) benchmarks/run.py

lock: $(VENV)/dev.stamp ## Pin every dependency again, with hashes
	$(RUN)uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
		pyproject.toml requirements/build.in -o requirements/run.txt
	$(RUN)uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
		pyproject.toml requirements/build.in --group dev --extra live --extra optimize -o requirements/dev.txt
	$(RUN)uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
		pyproject.toml requirements/build.in --extra kafka --extra postgres --extra redis -c requirements/run.txt -o requirements/serve.txt

clean: ## Remove what was made
	rm -rf $(VENV) build dist .coverage coverage.xml .mypy_cache .ruff_cache .pytest_cache .hypothesis
