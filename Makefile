# make        set-up and the main job, a summary at the end
# make help   all targets
PYTHON ?= python3
unexport PYTHON  # make would hand it on, and start-simple-server.sh take it for the one to start with
VENV := .venv
PY := $(VENV)/bin/python
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.DEFAULT_GOAL := all
.PHONY: all help env corpus model plots repro summary test test-lowest test-cluster test-faults check bench bench-verify fuzz lint readme deps constraints lock licences audit sbom clean

all: repro summary  ## environment, sample corpus, model, dvc repro, a summary table (the default)

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(VENV)/.run  ## the virtual environment in .venv, as tested, every download checked by hash (locks/)

PIP := $(PY) -m pip install --quiet --disable-pip-version-check
LOCKED := $(PIP) --no-deps --require-hashes

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14) and "cybersieve wants Python 3.11 to 3.14: make PYTHON=…")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: locks/optimized.txt pyproject.toml | $(VENV)/bin/python
	$(LOCKED) -r locks/optimized.txt
	$(PIP) --no-deps -e .
	@touch $@

$(VENV)/.dev: locks/dev.txt $(VENV)/.run
	$(LOCKED) -r locks/dev.txt
	@touch $@

$(VENV)/.cluster: locks/cluster.txt $(VENV)/.dev
	$(LOCKED) -r locks/cluster.txt
	@touch $@

$(VENV)/.supply: requirements_supply.txt | $(VENV)/bin/python
	$(PYTHON) -m venv $(VENV)/supply
	$(VENV)/supply/bin/python -m pip install --quiet --disable-pip-version-check -r requirements_supply.txt
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

test-lowest: $(VENV)/.supply corpus model  ## the tests with the oldest versions allowed of what a run, the server and fitting need
	$(VENV)/supply/bin/uv venv --quiet --clear --seed --python $(VENV)/bin/python .venv-lowest
	$(VENV)/supply/bin/uv pip install --quiet --python .venv-lowest --resolution lowest-direct \
		-r requirements_optimized.txt -r requirements_server.txt -r requirements_fit.txt
	$(VENV)/supply/bin/uv pip install --quiet --python .venv-lowest -r requirements_dev.txt
	PATH="$(CURDIR)/.venv-lowest/bin:$$PATH" PYTHON=$(CURDIR)/.venv-lowest/bin/python .venv-lowest/bin/python -m pytest -n 2 --dist loadfile

test-cluster: $(VENV)/.cluster corpus model  ## the tests that need Ray and an S3 server (both on this machine): some minutes
	$(PY) -m pytest tests/cluster

test-faults: $(VENV)/.dev corpus model  ## kills, full disks, damaged files: some 10 minutes; writes docs/reliability.md
	$(PY) -m pytest -n 2 --dist worksteal -o python_files='fault_*.py' tests/faults

fuzz: $(VENV)/.dev  ## half an hour of fuzzing parse; inputs and findings in .fuzz/; MINUTES=5 for less
	$(LOCKED) -r locks/fuzz.txt
	end=$$(($$(date +%s) + 60 * $(or $(MINUTES),30))); while left=$$((end - $$(date +%s))); [ $$left -gt 0 ]; do \
		$(PY) -m tests.fuzz_parse .fuzz -max_total_time=$$left -runs=5000 -timeout=25 -rss_limit_mb=3000 \
		-artifact_prefix=.fuzz/ || exit 1; done

lint: $(VENV)/.dev  ## ruff and mypy alone
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

check: lint  ## linter, types, and that documents and code agree
	$(PY) -m pytest -q tests/test_docs.py

bench: $(VENV)/.dev .venv-bench/.done corpus model  ## every comparison, to docs/benchmarks.md; BENCH=--quick or --full
	$(PY) -m bench.all $(BENCH)

bench-verify: $(VENV)/.dev .venv-bench/.done corpus model  ## the verifier beside generate, batch_generate and llama.cpp
	PYTHONPATH="$(CURDIR):$$($(PY) -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')" \
		.venv-bench/bin/python bench/verify.py

.venv-bench/.done: requirements_bench.txt requirements_fit.txt bench/juicer.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r requirements_bench.txt
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r bench/juicer.txt
	@touch $@

readme: $(VENV)/.run  ## write README's headline table from metrics.json
	$(PY) tests/readme.py

deps: $(VENV)/.dev  ## write every imported module into dvc.yaml's deps
	$(PY) tests/imports.py

constraints: $(VENV)/.cluster  ## pin what is installed now as what was tested
	$(PY) -m pip freeze --exclude-editable > constraints.txt

lock: $(VENV)/.supply  ## write locks/: versions of constraints.txt, with the hashes of every file for every platform
	for file in requirements_*.txt; do name=$${file#requirements_}; $(VENV)/supply/bin/uv pip compile --quiet --universal \
		--python-version 3.11 --generate-hashes --no-annotate --no-emit-package cybersieve -c constraints.txt \
		--custom-compile-command "make lock" $$file -o locks/$$name || exit 1; done

licences: $(VENV)/.cluster  ## write docs/licences.md: what is installed, under which licence
	$(PY) tests/licences.py

audit: $(VENV)/.supply  ## ask the public databases for known vulnerabilities of what is locked (wants the web)
	$(VENV)/supply/bin/pip-audit --disable-pip --require-hashes $(foreach lock,$(wildcard locks/*.txt),-r $(lock))

sbom: $(VENV)/.supply  ## sbom.json: what a run is made of, as CycloneDX
	$(VENV)/supply/bin/cyclonedx-py requirements locks/optimized.txt --pyproject pyproject.toml \
		--output-reproducible --of JSON -o sbom.json

clean:  ## remove outputs, keep raw data, environment and caches
	rm -rf data plots performance performance.json filtered_data
