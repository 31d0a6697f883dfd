# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONUNBUFFERED := 1

# A busy port is one line, and nothing has been started by then.
define CHECK_PORTS
from backend_api.web.listening import listen
from backend_api.base.process import run_process
run_process(lambda: [listen("127.0.0.1", port).close() for port in (8000, 8501)] and 0)
endef
export CHECK_PORTS

.DEFAULT_GOAL := help
.PHONY: help run test lint bench chaos clean

help:  ## say what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

run: $(VENV)/.installed sample.mp4  ## start all four processes on the sample; Ctrl-C ends them
	@mkdir -p data/media
	@python -c "$$CHECK_PORTS"
	@echo "The dashboard opens at http://127.0.0.1:8501, the API at http://127.0.0.1:8000/docs; Ctrl-C ends everything."
	@GYM_LOG_TIME=0 honcho start || [ $$? -eq 130 ]

sample.mp4: | $(VENV)/.installed
	@echo "Drawing sample.mp4, two minutes of a gym that does not exist (once, about half a minute) ..."
	@python edge_service/sample.py --out sample.mp4 --seed 42

test: lint  ## install what the tests need and run them all, lint and types included
	@python -m pytest -n 2

lint: $(VENV)/.installed-dev  ## ruff and mypy alone
	@ruff format --check .
	@ruff check .
	@mypy

bench: $(VENV)/.installed-dev  ## the benchmarks: ratios against a peer in the same run
	@python -m pytest tests/benchmarks -s

chaos: $(VENV)/.installed-dev  ## kill the processes again and again, then compare with the undisturbed run
	@python -m pytest tests/chaos -s

clean:  ## remove the environment and the drawn sample, never the data
	rm -rf $(VENV) sample.mp4

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is older than Python 3.11: install a newer one and run make PYTHON=python3.11"; exit 2; }
	@$(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment: apt-get install python3-venv"; exit 2; }

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	@echo "Installing what requirements.txt names into $(VENV) ..."
	@python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	@echo "Installing what requirements-dev.txt names into $(VENV) ..."
	@python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
