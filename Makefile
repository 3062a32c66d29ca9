# make        set-up and the main job, a summary at the end
# make help   all targets
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.DEFAULT_GOAL := all
.PHONY: all help env corpus model plots repro summary test test-cluster check bench fuzz lint readme deps constraints clean

all: repro summary  ## environment, sample corpus, model, dvc repro, a summary table (the default)

help:  ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)$$/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

env: $(VENV)/.run  ## the virtual environment in .venv, as tested (constraints.txt)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "cybersieve wants Python 3.11 or newer: make PYTHON=…")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements_optimized.txt constraints.txt pyproject.toml | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements_optimized.txt -c constraints.txt
	@touch $@

$(VENV)/.dev: requirements_dev.txt requirements_fit.txt requirements_server.txt $(VENV)/.run
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements_dev.txt -c constraints.txt
	@touch $@

$(VENV)/.cluster: requirements_cluster.txt $(VENV)/.dev
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements_cluster.txt -c constraints.txt
	@touch $@

corpus: $(VENV)/.run  ## raw_data/: the sample corpus, unless a corpus of your own is there
	$(PY) stages/prepare_corpus.py

model: $(VENV)/.run  ## the verifier's model, in the per-user cache
	$(PY) stages/prepare_model.py --output models/model.json

plots: $(VENV)/.run  ## the script that draws `dvc plots show`, so that it works offline
	$(PY) stages/prepare_plots.py

repro: corpus model plots  ## run the pipeline: only what changed
	$(VENV)/bin/dvc repro

summary: $(VENV)/.run  ## the figures of the last run
	@$(PY) -m cybersieve summary

test: $(VENV)/.dev corpus model  ## the test suite
	$(PY) -m pytest -n 2 --dist loadfile

test-cluster: $(VENV)/.cluster corpus model  ## the tests that need Ray and an S3 server (both on this machine): some minutes
	$(PY) -m pytest tests/cluster

fuzz: $(VENV)/.dev  ## half an hour of fuzzing parse; inputs and findings in .fuzz/; LEGS=1 for five minutes
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements_fuzz.txt -c constraints.txt
	for leg in $$(seq $(or $(LEGS),6)); do $(PY) -m tests.fuzz_parse .fuzz -max_total_time=305 -timeout=25 \
		-rss_limit_mb=900 -artifact_prefix=.fuzz/ || exit 1; done

lint: $(VENV)/.dev  ## ruff and mypy alone
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

check: lint  ## linter, types, and that documents and code agree
	$(PY) -m pytest -q tests/test_docs.py

bench: $(VENV)/.dev .venv-bench/.done corpus model  ## every comparison, to docs/benchmarks.md; BENCH=--quick or --full
	$(PY) -m bench.all $(BENCH)

.venv-bench/.done: requirements_bench.txt requirements_fit.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r requirements_bench.txt
	@touch $@

readme: $(VENV)/.run  ## write README's headline table from metrics.json
	$(PY) tests/readme.py

deps: $(VENV)/.dev  ## write every imported module into dvc.yaml's deps
	$(PY) tests/imports.py

constraints: $(VENV)/.cluster  ## pin what is installed now as what was tested
	$(PY) -m pip freeze --exclude-editable > constraints.txt

clean:  ## remove outputs, keep raw data, environment and caches
	rm -rf data plots performance performance.json filtered_data
