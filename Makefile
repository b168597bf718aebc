# make demo: the whole system on the invented county.   make test: everything CI runs.   Needs Python 3.11 or 3.12.
PYTHON ?= $(shell for p in python3.11 python3.12 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
ARGS ?=

.PHONY: demo setup test check bench soak lock clean

demo: setup
	$(BIN)/kakou demo $(ARGS)

setup: .venv/.installed
	@$(BIN)/python hatch_build.py

.venv/.installed: pyproject.toml requirements-dev.lock
	@test -n "$(PYTHON)" || { echo "kakou needs Python 3.11 or 3.12; say where: make setup PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -c "import lockdown.compiled.warm"
	@touch $@

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	$(BIN)/pytest tests/camera_config tests/lockdown tests/repo

test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadfile --durations=15 tests --ignore=tests/soak --ignore=tests/system --ignore=tests/web
	$(BIN)/pytest --durations=15 tests/system tests/web

bench: setup
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.depacketise
	$(BIN)/python -m benchmarks.record
	$(BIN)/python -m benchmarks.live
	$(BIN)/python -m benchmarks.passages
	$(BIN)/python -m benchmarks.gpu
	$(BIN)/python -m benchmarks.whatif
	$(BIN)/python -m benchmarks.seal --roads config/dongfeng/roads.geojson
	$(BIN)/python -m benchmarks.risk --roads config/dongfeng/roads.geojson
	$(BIN)/python -m benchmarks.leaks
	$(BIN)/python -m benchmarks.honesty

soak: setup
	$(BIN)/pytest tests/soak

lock:
	$(BIN)/python -m uv pip compile pyproject.toml --group dev --extra demo --extra postgres --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements-dev.lock
	$(BIN)/python -m uv pip compile pyproject.toml --extra demo --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -o requirements.lock

clean:
	rm -rf .venv api/static web/node_modules .mypy_cache .ruff_cache .pytest_cache
