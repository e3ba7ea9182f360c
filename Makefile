# `make help` says what there is. Rarer jobs are commands in CONTRIBUTING.md.

PYTHON ?= python3
ifeq ($(OS),Windows_NT)
PROGRAMS = Scripts
else
PROGRAMS = bin
endif
BIN = .venv/$(PROGRAMS)
RUN = $(BIN)/python
LAB_SETTINGS = .venv/share/jupyter/lab/settings
LAB_ARGS ?=
LESSON ?=
WORK ?= work
FROM ?=
TO ?=
NUMBER ?=
PYODIDE ?=
# The stamp is named after what was installed, so that a changed lock is noticed whatever its date.
READY = .venv/.ready-$(shell cat requirements.lock pyproject.toml jupyterlab.json | cksum | tr ' ' -)
SITE_READY = .venv-site/.ready-$(shell cat tools/site/site.lock 2>/dev/null | cksum | tr ' ' -)
LIVE_READY = .venv-live/.ready-$(shell cat tools/live/live.lock 2>/dev/null | cksum | tr ' ' -)
NOT_FETCHED = { echo "The packages could not be installed (the reason is above). Is there a network?"; \
  echo "Is the disk full? Is this a Python that they exist for, 3.11 to 3.14?"; $(RUN) --version; \
  echo "When that is mended, run the same command again."; exit 1; }

# Settings of pip that send packages elsewhere than into .venv do not hold here.
export PIP_USER = 0
unexport PIP_TARGET PIP_PREFIX PYTHONHOME

.PHONY: help setup lab carry afresh export test check lessons student instructor new-lesson key bench r data \
        site site-solutions live

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## the virtual environment .venv, from the locked packages

$(READY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed. If you have it under another name:"; \
	  echo "  make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments. On Debian or Ubuntu:"; \
	  echo "  sudo apt install python3-venv"; exit 1; }
	@echo "Setting up in .venv (once; about 1 GB):"
	@echo "  1/3 a virtual environment"
	@$(PYTHON) -m venv --clear .venv
	@echo "  2/3 the locked packages, each checked against its hash"
	@awk '/^[^ #]/ {wanted = /^uv==/} wanted' requirements.lock > .venv/uv.txt
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r .venv/uv.txt || $(NOT_FETCHED)
	@$(BIN)/uv pip install --quiet --python .venv --require-hashes --compile-bytecode \
	  -r requirements.lock || { echo "  uv could not; trying pip, which takes longer"; \
	  $(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r requirements.lock || $(NOT_FETCHED); }
	@echo "  3/3 the lessons' own library"
	@$(BIN)/uv pip install --quiet --python .venv --no-deps --no-build-isolation -e . || \
	  $(RUN) -m pip install --quiet --disable-pip-version-check --no-deps \
	  --no-build-isolation -e .
	@$(RUN) -m compileall -q utils
	@mkdir -p $(LAB_SETTINGS) && cp jupyterlab.json $(LAB_SETTINGS)/overrides.json
	@touch $@

lab: setup ## open the lessons in JupyterLab, in work/ (or WORK=FOLDER)
	@$(RUN) -m tools.students lab "$(WORK)" $(LAB_ARGS)

carry: setup ## take your answers into the newer lesson: LESSON=03 (FROM=FILE)
	@$(RUN) -m tools.students carry "$(WORK)" "$(LESSON)" $(if $(FROM),"$(FROM)")

afresh: setup ## start a lesson again, what you had is kept beside: LESSON=03
	@$(RUN) -m tools.students afresh "$(WORK)" "$(LESSON)"

# Two runs: nbval under --cov would measure inside every kernel.
PARALLEL = -n auto --maxprocesses 4 --dist loadfile
test: setup ## run every lesson and every test
	@$(RUN) -m pytest tests $(PARALLEL) --cov; tests=$$?; \
	  $(RUN) -m pytest notebooks $(PARALLEL) && exit $$tests

check: setup ## format, lint, types, docstrings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(RUN) -m pytest -q tests/project/test_docstrings.py

lessons: setup ## run the lessons again and keep their outputs (LESSON=06 for one)
	@$(RUN) -m tools.lessons run $(LESSON)

student: setup ## the students' edition as a zip, in dist/
	@$(RUN) -m tools.students zip dist/tumor-recurrence-lessons.zip

instructor: setup ## add nbgrader, for grading
	@$(BIN)/uv pip install --quiet --python .venv --require-hashes --compile-bytecode \
	  -r instructor.lock || $(RUN) -m pip install --quiet --disable-pip-version-check \
	  --require-hashes -r instructor.lock

new-lesson: setup ## a lesson from the template: NAME="..."
	@$(RUN) -m tools.authoring new-lesson "$(NAME)" $(if $(NUMBER),--number $(NUMBER))

export: setup ## one lesson with what it needs, tested there: LESSON=06 TO=FOLDER
	@$(RUN) -m tools.authoring export "$(LESSON)" "$(TO)"

key: setup ## the answer key, in instructor/
	@$(RUN) -m tools.authoring key

bench: setup ## what each lesson costs
	$(RUN) -m tools.bench

r: setup ## every stored R value computed again (needs R)
	$(RUN) tests/r/regenerate.py --check

data: setup ## the row-level files built again and compared
	$(RUN) data/build/build.py --check

site: setup $(SITE_READY) ## the site, in dist/site/ (with the edition of dist/live/ under it)
	@$(RUN) -m tools.site.build dist/site $(if $(wildcard dist/live/index.html),--live dist/live)

site-solutions: setup $(SITE_READY) ## the instructors' site, in dist/site-solutions/
	@$(RUN) -m tools.site.build dist/site-solutions --solutions

$(SITE_READY): | setup
	@echo "Setting up in .venv-site what draws the site (once; about 430 MB)"
	@$(BIN)/uv venv --quiet --clear --python .venv .venv-site
	@$(BIN)/uv pip install --quiet --python .venv-site --require-hashes --compile-bytecode \
	  -r tools/site/site.lock || $(NOT_FETCHED)
	@touch $@

live: setup $(LIVE_READY) ## the edition that runs in a browser, in dist/live/ (PYODIDE=FOLDER)
	@$(RUN) -m tools.live.build dist/live $(if $(PYODIDE),--pyodide "$(PYODIDE)")

$(LIVE_READY): | setup
	@echo "Setting up in .venv-live what builds the edition for browsers (once; about 250 MB)"
	@$(BIN)/uv venv --quiet --clear --python .venv .venv-live
	@$(BIN)/uv pip install --quiet --python .venv-live --require-hashes --compile-bytecode \
	  -r tools/live/live.lock || $(NOT_FETCHED)
	@touch $@
