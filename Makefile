# `make` alone lists the targets. Needs nothing but python3 (3.10 to 3.13), its venv module, make and git.
# Another Python: make setup PYTHON=python3.12

PYTHON ?= python3
BROKER ?=
BIN := .venv/bin
# Two workers: the smallest machines that test have two cores.
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup setup-desk run demo replay test check slow bundle lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 12

setup: .venv/.setup  ## make .venv, which holds bin/plate-reader and what it needs to run

setup-desk: .venv/.desk  ## the same for the station's computer: SQLAlchemy, PostgreSQL's driver, Jinja

run: .venv/.demo  ## replay sample_frames/ through the camera daemon and print what a subscriber receives (BROKER=host:port)
	@$(BIN)/plate-reader demo $(if $(BROKER),--broker $(BROKER))

demo: .venv/.demo .venv/.desk  ## the station too: two cameras, a broker, the desk, a demo list, a hit on the terminal (BROKER=host:port)
	@$(BIN)/plate-reader demo --desk $(if $(BROKER),--broker $(BROKER))

replay: .venv/.setup  ## replay sample_frames/ against its truth and print the score
	@$(BIN)/plate-reader replay sample_frames --truth sample_frames

test: .venv/.test check  ## everything that must pass before a change is kept
	$(BIN)/pytest -n $(WORKERS) -rs

check: .venv/.test  ## style, formatting, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

slow: .venv/.test  ## what takes minutes: soaks, a thousand kill -9, a thousand reconnects
	$(BIN)/pytest -m slow -rs --timeout=3600

# The device's kind and Python: Debian 12 and Raspberry Pi OS 12 have 3.11, Debian 13 has 3.13, JetPack 6 has 3.10.
ARCH ?= arm64
PYTHON_VERSION ?= 3.11
bundle: .venv/.setup  ## dist/plate-reader-….tar.gz, which installs a camera's computer without internet (ARCH=arm64|amd64 PYTHON_VERSION=3.11 KEY=ssh-key)
	@$(BIN)/python install/bundle.py --arch $(ARCH) --python $(PYTHON_VERSION) $(if $(KEY),--key $(KEY))

lock: .venv/.lock  ## resolve pyproject.toml anew into uv.lock and requirements/
	UV_NO_CONFIG=1 .venv/lock/bin/uv lock --upgrade
	@for extra in run demo desk field test; do \
	  case $$extra in run) with= ;; test) with="--extra demo --extra desk --extra field --extra test" ;; *) with="--extra $$extra" ;; esac; \
	  UV_NO_CONFIG=1 .venv/lock/bin/uv export --quiet --frozen --no-header --no-annotate --no-emit-project \
	    --group build $$with --output-file requirements/$$extra.txt; \
	  sed -i '1i # Made by `make lock` from uv.lock: every file by its hash, for Linux on x86-64 and arm64, Python 3.10 to 3.13.' \
	    requirements/$$extra.txt; \
	done

clean:  ## remove what these targets made
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp is a finished environment; one that is older than its list is completed, not made anew.
# pip checks every file's hash, and builds nothing: what has no wheel for this machine is an error.
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes --only-binary :all:

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 10) <= v <= (3, 13) else "plate-reader needs Python 3.10 to 3.13; this is %d.%d. Name another: make setup PYTHON=python3.12" % v)'
	$(PYTHON) -m venv .venv

.venv/.setup: requirements/run.txt pyproject.toml | .venv/bin/pip
	$(PIP) -r requirements/run.txt
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q edge
	@touch $@

.venv/.demo: requirements/demo.txt .venv/.setup
	$(PIP) -r requirements/demo.txt
	@touch $@

.venv/.desk: requirements/desk.txt .venv/.setup
	$(PIP) -r requirements/desk.txt
	@touch $@

.venv/.test: requirements/test.txt .venv/.setup
	$(PIP) -r requirements/test.txt
	@touch $@

.venv/.lock: | .venv/bin/pip
	$(PYTHON) -m venv .venv/lock
	.venv/lock/bin/python -m pip --disable-pip-version-check install --quiet uv
	@touch $@
