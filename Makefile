# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONUNBUFFERED := 1
# Else every process that the tests start compiles the project anew.
unexport PYTHONDONTWRITEBYTECODE

# What `make run` watches and where: `make run VIDEO=gym.mp4 CONFIG=gym.yaml MODEL=yolox_nano PORT=8001 ...`.
# Values from the environment do not count: a PORT that somebody exported for another program is not meant.
VIDEO :=
CONFIG :=
MODEL :=
CAMERA :=
STORE :=
PORT := 8000
UI_PORT := 8501
DATA :=
KEEP_GB := 10
BACKEND_FLAGS :=
WORKER_FLAGS :=
UI_FLAGS :=
EDGE_FLAGS :=
YES :=

# A text, and a variable's value as it was given (`$` and all), as one word of the shell.
one_word = '$(subst ','\'',$(1))'
quoted = $(call one_word,$(value $(1)))

# A folder that was moved, or a Python that is gone, leaves an environment whose commands are not found.
STALE := $(shell [ ! -e $(VENV) ] || { grep -qsF $(call one_word,$(CURDIR)/$(VENV)) $(BIN)/activate && $(BIN)/python -c ''; } 2>/dev/null || echo yes)
ifeq ($(STALE),yes)
.PHONY: $(BIN)/python $(VENV)/.installed $(VENV)/.installed-dev
endif

# Where there is one, setpriv has the kernel tell the launcher that make was killed.
WITH_MAKE := $(shell setpriv --pdeathsig HUP echo setpriv --pdeathsig HUP 2>/dev/null)

# Weights that are fetched by their name: MODEL=yolox_nano.
FETCHED := yolox_nano yolox_tiny
FETCH := $(filter $(FETCHED),$(value MODEL))
# A configuration with the section `cameras` names the videos itself.
HAS_CAMERAS := $(if $(value CONFIG),$(shell grep -qs '^cameras *:' $(call quoted,CONFIG) && echo yes))

# For every system and Python that pyproject.toml allows; nothing of this computer's own settings.
LOCK := uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes --no-annotate \
  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

.DEFAULT_GOAL := help
.PHONY: help install run reset-demo test lint bench chaos chain test-deploy lock clean

help:  ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20
	@echo "  make run takes VIDEO, CONFIG, MODEL, CAMERA, STORE, PORT, UI_PORT, DATA, KEEP_GB, and BACKEND_FLAGS, WORKER_FLAGS,"
	@echo "  UI_FLAGS, EDGE_FLAGS: make run VIDEO=gym.mp4 CONFIG=gym.yaml MODEL=yolox_nano EDGE_FLAGS='--speed 4'"

install: $(VENV)/.installed  ## make the environment .venv that the four processes need

run: $(VENV)/.installed $(if $(VIDEO)$(GYM_VIDEO)$(HAS_CAMERAS),,sample.mp4)  ## start all four on the sample, or on VIDEO=...; Ctrl-C ends them
	@$(if $(FETCH),python edge_service/fetch_model.py $(FETCH))
	@exec $(WITH_MAKE) python deploy/launcher/main.py --port $(call quoted,PORT) --ui-port $(call quoted,UI_PORT) \
	  --video $(call quoted,VIDEO) --config $(call quoted,CONFIG) --model $(if $(FETCH),data/models/$(FETCH).onnx,$(call quoted,MODEL)) \
	  --camera-id $(call quoted,CAMERA) --store-id $(call quoted,STORE) \
	  --data-dir $(call quoted,DATA) --keep-gb $(call quoted,KEEP_GB) \
	  --backend-flags=$(call quoted,BACKEND_FLAGS) --worker-flags=$(call quoted,WORKER_FLAGS) \
	  --ui-flags=$(call quoted,UI_FLAGS) --edge-flags=$(call quoted,EDGE_FLAGS)

reset-demo: $(VENV)/.installed  ## remove the demo's events and clips, after asking (YES=1: without)
	@python deploy/launcher/reset_demo.py $(if $(YES),--yes)

sample.mp4: | $(VENV)/.installed
	@echo "Drawing sample.mp4, two minutes of a gym that does not exist (once, about half a minute) ..."
	@python edge_service/sample.py --out sample.mp4 --seed 42

# The lint takes one processor: it runs beside the tests. Both are run to the end, and both must pass.
test: $(VENV)/.installed-dev  ## install what the tests need and run them all, lint and types included
	@$(MAKE) --no-print-directory lint & \
	  python -m pytest -n 3 --dist worksteal; tested=$$?; \
	  wait $$! || { echo "The lint found what stands above; \`make lint\` shows it again."; exit 2; }; \
	  exit $$tested

lint: $(VENV)/.installed-dev  ## ruff and mypy alone
	@ruff format --check .
	@ruff check .
	@mypy

bench: $(VENV)/.installed-dev  ## the benchmarks: ratios against a peer in the same run
	@python -m pytest tests/benchmarks -s

chaos: $(VENV)/.installed-dev  ## kill the processes again and again, then compare with the undisturbed run; more examples
	@python -m pytest tests/chaos -s
	@python -m pytest -n 3 --dist worksteal -m 'thorough or hypothesis' --hypothesis-profile thorough

# Such as CHAIN='--gyms 100 --thin 0.1': `make chain CHAIN=--help` says which there are.
CHAIN :=
chain: $(VENV)/.installed-dev  ## simulate a chain of gyms on PostgreSQL and a bucket, and print what a day of it costs
	@python -m tests.chain $(CHAIN)

test-deploy: $(VENV)/.installed-dev  ## what needs root, debootstrap or podman: a bare Debian that boots, and the containers
	@python -m pytest tests/system -s --durations=0

lock: $(VENV)/.installed-dev  ## renew all locks from the requirements: newer releases, within what these allow
	@for name in requirements requirements-dev; do $(LOCK) --upgrade $$name.txt -o $$name.lock || exit 2; done
	@for name in requirements-chain requirements-signin; do \
	  $(LOCK) --upgrade -c requirements-dev.lock $$name.txt -o $$name.lock || exit 2; done

clean:  ## remove the environment and the drawn sample, never the data
	rm -rf $(VENV) sample.mp4

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null \
	  || { echo "There is no $(PYTHON): apt-get install $(PYTHON) $(PYTHON)-venv, or make PYTHON=... of another one"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is older than Python 3.11: apt-get install python3.11 python3.11-venv, then make PYTHON=python3.11"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { $(PYTHON) -c 'import sys; print("%s cannot make a virtual environment: apt-get install python%d.%d-venv" % ("$(PYTHON)", *sys.version_info[:2]))'; exit 2; }
	@[ ! -e $(VENV) ] || echo "$(VENV) was made in another folder, or for a Python that is gone: it is made anew ..."
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 2; }

# The very files that the tests ran with: of what requirements.txt names, and of all that comes with it.
$(VENV)/.installed: requirements.lock | $(BIN)/python
	@echo "Installing what requirements.lock names into $(VENV) ..."
	@python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock | $(BIN)/python
	@echo "Installing what requirements-dev.lock names into $(VENV) ..."
	@python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
