# make demo    everything that is missing, then a running demonstration with its address and accounts
# make test    the same plus the test tools, then every check and test
# make setup   only installs; .venv/bin/duban works afterwards
# make check   what reviewers run before they read: format, lint, imports
# make faults  breaks everything at every step and counts; an hour (FAULTS_ARGS="-k interleav": some of it; docs/faults.md)
# make bench   what the engine costs, as ratios to plain SpiffWorkflow; ten minutes (BENCH_ARGS=--quick: one)
# make clean   takes away what set-up made; data, letters and fonts of your own under var/ stay

PYTHON ?= python3
PYTEST_ARGS ?= -n 2 --dist loadfile --no-loadscope-reorder # by name: the last files, those of the web, are short
BIN := .venv/bin
BENCH_ARGS ?=
FAULTS_ARGS ?=
HOUSE := engine forms web setup tests

.PHONY: setup setup-tests demo test check bench faults clean

setup:
	@$(PYTHON) -m setup

setup-tests:
	@$(PYTHON) -m setup --for test

demo: setup
	@$(BIN)/duban demo

test: setup-tests check
	eatmydata $(BIN)/pytest -v $(PYTEST_ARGS)

check: setup-tests
	$(BIN)/ruff format --check $(HOUSE)
	$(BIN)/ruff check $(HOUSE)
	$(BIN)/lint-imports

bench: setup-tests
	PYTHONPATH=tests $(BIN)/python -m bench $(BENCH_ARGS)

faults: setup-tests
	DUBAN_FAULTS=full $(BIN)/pytest tests/faults tests/engine/test_audit_mutations.py -s --timeout=0 $(FAULTS_ARGS)

clean:
	rm -rf .venv web/frontend/node_modules web/static/dist build *.egg-info
	rm -rf .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	rm -rf var/cache var/log var/setup.lock var/fonts/fandol var/fonts/babelstone
