# Everything a person types here. `make help` lists it; docs/ and README.md explain it.

# The first Python that is new enough; `make run PYTHON=/path/to/python3` names another.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python; do \
	$$name -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$name && break; done)

VENV := .venv/bin
PYTEST := $(VENV)/python -m pytest $(PYTEST_ARGS)
# Tests never run on the database or the cache of a deployment.
ALONE := env -u WEIYU_DATABASE_URL -u WEIYU_DATABASE_URL_FILE -u WEIYU_REDIS_URL -u WEIYU_REDIS_URL_FILE

.DEFAULT_GOAL := help
.PHONY: help run dev test check clients fuzz bench bench-hostile bench-scale chaos clean install install-check keep-release install-dev client-packages \
	lint types layers migrations schema write-schema messages browser-table deploy tests-sqlite tests-postgresql format
.NOTPARALLEL:

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 28

run: found-python ## Start Weiyu on http://127.0.0.1:8000 (HOST and PORT change it)
	@"$(PYTHON)" -m weiyu_site.launch.bootstrap --serve
	@$(VENV)/python -m weiyu_site.launch.start

dev: found-python ## The same with autoreload and debug pages
	@"$(PYTHON)" -m weiyu_site.launch.bootstrap --dev --serve
	@WEIYU_DEBUG=$${WEIYU_DEBUG:-true} $(VENV)/python -m weiyu_site.launch.start --reload

test: install-dev ## Run every test that this machine can run
	@$(VENV)/python .ci/check.py tests

check: install-dev ## Run exactly what CI runs; nothing may be skipped
	@$(VENV)/python .ci/check.py

clients: install-dev client-packages ## Write typed clients from docs/openapi.yaml, compile them and let them call a demo
	$(ALONE) $(PYTEST) tests/clients/test_typed.py

fuzz: install-dev ## Send the API 20,000 calls made up from its description (CASES and SEED change it)
	FUZZ_CASES=$${CASES:-20000} $(ALONE) $(PYTEST) -s tests/api/test_fuzz.py

bench: install-dev ## Measure the API beside plain Django and plain DRF (BENCH_ARGS=--help)
	@$(VENV)/python -m benchmarks $(BENCH_ARGS)

bench-hostile: install-dev ## Attack the server and measure what others wait meanwhile (BENCH_ARGS=--help)
	@$(VENV)/python -m benchmarks.hostile $(BENCH_ARGS)

bench-scale: install-dev ## Measure calls among 10,000 tickets and among 1,000,000 (BENCH_ARGS=--help)
	@$(VENV)/python -m benchmarks.scale $(BENCH_ARGS)

# Minutes, and more than one core: before a release, not at each commit.
chaos: install-dev ## Stop, hang and fill what Weiyu stands on, while it is used
	$(ALONE) $(PYTEST) -n0 tests/chaos/outages.py

install-check: install-dev ## Do what docs/operating.md says of installing, backups and upgrades on empty Debian machines
	@$(ALONE) $(VENV)/python -m tests.install $(INSTALL_ARGS)

RELEASE ?=
keep-release: install-dev ## Keep the database of a release for tests of upgrades: make keep-release RELEASE=0.1.0
	@$(ALONE) $(VENV)/python -m tests.upgrade.keep $(RELEASE)

install: found-python
	@"$(PYTHON)" -m weiyu_site.launch.bootstrap

install-dev: found-python
	@"$(PYTHON)" -m weiyu_site.launch.bootstrap --dev

.PHONY: found-python
found-python:
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "Weiyu needs Python 3.11 or newer and found none$(if $(PYTHON), at $(PYTHON))." \
			"Install it, or name it: make run PYTHON=/path/to/python3" >&2; exit 1; }

# --- The parts of `make check` ------------------------------------------------------------------

lint: install-dev ## Style and common mistakes (ruff)
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .

format: install-dev ## Put the code into shape (ruff)
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

types: install-dev ## Type annotations (mypy)
	$(VENV)/mypy .

layers: install-dev ## Who may import whom (import-linter)
	$(VENV)/lint-imports

migrations: install-dev ## Every model change has its migration
	$(ALONE) $(VENV)/python manage.py makemigrations --check --dry-run --settings tests.settings

schema: install-dev ## docs/openapi.yaml says what the code does, without warnings
	@$(MAKE) --no-print-directory write-schema SCHEMA=.openapi-now.yaml
	@diff -u docs/openapi.yaml .openapi-now.yaml && rm .openapi-now.yaml || { rm .openapi-now.yaml; \
		echo "docs/openapi.yaml is out of date: look at the difference, then make write-schema" >&2; exit 1; }

SCHEMA := docs/openapi.yaml
write-schema: install-dev ## Write docs/openapi.yaml from the code
	$(ALONE) $(VENV)/python manage.py spectacular --settings tests.settings \
		--validate --fail-on-warn --file $(SCHEMA)

browser-table: install-dev ## Write docs/guide/browsers-measured.md from what the browsers do
	WEIYU_TEST_WRITE_BROWSER_TABLE=true $(ALONE) $(PYTEST) tests/browser/test_matrix.py

# The compiled file is committed as well, so that running Weiyu takes no gettext tools.
messages: install-dev ## Collect the texts into the Chinese catalogue and compile it (needs GNU gettext)
	$(ALONE) $(VENV)/python manage.py makemessages --settings tests.settings
	$(ALONE) $(VENV)/python manage.py compilemessages --settings tests.settings --ignore .venv

deploy: install-dev ## Django's deployment checks on production settings
	@$(ALONE) $(VENV)/python .ci/deployment.py

tests-sqlite: install-dev client-packages ## The tests on SQLite
	$(ALONE) $(PYTEST)

tests-postgresql: install-dev client-packages ## The tests on WEIYU_DATABASE_URL and WEIYU_REDIS_URL
	$(PYTEST)

# Real clients from npm, for the tests only; Weiyu itself needs no Node.
client-packages:
	@if ! command -v npm >/dev/null; then \
		echo "npm is missing: the tests that run programs under Node.js cannot run."; \
	elif ! cmp -s tests/clients/package-lock.json tests/clients/node_modules/.installed; then \
		cd tests/clients && npm ci --no-audit --no-fund --loglevel=error \
			&& cp package-lock.json node_modules/.installed; fi

clean: ## Remove what can be made again; data/ stays
	rm -rf .venv tests/clients/node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './data/*' -prune -exec rm -rf {} +
