# All that a fresh clone needs is python3 (3.11 or later, with venv), make and git; uv is fetched where it is missing.

UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
# the stamp has seen to .venv; to look again before each command would cost seconds
RUN := $(UV) run --no-sync
STAMP := .venv/.installed

# compiled once at installation, so that starting is quick where Python may not write bytecode
export UV_COMPILE_BYTECODE = 1

# what pip-audit asks of each package: where nobody answers, as on many a mirror, it would say that all is well
ASK_PYPI := import requests as r; r.get(f"https://pypi.org/pypi/requests/{r.__version__}/json", timeout=15).json()["info"]

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo serve compiled test test-slow test-browser check audit messages clean

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1: \2/p' $(firstword $(MAKEFILE_LIST))

install: $(STAMP) ## put the locked dependencies into .venv

demo: $(STAMP) ## invent a casino's complaints, replay half a year of them and show what the service finds
	@$(RUN) feedback demo

serve: $(STAMP) ## open the dashboard on the demo's data, which is made first if need be; at another port with PORT=8001
	@test -f var/demo/feedback.db || $(RUN) feedback demo
	@$(RUN) feedback demo-serve $(if $(PORT),--port $(PORT))

# the tests start the command hundreds of times: where Python may not write bytecode, each would compile it anew
compiled: $(STAMP)
	@$(RUN) python -m compileall -q feedback models jobs

test: compiled ## run the tests, on SQLite and on a PostgreSQL of their own
	$(RUN) pytest -m "not slow and not browser" -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test-slow: compiled ## run the tests that take minutes
	$(RUN) pytest -m "slow and not browser" || [ $$? -eq 5 ]  # 5: there is none

test-browser: compiled ## run the tests that drive Chromium, which must be installed
	$(RUN) pytest -m browser

check: $(STAMP) ## lint, formatting, types, and which package may import which
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) lint-imports

audit: $(STAMP) ## look for insecure code, and for known holes in what is installed where PyPI can be asked
	$(RUN) bandit -q -r feedback models jobs -c pyproject.toml
	@if $(RUN) python -c '$(ASK_PYPI)' 2>/dev/null; then \
		$(RUN) pip-audit --local --skip-editable --progress-spinner off; \
	else \
		echo 'pip-audit was left out: it asks https://pypi.org/pypi/NAME/VERSION/json, which does not answer from here.'; \
	fi

messages: $(STAMP) ## bring the catalogues in feedback/locale up to date with what the sources say
	$(RUN) pybabel -q extract -F pyproject.toml --no-location --sort-output -c Translators: -o .messages.pot feedback
	$(RUN) pybabel -q update -i .messages.pot -d feedback/locale -D feedback -w 120 \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	rm .messages.pot

clean: ## remove the environment and what tools left behind; var/ with its data stays
	rm -rf .venv .uv dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find feedback models jobs tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml uv.lock | $(UV)
	$(UV) sync --locked
	@touch $@

.uv/bin/uv:
	@command -v python3 >/dev/null || { echo 'python3 is missing: install Python 3.11 or later.' >&2; exit 1; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "python3 is $$(python3 -V 2>&1), 3.11 or later is needed; if you have one, put it first on the PATH." >&2; exit 1; }
	@python3 -m venv .uv || { rm -rf .uv; \
		echo 'python3 cannot make a virtual environment: install its venv package (Debian, Ubuntu: python3-venv).' >&2; exit 1; }
	@.uv/bin/python -m pip install --quiet uv || { rm -rf .uv; \
		echo 'uv could not be installed; pip says why above. Or install uv yourself and try again.' >&2; exit 1; }
