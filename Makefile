# What there is to do here. It needs make, git and Python 3.11 or newer; `make help` lists it.

# The interpreter that .venv is made with: make run PYTHON=/usr/bin/python3.12
PYTHON ?=
# The package index serves Linux a build of torch with CUDA libraries of several GB. TORCH=cpu asks
# for the small build of the same version, and ends with an error rather than with the large one
# where pip finds none; PIP_TORCH_FLAGS are options for that one pip call, such as
# --extra-index-url with the address of PyTorch's CPU wheels.
TORCH ?=
PIP_TORCH_FLAGS ?=
# What tests need besides: TEST_EXTRAS=test,kernels adds triton, for its kernels under an interpreter
TEST_EXTRAS ?= test
# Options for JupyterLab: make lab LAB_FLAGS=--no-browser
LAB_FLAGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# The stamp is named by all that the installation follows from, so it is made anew when that
# changes, and only then; a .venv that was copied from another folder counts as a change.
KEY := $(shell { cat pyproject.toml constraints.txt lmnotes/__init__.py; pwd; } | cksum | tr ' ' -)
STAMP := $(VENV)/installed-$(KEY)
TEST_STAMP := $(STAMP)-$(TEST_EXTRAS)
DOCS_STAMP := $(STAMP)-docs

.DEFAULT_GOAL := help
.PHONY: help run test test-slow lab docs bench install clean distclean

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' Makefile \
	    | awk -F'|' '{ printf "  make %-10s %s\n", $$1, $$2 }'

run: install ## all notebooks on a laptop's settings; then open outputs/index.html
	$(BIN)/lmnotes run --all

# All five are asked, and any of them fails the target; pytest's closing line comes last.
test: export HF_HUB_OFFLINE = 1
test: export OMP_NUM_THREADS = 1
test: export MPLBACKEND = Agg
test: install $(TEST_STAMP) ## lint, format, types, notebooks equal to their text twins, and all tests
	@failed=; \
	$(BIN)/python -m ruff check . || failed="$$failed 'ruff check'"; \
	$(BIN)/python -m ruff format --check . || failed="$$failed 'ruff format --check'"; \
	$(BIN)/python -m mypy || failed="$$failed mypy"; \
	$(BIN)/lmnotes sync --check || failed="$$failed 'lmnotes sync --check'"; \
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadgroup \
	    --no-loadscope-reorder || failed="$$failed pytest"; \
	if [ -n "$$failed" ]; then echo "failed:$$failed" >&2; exit 1; fi

test-slow: export HF_HUB_OFFLINE = 1
test-slow: export OMP_NUM_THREADS = 1
test-slow: export MPLBACKEND = Agg
test-slow: install $(TEST_STAMP) $(DOCS_STAMP) ## the tests that take long: null data under every claim, runs from two empty caches
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist load -m slow tests

lab: install ## JupyterLab on copies of the notebooks, in work/
	$(BIN)/lmnotes lab -- $(LAB_FLAGS)

docs: install $(DOCS_STAMP) ## this project's site, from the runs in outputs/, into docs/_build/html
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

bench: install $(TEST_STAMP) ## the measurements of speed, one after the other
	@for script in benchmarks/[a-z]*.py; do \
	    echo "== $$script"; $(BIN)/python "$$script" || exit 1; \
	done

install: $(STAMP) ## .venv with all dependencies at the tested versions; done once
	@test ! -e .git || git config filter.lmnotes.clean "$(BIN)/lmnotes sync --strip" || true

# torch comes first and alone, so that no other package's requirement chooses its build.
$(STAMP):
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { $(make_venv); }
	$(PIP) install --constraint constraints.txt $(PIP_TORCH_FLAGS) \
	    "$$(grep '^torch==' constraints.txt)$(TORCH:%=+%)"
	$(PIP) install --constraint constraints.txt --editable .
	@rm -f $(VENV)/installed-*
	@touch $@

# What only tests or the site need comes when they are first asked for.
$(STAMP)-%: $(STAMP)
	$(PIP) install --constraint constraints.txt --editable '.[$*]'
	@touch $@

# Where no name is given, the first of these that will do; --clear takes away what is left of a
# .venv that was never finished, or whose interpreter is gone.
define make_venv
for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
        echo "$(VENV): $$("$$python" --version)"; exec "$$python" -m venv --clear $(VENV); \
    fi; \
done; \
echo "$(or $(PYTHON),python3) is $$($(or $(PYTHON),python3) --version 2>&1 | head -n 1);" \
    "expected Python 3.11 or newer: install one, or name it, such as" \
    "PYTHON=/usr/bin/python3.12" >&2; \
exit 1
endef

clean: ## remove outputs, their cache among them, and what builds and tests leave
	find outputs -mindepth 1 -maxdepth 1 ! -name README.md -exec rm -rf {} +
	find . \( -name .git -o -name $(VENV) \) -prune -o -type d \
	    \( -name __pycache__ -o -name .ipynb_checkpoints -o -name '*.egg-info' \) \
	    -prune -exec rm -rf {} +
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache
	rm -rf docs/_build docs/_runs docs/notebooks docs/_static/ledger.css

distclean: clean ## the same, and .venv
	rm -rf $(VENV)
