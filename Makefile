# Two commands do everything on a fresh machine with Python 3.11+: `make run` and `make test`.
PYTHON ?= $(shell if test -x .venv/bin/python; then echo .venv/bin/python; else tools/fastest-python; fi)
PYTHON := $(or $(PYTHON),python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PORT ?= 4566

.PHONY: install run test lint fix bench soak soak-streams docs transcripts clean

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fogbank needs Python 3.11 or newer; say make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@if command -v uv >/dev/null 2>&1; then uv pip install -q -p $(BIN)/python -e '.[postgres,dev]'; \
	 else $(BIN)/python -m pip install -q --disable-pip-version-check -e '.[postgres,dev]'; fi
	@$(BIN)/python -m compileall -q fogbank
	@touch $@

install: $(STAMP)  ## only set up .venv

run: $(STAMP)  ## deploy examples/orders and drive it; ONCE=1 ends by itself with a status
	@$(BIN)/python examples/orders/run.py --port $(PORT) $(if $(ONCE),--once) $(if $(DATA_DIR),--data-dir $(DATA_DIR))

test: $(STAMP) lint  ## everything that must hold
	@$(BIN)/python -m pytest -n 2 --dist loadgroup --cov --cov-report=term:skip-covered $(ARGS)

lint: $(STAMP)
	@$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q . && $(BIN)/mypy

fix: $(STAMP)
	@$(BIN)/ruff format -q . && $(BIN)/ruff check -q --fix .

bench: $(STAMP)  ## our benchmarks, each as a ratio to a reference in the same run
	@for b in benchmarks/*.py; do case $$b in */common.py|*/soak*.py|*/ten_million.py) ;; *) echo "== $$b"; $(BIN)/python $$b || exit 1;; esac; done

soak: $(STAMP)  ## half load with kill -9 every minute; MINUTES=30
	@$(BIN)/python benchmarks/soak.py --minutes $(or $(MINUTES),30)

soak-streams: $(STAMP)  ## kill -9 every second or so under streams, queues and asynchronous events; KILLS=100
	@$(BIN)/python benchmarks/soak_streams.py --kills $(or $(KILLS),100)

docs: $(STAMP)  ## rewrite the generated parts of the documentation
	@$(BIN)/python docs/generate.py

transcripts: $(STAMP)  ## record docs/transcripts.md from real runs
	@$(BIN)/python docs/transcribe.py

clean:
	rm -rf $(VENV) .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis
