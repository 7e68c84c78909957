# make demo: generate with the defaults, install, run.   make test: prove it.   make lint: check this repository.
# What these need is installed first, outside the checkout: cookiecutter copies the whole checkout at each use.
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# The newest Python from 3.11 on that really runs and can make an environment. pyenv's shims stand on PATH for
# versions that then refuse to run, so its own directories are looked at too.
usable := import ensurepip, sys, venv; sys.version_info >= (3, 11) or sys.exit(1)
find_python = for v in 3.13 3.12 3.11; do for p in python$$v "$$HOME"/.pyenv/versions/$$v.*/bin/python; do \
	"$$p" -c '$(usable)' 2>/dev/null && command -v "$$p" && exit; done; done; \
	python3 -c '$(usable)' 2>/dev/null && command -v python3
PYTHON := $(or $(PYTHON),$(shell $(find_python)))

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/cookiecutter-flask-realtime
VENV := $(CACHE)/venv-$(shell printf %s '$(CURDIR) $(PYTHON)' | cksum | cut -d' ' -f1)
BIN := $(VENV)/bin
say = @printf '\033[2m%s\033[0m\n' '$(1)' >&2

CHECKED := benchmarks hooks tests .ci '{{cookiecutter.project_slug}}/.generator'
# Four workers on two cores: half of the time they wait. make test ARGS="-m 'not slow'" is the quick half.
JOBS := 4
ARGS :=

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 10

.PHONY: demo
demo: $(BIN)/cookiecutter ## generate a service with the default answers in a new directory, install and run it
	@set -e; demo=$$(mktemp -d "$${TMPDIR:-/tmp}/demo-XXXXXX"); \
	version=$$($(BIN)/python -c 'import sys; print("3.%d" % min(sys.version_info[1], 13))'); \
	$(BIN)/cookiecutter . --no-input --output-dir "$$demo" python_version=$$version >/dev/null; \
	printf 'generated in %s\n' "$$demo/realtime-service" >&2; \
	cd "$$demo/realtime-service"; PATH="$(BIN):$$PATH" UV_PYTHON="$(PYTHON)" exec $(MAKE) run

.PHONY: test
test: $(VENV)/.test ## run every test (JOBS=4 at a time; ARGS go to pytest)
	@PATH="$(BIN):$$PATH" TEMPLATE_CACHE="$(CACHE)" exec env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u ARGS -u JOBS $(BIN)/python -m pytest -p no:cacheprovider -n $(JOBS) --dist loadgroup --no-loadscope-reorder $(ARGS)

.PHONY: bench
bench: $(VENV)/.bench ## measure the services beside their peers, in a quarter of an hour (ARGS="--help")
	@PATH="$$PATH:$(BIN)" BENCH_CACHE="$(CACHE)/bench" exec $(BIN)/python -m benchmarks $(ARGS)

.PHONY: lint
lint: $(VENV)/.test ## check formatting, style and types of the hooks, the generator, the tests and the benchmarks
	@$(BIN)/ruff format --no-cache --quiet --config pyproject.toml --check $(CHECKED)
	@$(BIN)/ruff check --no-cache --quiet --config pyproject.toml $(CHECKED)
	@$(BIN)/mypy --cache-dir "$(CACHE)/mypy" --no-error-summary $(CHECKED)
	@$(BIN)/zizmor --offline --quiet .github

.PHONY: format
format: $(VENV)/.test ## format them, and fix what can be fixed
	@$(BIN)/ruff check --no-cache --quiet --config pyproject.toml --fix-only $(CHECKED)
	@$(BIN)/ruff format --no-cache --quiet --config pyproject.toml $(CHECKED)

.PHONY: contract
contract: $(VENV)/.test ## bring the contract/ of generated projects up to date with their source
	@PATH="$(BIN):$$PATH" exec env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL $(BIN)/python tests/refresh_contract.py

.PHONY: python
python: ## say which Python is used
	@echo '$(PYTHON)'

$(BIN)/cookiecutter: pyproject.toml
	@test -n '$(PYTHON)' || { echo 'No Python from 3.11 on with ensurepip found (on Debian: apt-get install python3-venv).' >&2; exit 1; }
	$(call say,installing uv and cookiecutter …)
	@mkdir -p '$(CACHE)' && $(PYTHON) -m venv '$(VENV)'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --group generate
	@touch $@

$(VENV)/.bench: $(BIN)/cookiecutter pyproject.toml
	$(call say,installing what the benchmarks need …)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --group bench
	@touch $@

$(VENV)/.test: $(BIN)/cookiecutter pyproject.toml
	$(call say,installing the test tools …)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --group test
	@touch $@
