# oddline's house. `make` alone lists what can be asked of it.
#
# Nothing is needed but Python 3.10 to 3.13 as `python3` (or: make PYTHON=python3.12 ...) and a package index: plain
# pip installs everything, so the machine's own pip configuration (a mirror, a proxy, a certificate) is honoured.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install lint format types test test-workstation test-device demo constraints clean

PYTHON ?= python3
ARGS ?=
INSTALLED := .venv/.installed

# The device environment is made anew when a Python 3.8 appears or goes away: its stamp's name says which it has.
PYTHON38 := $(shell .ci/find-python38)
DEVICE_PYTHON := $(if $(PYTHON38),$(PYTHON38),$(PYTHON))
DEVICE_INSTALLED := .venv-device/.installed-on-$(if $(PYTHON38),3.8,other)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' Makefile

install: $(INSTALLED) ## make .venv with everything in it: oddline, training, tests (a few minutes, once)

$(INSTALLED): pyproject.toml constraints.txt | README.md
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 10) <= v <= (3, 13) or sys.exit("$(PYTHON) is Python %d.%d; oddline is built on 3.10 to 3.13: make PYTHON=python3.12 ..." % v)'
	@echo "== making .venv: TensorFlow alone is over 600 MB unpacked, so this takes minutes"
	test -x .venv/bin/python || $(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install -e '.[cpu,export,dev]' -c constraints.txt
	@touch $@

# The package's metadata names the README, so that an installation without one fails.
README.md:
	@echo '# oddline: finds the odd lines in logs, on the machine that wrote them' > $@

lint: $(INSTALLED) ## ruff: rules, the import boundary, and format (changes nothing)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

format: $(INSTALLED) ## ruff: put the code into format, and mend what can be mended
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

types: $(INSTALLED) ## mypy --strict over edge and export
	.venv/bin/mypy --strict

test: lint types test-workstation test-device ## everything, as .ci/run does

test-workstation: $(INSTALLED) ## all tests, in .venv
	.venv/bin/python -m pytest $(ARGS)

test-device: $(DEVICE_INSTALLED) ## tests/edge with the device's packages only, on Python 3.8 if there is one
	ODDLINE_TEST_BUNDLE='$(CURDIR)/.cache/test-bundle' .venv-device/bin/python -m pytest tests/edge $(ARGS)
	@.venv-device/bin/python -c 'import platform; print("tests/edge ran with the device packages on Python", platform.python_version())'
	@test -n '$(PYTHON38)' || echo 'Python 3.8 DID NOT RUN: this machine has none, neither on PATH nor among the versions of pyenv'

# --only-binary: on an old Python a source distribution would ask for compilers long before it failed.
$(DEVICE_INSTALLED): pyproject.toml constraints.txt | README.md
	@echo "== making .venv-device with $(DEVICE_PYTHON)"
	$(DEVICE_PYTHON) -m venv --clear .venv-device
	.venv-device/bin/python -m pip install --only-binary=:all: -e '.[cpu]' pytest hypothesis -c constraints.txt
	@touch $@

demo: $(INSTALLED) ## simulate, train, export, verify, score, bench: the main job, some minutes
	.venv/bin/oddline demo $(ARGS)

# uv resolves all Pythons at once, which pip cannot. It reads its own settings (UV_DEFAULT_INDEX), not pip's.
constraints: ## pin what pyproject.toml asks for in constraints.txt (ARGS=--upgrade: take the newest)
	test -x .cache/uv/bin/uv || { $(PYTHON) -m venv --clear .cache/uv && .cache/uv/bin/python -m pip install uv; }
	.cache/uv/bin/uv pip compile --universal --python-version 3.8 --no-python-downloads --all-extras --no-annotate \
		--custom-compile-command 'make constraints' --output-file constraints.txt pyproject.toml $(ARGS) > /dev/null

clean: ## remove both environments and every cache (not runs, bundles or demo: those are yours)
	rm -rf .venv .venv-device .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	find edge export tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
