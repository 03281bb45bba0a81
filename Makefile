# `make` alone lists what there is. Every target makes .venv when it is missing or out of date.
# Another Python: PYTHON=python3.12 make test. Without PYTHON an existing .venv keeps its own.

ifeq ($(OS), Windows_NT)
SCRIPTS := Scripts
else
SCRIPTS := bin
endif
BIN := .venv/$(SCRIPTS)
STAMP := .venv/kore-stamp
FUZZ := .venv-fuzz

ifeq ($(origin PYTHON), undefined)
PYTHON := python3
CHOSEN := no
else
CHOSEN := yes
endif

VERSION_OF = -c 'import sys; print("%d.%d" % sys.version_info[:2])'

# A .venv of another Python than the one that was asked for does not count.
ifeq ($(CHOSEN), yes)
ifneq ($(shell $(BIN)/python $(VERSION_OF) 2>/dev/null), $(shell $(PYTHON) $(VERSION_OF)))
FRESH := fresh
endif
endif

.PHONY: help demo docs test check bench fuzz torture matrix matrix-versions matrix-plugins screenshots release-check changelog fresh
.DEFAULT_GOAL := help

help:
	@echo 'make demo     run the example suite against the built-in emulator; no account needed'
	@echo 'make test     run the tests (more arguments: make test ARGS="-n 0 -k gate")'
	@echo 'make check    formatting, lint, types, the site, and whether the built wheel installs and imports'
	@echo 'make docs     what the pages take from the code, then the documentation site, into site/; open site/index.html'
	@echo 'make bench    what the plugin costs, side by side with going without; prints tables'
	@echo 'make fuzz     the property tests and the attack on the emulator, twenty times as long (CONVTEST_FUZZ=n)'
	@echo 'make torture  whole runs that would lie, then the fault matrix: ours beside a plain loop and tenacity'
	@echo 'make matrix   the tests on every Python found and with every pytest from 8.0 on, then make matrix-plugins (ARGS=--write: the tables in the docs)'
	@echo 'make matrix-plugins  a small project beside each of many other plugins (ARGS=--write: the table in the docs)'
	@echo 'make release-check  build wheel and sdist, install each into an empty environment, run the demo there'
	@echo 'make changelog VERSION=1.2.3  gather the fragments of changelog.d into CHANGELOG.md'
	@echo 'make screenshots  the pictures of the report and of the terminal in docs/pictures; needs Chromium'

$(STAMP): pyproject.toml constraints.txt $(FRESH)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo 'Python 3.10 or newer is needed; name one: PYTHON=python3.12 make test' >&2; exit 1; }
	@test -n '$(FRESH)' || test ! -x $(BIN)/python || $(BIN)/python -c '' || rm -rf .venv
	@test -z '$(FRESH)' || rm -rf .venv
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

fresh:

# Apart from .venv: Schemathesis is a pytest plugin that every pytest process would pay for.
$(FUZZ)/kore-stamp: pyproject.toml constraints.txt
	@test -x $(FUZZ)/$(SCRIPTS)/python || $(PYTHON) -m venv $(FUZZ)
	$(FUZZ)/$(SCRIPTS)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fuzz]'
	@touch $@

demo: $(STAMP)
	@echo 'A small suite is uploaded, imported, checked and run, the way a CI job would do it.'
	@echo 'The platform is the built-in emulator on this machine: no account, no network.'
	$(BIN)/python -m pytest examples/quickstart --kore-emulator --kore-run inDevelopment --kore-html reports/kore.html \
		--kore-bot-definition examples/quickstart/bot-definition.json -v -p no:randomly $(ARGS)
	@echo 'Open reports/kore.html in a browser to see the conversation.'

# Most tests wait for other processes half of the time.
test: $(STAMP)
	$(BIN)/python -m pytest -n $$($(BIN)/python -c 'import os; print(min(8, 2 * (os.cpu_count() or 1)))') $(ARGS)

check: $(STAMP)
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports
	$(BIN)/lint-imports .ci/circles.ini
	$(BIN)/python .ci/check_wheel.py
	$(MAKE) docs

docs: $(STAMP)
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet --clean

screenshots: $(STAMP)
	$(BIN)/python .ci/screenshots.py docs/pictures
	$(BIN)/python .ci/terminal_picture.py docs/pictures/terminal.svg

release-check: $(STAMP)
	$(BIN)/python .ci/release_check.py

changelog: $(STAMP)
	$(BIN)/python -m towncrier build --yes --version $(VERSION)

bench: $(STAMP)
	$(BIN)/python bench/run.py $(ARGS)

fuzz: $(STAMP) $(FUZZ)/kore-stamp
	CONVTEST_FUZZ=$${CONVTEST_FUZZ:-20} $(BIN)/python -m pytest tests/property tests/e2e/test_standin_fuzz.py $(ARGS)
	CONVTEST_FUZZ=$${CONVTEST_FUZZ:-20} $(FUZZ)/$(SCRIPTS)/python -m pytest tests/fuzz/fuzz_standin.py $(ARGS)

torture: $(STAMP)
	$(BIN)/python -m torture $(ARGS)

matrix: matrix-versions matrix-plugins

matrix-versions:
	$(PYTHON) .ci/matrix.py $(ARGS)

matrix-plugins: $(STAMP)
	$(BIN)/python .ci/matrix_plugins.py $(ARGS)
