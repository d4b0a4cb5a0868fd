# Two commands matter: `make run` and `make test`. `make help` lists the others.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
PORT ?= 8000
HOST ?= 127.0.0.1
ARGS ?=
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help install assets run test race faults bench security check check-deploy format requirements clean

help:  ## list what can be made
	@sed -n 's/^\([a-z]*\):.*##/  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

install:  ## make .venv and install the pinned packages; nothing to do the second time
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer is missing: install it (Debian: apt-get install python3 python3-venv), then run make again." >&2; \
		exit 1; fi
	@"$(PYTHON)" scripts/install.py

assets: install  ## fetch the browser's third-party files; nothing to do the second time
	@$(BIN)/python scripts/build_assets.py

run: assets  ## start everything with the demo hospital: make run [PORT=8000] [HOST=127.0.0.1]
	@$(MANAGE) serve --demo --host $(HOST) --port $(PORT)

test: assets  ## run the tests: make test [ARGS="tests/scheduling -x"]
	@$(BIN)/pytest -n 2 $(ARGS)

faults: assets  ## kill, empty and cut whatever carries messages, then count what arrived: 10,000 messages
	@$(BIN)/python -m tests.faults $(ARGS)

race: assets  ## let 32 clients fight over the same places, 100,000 attempts
	@$(BIN)/python -m tests.race --attempts 100000 $(ARGS)

bench: assets  ## measure bookings, the day board and the browser; tables on screen, JSON in bench/results/
	@$(BIN)/python -m bench $(ARGS)

security: assets  ## scanners, access matrix, hostile input, mutants of every check: make security [ARGS="wapiti sqlmap"]
	@$(BIN)/python -m scripts.security $(ARGS)

check: assets  ## linters, types, import rules, templates, Django's own checks
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports
	@$(BIN)/djlint templates --check --quiet
	@$(BIN)/djlint templates --lint --quiet
	@$(MANAGE) makemigrations --check --dry-run
	@$(MAKE) check-deploy

# Django's deployment checks, with settings as a hospital's; `make security` runs them too.
check-deploy: assets
	@DJANGO_SETTINGS_MODULE=hospital.settings.prod ALLOWED_HOSTS=theatres.example \
		SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
		FIELD_KEYS=check:$$($(BIN)/python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())') \
		INDEX_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
		BACKUP_KEYS=check:$$($(BIN)/python -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())') \
		AUDIT_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') AUDIT_ANCHOR_FILE=/tmp/anchors \
		DATABASE_URL='postgres://app@database.example/theatres?sslmode=verify-full' REDIS_URL=rediss://queue.example/0 \
		$(MANAGE) check --deploy --fail-level WARNING

format: install  ## put code and templates into their standard form
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .
	@$(BIN)/djlint templates --reformat --quiet

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

requirements: install  ## compile requirements.txt: exact pins, hashes; newest versions with ARGS=--upgrade
	@$(COMPILE) $(ARGS) requirements.in --output-file requirements.txt
	@$(COMPILE) --constraint requirements.txt requirements-production.in --output-file requirements-production.txt
	@$(COMPILE) --constraint requirements.txt requirements-saml.in --output-file requirements-saml.txt

clean:  ## remove everything that was made, the demo's data included, but no commit
	@rm -rf .venv .data node_modules static/vendor staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
