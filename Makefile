# The two commands: `make demo` (ARGS="--port 8001 --no-browser") and `make test` (ARGS="-k leakage").
# Both make .venv on first use and install the hash-pinned locks into it; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.runs-as-locked
DEV := $(VENV)/.tests-as-locked
UV := $(shell uv --version >/dev/null 2>&1 && echo yes)
.DEFAULT_GOAL := help
# Where a machine forbids it, each of our processes would compile everything it imports anew: two seconds a process.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo test test-thorough test-postgres test-oldest lint benchmark lock

help:
	@echo "make demo           the whole product on this machine, with a rehearsal health system"
	@echo "make test           the tests"
	@echo "make test-thorough  what takes longer: more seeds, more doors, interrupted processes"
	@echo "make test-postgres  on PostgreSQL every test that asks for the database, but for those that start processes of their own"
	@echo "make test-oldest    the tests of the claims engine on the oldest DuckDB that is supported"
	@echo "make lint           style, import contracts, migrations, deploy check, container files"
	@echo "make benchmark      speed and memory against plain pandas"
	@echo "make lock           pins for requirements*.in (needs uv; ARGS=--upgrade: the newest)"

demo: $(RUN)
	@exec $(BIN)/python manage.py demo $(ARGS)

test: $(DEV)
	@exec $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

test-thorough: $(DEV)
	@exec $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m thorough $(ARGS)

test-postgres: $(DEV)
	@TEST_DATABASE=postgres exec $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "database and not benchmark and not thorough and not services and not browser" $(ARGS)

test-oldest: $(DEV)
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --upgrade --target $(VENV)/oldest -r requirements-oldest.txt
	@PYTHONPATH=$(VENV)/oldest exec $(BIN)/python -m pytest -n 2 -p no:cacheprovider $(ARGS) tests/demand/test_lines.py tests/demand/test_extract.py \
	  tests/demand/test_outcomes.py tests/demand/test_mapping.py tests/demand/test_definitions_*.py tests/demand/test_pipeline.py

benchmark: $(DEV)
	@exec $(BIN)/python -m pytest -m benchmark -s $(ARGS) tests/benchmarks

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	HTTPS=1 DATABASE_URL=postgres://host/name ALLOWED_HOSTS=example.org PSEUDONYM_KEY=only-for-this-check \
	  SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
	  $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/hadolint Dockerfile

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --override requirements-overrides.txt $(ARGS) requirements.in -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --override requirements-overrides.txt $(ARGS) requirements-dev.in -o requirements-dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-deps $(ARGS) requirements-oldest.in -o requirements-oldest.txt

# A broken or missing interpreter in .venv means: make it anew.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) --version 2>&1 | head -1): install it, or name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@if [ -n "$(UV)" ]; then uv venv --quiet --clear --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV); \
	elif $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then $(PYTHON) -m venv --clear $(VENV); \
	else echo "$(PYTHON) cannot make virtual environments: install its venv package (Debian, Ubuntu: apt install python3-venv) and run make again" >&2; exit 1; fi

# uv where there is one and it reaches an index, else pip.
define install
	@echo "Installing $(1) into $(VENV) (once)"
	@if [ -n "$(UV)" ] && VIRTUAL_ENV=$(CURDIR)/$(VENV) uv pip install --quiet --require-hashes --no-deps -r $(1); then :; else \
	  { $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; } && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps -r $(1); fi || { \
	  echo "$(1) could not be installed: the lines above say why (no network, or no package for this machine)" >&2; exit 1; }
	@touch $@
endef

$(RUN): requirements.txt | $(BIN)/python
	$(call install,requirements.txt)

$(DEV): requirements-dev.txt $(RUN)
	$(call install,requirements-dev.txt)
