# `make report` and `make test` work as the first command on a machine with Python 3.11+, make and git.
# The first call makes .venv from requirements.lock; later calls start at once.

READY = .venv/.ready
# Each worker has a core; a second thread of the linear algebra or the engine would only wait. The tests start dozens of
# processes, each of which would compile everything anew where the environment forbids to write bytecode.
ONE_THREAD = PORTFOY_THREADS=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
PYTEST = PYTHONDONTWRITEBYTECODE= $(ONE_THREAD) .venv/bin/python -m pytest -q
SPREAD = -n auto --dist loadscope
# In the order of tests/conftest.py; loading nbval takes seconds in each worker.
TESTS = $(PYTEST) $(SPREAD) --no-loadscope-reorder -p no:nbval

.PHONY: help report lessons docs test engines study check lab bench lock clean

help:
	@echo "make report   the reports on the teaching company, in reports/index.html; ARGS='--language tr' adds options"
	@echo "make lessons  the student editions, the index and the glossary, from notebooks/solutions"
	@echo "make docs     what docs/ shows: a report and a sitting with results, the teacher's page, the README's pictures"
	@echo "make test     unit tests, then the reports and lessons from top to bottom"
	@echo "make engines  the same tables on PostgreSQL and Spark as on DuckDB, where their programs are"
	@echo "make study    tests that draw, kill or measure many times, and the student editions from top to bottom"
	@echo "make check    lint, format, layout and notebook rules; seconds"
	@echo "make lab      JupyterLab at the first lesson, in a folder of your own: my-course"
	@echo "make bench    the benchmarks, each with its peers"
	@echo "make lock     requirements.lock from pyproject.toml; ARGS=--upgrade takes newer versions"
	@echo "make clean    remove .venv and caches; reports stay"

report: $(READY)
	.venv/bin/portfoy report $(ARGS)

lessons: $(READY)
	.venv/bin/portfoy lessons build

docs: $(READY)
	.venv/bin/python docs/make.py
	.venv/bin/python docs/pictures.py

test: $(READY)
	$(TESTS) -m "not engines" $(ARGS)
	$(PYTEST) $(SPREAD) --nbval-lax --nbval-current-env notebooks/reports notebooks/solutions

engines: $(READY)
	$(PYTEST) -p no:nbval -m engines tests/test_engines.py $(ARGS)

study: $(READY)
	$(TESTS) --study -m study tests $(ARGS)
	$(PYTEST) $(SPREAD) --nbval-lax --nbval-current-env notebooks/lessons

check: $(READY)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	$(PYTEST) tests/test_layout.py tests/test_notebooks.py

lab: $(READY)
	.venv/bin/portfoy lab $(ARGS)

bench: $(READY)
	@missed=; for each in opening customers clv reports scale survival leads; do \
	  .venv/bin/python bench/$$each.py || missed="$$missed bench/$$each.py"; done; \
	[ -z "$$missed" ] || { echo "not every target is met:$$missed"; exit 1; }

# uv resolves for every platform and Python from 3.11 on at once; pip can only do the machine it runs on.
lock: $(READY)
	.venv/bin/python -m pip install --quiet --disable-pip-version-check uv
	.venv/bin/python -m uv pip compile pyproject.toml --extra course --group dev --quiet --no-config \
	  --universal --python-version 3.11 --fork-strategy fewest --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
	  --output-file requirements.lock $(ARGS)

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -prune -exec rm -rf {} + -o -name .ipynb_checkpoints -prune -exec rm -rf {} +

# An environment that was copied or moved along with its folder still points at the old place: install again.
ifneq ($(CURDIR),$(shell cat $(READY) 2>/dev/null))
.PHONY: $(READY)
endif

# Bytecode is compiled here and not by pip, which uses one core; without it every start takes twice as long.
# A python is tried by running it: a version manager's shim may exist and fail, Debian's python3 may lack ensurepip.
$(READY): requirements.lock pyproject.toml
	@rm -f $(READY); \
	if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then \
	  for python in python3 python3.13 python3.12 python3.11 python none; do \
	    $$python -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && break; \
	  done; \
	  if [ $$python = none ]; then \
	    echo "make: no usable Python 3.11 or later with venv; install one (Debian, Ubuntu: apt install python3-venv)." >&2; \
	    exit 1; \
	  fi; \
	  $$python -m venv --clear .venv || exit 1; \
	fi
	@echo "Installing the packages into .venv; the first time takes about three minutes."
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.lock
	@.venv/bin/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@pwd -P > $(READY)
