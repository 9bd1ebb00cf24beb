# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Needed: python3 (3.11 or newer) with venv, make, and PyPI. uv is taken from PATH, or put into .tools.

UV_VERSION := 0.13.8
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --locked

.DEFAULT_GOAL := help
.PHONY: help demo install up sync models test test-media fuzz-media test-faults test-seams check \
	bench bench-engine bench-media clean format

help: ## say what can be done
	@grep -hE '^[a-z-]+:.*## ' Makefile deploy.mk | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(UV) ## set everything up, make a clip, convert it, say where the results are
	@$(UV) run --locked --no-dev stereo-spot demo --out demo
	@echo "The command:    make install"

install: $(UV) ## install the `stereo-spot` command for this user
	$(UV) tool install --with ./inference_container[fast-warp] './layers/stereo_spot[local]'

up: $(UV) ## the page and the API on this machine
	@$(UV) run --locked --no-dev stereo-spot serve

sync: $(UV) ## set up everything a developer needs
	$(UV) sync --locked

test: $(UV) ## the whole suite; parts whose tools are missing skip and say why
	$(RUN) pytest -n 2 --dist loadfile

test-media: $(UV) ## the long cases of the media code: big films, hostile files (about 5 minutes)
	$(RUN) pytest tests/media -m long --deselect tests/media/test_fuzz.py

fuzz-media: $(UV) ## N made films of every kind, through cut and join and back (N=200 SEED=1000)
	FUZZ_N=$(or $(N),200) FUZZ_SEED=$(or $(SEED),1000) $(RUN) pytest tests/media/test_fuzz.py -m long -s

test-faults: $(UV) ## the long exploration of the protocol (about 7 minutes)
	$(RUN) pytest tests/faults -m long

test-seams: $(UV) ## the seams of depth over more films and weights (about 5 minutes)
	$(RUN) pytest tests/models/test_seams.py -m long -s

check: $(UV) ## what must be green before a commit
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) cfn-lint template.yaml
	$(RUN) pytest -n 2 --dist loadfile

format: $(UV) ## put the code in shape
	$(RUN) ruff check --fix
	$(RUN) ruff format

models: $(UV) ## add the model tiers' packages and CPU torch to this environment
	$(UV) sync --locked --inexact --group models
	$(UV) pip install --no-config torch==2.13.0 $(if $(PIP_FIND_LINKS),--find-links $(PIP_FIND_LINKS),--torch-backend=auto)

bench: bench-engine bench-media ## the figures of the documents, side by side in one run

bench-engine: $(UV) ## warp, fill, depth and speed against their peers
	$(RUN) python -m benchmarks.engine

bench-media: $(UV) ## cut and join of a 2 GB film; beside ffmpeg where FFMPEG names one
	$(RUN) python -m benchmarks.media --kind mp4 $(if $(FFMPEG),--ffmpeg $(FFMPEG))

include deploy.mk

clean: ## remove what the targets made
	rm -rf .venv .tools demo dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.tools/bin/uv:
	@command -v python3 >/dev/null || { echo "python3 is needed (3.11 or newer)"; exit 1; }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "python3 is older than 3.11"; exit 1; }
	@python3 -m venv .tools || { echo "python3's venv is needed (Debian: apt-get install python3-venv)"; exit 1; }
	@.tools/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(shell command -v uv 2>/dev/null):
