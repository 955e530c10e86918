# make run, make test and make lab need Python 3.11 or later and nothing else: they install into .venv on first use.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
FOR_TESTS := $(VENV)/.installed_for_tests

# Without bytecode every start of Python compiles torch and matplotlib anew: 6 s each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run lab test test-package test-notebooks test-browser notebooks race growth lint clean
.NOTPARALLEL:

help:
	@echo "make run        install if needed, run the particle chapter, print its numbers"
	@echo "make lab        install if needed, open the chapters in JupyterLab"
	@echo "make test       all tests: the package and its examples, every chapter, the browser"
	@echo "make notebooks  execute all chapters in place, as they are committed"
	@echo "make race       our optimiser beside others, an hour and more: writes README.md's table (RACE=--quick after it: 5 minutes)"
	@echo "make growth     how time and memory grow with data and models: ten minutes"
	@echo "make lint       style (ruff) and types (mypy)"
	@echo "make clean      remove .venv and caches (runs/ stays)"
	@echo "PYTHON=python3.12 after any of them names another Python for .venv"

run: $(INSTALLED)
	$(BIN)/ggd run 03_particle

lab: $(INSTALLED)
	$(BIN)/ggd lab

# All three parts run, whatever fails before; the exit code says whether any did.
test: $(FOR_TESTS)
	@$(MAKE) --no-print-directory --keep-going test-package test-notebooks test-browser

# One thread each, for the two workers share the cores. The package's own files hold examples (doctests), and no tests.
# Each worker begins with a half of the tests in their order, so that what a file's tests share is made once.
test-package: $(FOR_TESTS)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests ggd_helpers --doctest-modules --ignore=tests/browser \
		-n 2 --dist worksteal

# The last chapters first, for they take longest: the workers end together.
test-notebooks: $(INSTALLED)
	OMP_NUM_THREADS=1 PYTHONPATH=tests/notebooks $(BIN)/python -m pytest -p patience \
		--nbval --nbval-sanitize-with tests/notebooks/sanitize.cfg \
		--nbval-current-env --nbval-cell-timeout=300 -n 2 --dist loadfile --no-loadscope-reorder \
		$(shell ls -r notebooks/*.ipynb)

test-browser: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/browser -n 2 --dist loadfile

notebooks: $(INSTALLED)
	$(BIN)/python -c "from ggd_helpers.batch import refresh; refresh()"

# One thread: all opponents take turns on one core.
race: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python tests/benchmarks/race.py $(RACE)

growth: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python tests/benchmarks/growth.py

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find ggd_helpers tests notebooks \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +

# A recent pip halves the time; without --no-compile, 45 s more go into files that nobody imports.
$(INSTALLED): pyproject.toml tests/constraints.txt
	@command -v $(PYTHON) > /dev/null || { echo "make: there is no $(PYTHON) here: install Python 3.11 or later, or name one with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: Python 3.11 or later is needed and this is $$($(PYTHON) --version): install one, or name one with make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { echo "make: $(PYTHON) cannot make virtual environments: install its venv module (Debian, Ubuntu: sudo apt-get install python3-venv)" >&2; exit 1; }
	@echo "Installing into $(VENV): a minute or two, about 2 GB (several more with CUDA)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade -c tests/constraints.txt pip
	$(BIN)/python -m pip install --no-compile -c tests/constraints.txt -e ".[dev]"
	@touch $@

# nbgrader, for exercises: only tests and teachers need it.
$(FOR_TESTS): $(INSTALLED)
	$(BIN)/python -m pip install --no-compile -c tests/constraints.txt -e ".[dev,class]"
	@touch $@
