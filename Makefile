# `make demo` and `make test` are all a newcomer needs; both set up .venv first where it is not there.
PYTHON ?= python3
VENV := .venv/bin

.PHONY: help setup demo test check bench lock litert clean

help:
	@echo "make demo    the whole loop on a film rendered on the spot, ending in a report"
	@echo "make test    every check, and all tests but the longest, which CI runs too"
	@echo "make bench   every benchmark; one of them with NAME=sparse"
	@echo "make check   format, lint and types only"
	@echo "make litert  the environment that 'rushes export --litert' converts in (6 GB)"

setup:
	@$(PYTHON) setup_env.py

demo: setup
	@$(VENV)/rushes demo demo

check: setup
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/mypy

test: check
	OMP_NUM_THREADS=1 $(VENV)/python -m pytest -n 2 --dist worksteal -q -m "not longer"

bench: setup
	@$(VENV)/python -m benchmarks $(NAME)

litert:
	@$(PYTHON) setup_env.py litert

lock: setup
	@requirements/lock.sh

clean:
	rm -rf .venv .venv-uv .venv-litert demo
