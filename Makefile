# Two commands on a fresh machine with Python 3.11+ and make: `make demo`, `make test`. `make ui` opens Dagster.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test ui bench lint clean lock setup

setup: $(STAMP)

# uv installs the lock in seconds; where it cannot be had, plain pip installs the same lock.
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check uv || echo "uv is not to be had: plain pip takes a few minutes"
	if [ -x $(BIN)/uv ]; then $(BIN)/uv pip install -q --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock; \
	else $(BIN)/python -m pip install -q --require-hashes -r requirements.lock; fi
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: setup
	$(BIN)/tieout demo

test: setup lint
	$(BIN)/python -m pytest

ui: setup
	$(BIN)/tieout ui

bench: setup
	$(BIN)/tieout bench

lint: setup
	$(BIN)/ruff check orchestration expectations tests
	$(BIN)/ruff format --check orchestration expectations tests
	$(BIN)/mypy
	$(BIN)/sqlfluff lint -q dbt_project/models dbt_project/tests

lock: setup
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate --all-extras pyproject.toml -o requirements.lock

clean:
	rm -rf var .mypy_cache .ruff_cache .pytest_cache .hypothesis
