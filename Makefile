# make lab    set up, and open the lessons in JupyterLab
# make test   set up, and check everything
# For students:     student (their edition as a zip)
# For instructors:  instructor (adds nbgrader), new-lesson NAME="...", key (the answer key)
# For maintainers:  lessons (re-execute all), data (rebuild the row-level files and compare),
#                   reviewed (changed words and thresholds were read), audit (planted errors),
#                   weather (bad data, no network, ...), crosscheck (the numbers again, in R),
#                   bench (costs), test-lowest, test-newest

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
NUMBER ?=
NOT_FETCHED = { echo "The packages could not be fetched. Is there a network? Is the disk full?"; \
  echo "When that is mended, run the same command again."; exit 1; }

.PHONY: setup lab test student instructor new-lesson key lessons data crosscheck reviewed audit weather \
        bench test-lowest test-newest

setup: .venv/.ready

.venv/.ready: requirements.lock pyproject.toml jupyterlab.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed. If you have it under another name:"; \
	  echo "  make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments. On Debian or Ubuntu:"; \
	  echo "  sudo apt install python3-venv"; exit 1; }
	@echo "Setting up in .venv (once; about 500 MB):"
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
	@mkdir -p $(LAB_SETTINGS) && cp jupyterlab.json $(LAB_SETTINGS)/overrides.json
	@touch $@

lab: setup
	@echo "Your copies of the lessons are in work/; what you changed there is kept:"
	@$(RUN) -m tools.students work work
	@if [ "$$(id -u)" = 0 ] && ! echo "$(LAB_ARGS)" | grep -q allow-root; then \
	  echo "You are root, and JupyterLab wants to hear that this is meant:"; \
	  echo "  make lab LAB_ARGS=--allow-root"; exit 1; fi
	cd work && ../$(RUN) -m jupyterlab $(LAB_ARGS) 00_start_here.ipynb

test: setup
	$(RUN) -m pytest -n auto --maxprocesses 4 --dist loadfile

lessons: setup
	@$(RUN) -m tools.lessons run

student: setup
	@$(RUN) -m tools.students zip dist/tumor-recurrence-lessons.zip

new-lesson: setup
	@$(RUN) -m tools.authoring new-lesson "$(NAME)" $(if $(NUMBER),--number $(NUMBER))

key: setup
	@$(RUN) -m tools.authoring key

instructor: setup
	@$(BIN)/uv pip install --quiet --python .venv --require-hashes --compile-bytecode \
	  -r instructor.lock || $(RUN) -m pip install --quiet --disable-pip-version-check \
	  --require-hashes -r instructor.lock

audit: setup
	$(RUN) tests/audit/audit.py

weather: setup
	$(RUN) tests/weather/weather.py

reviewed: setup
	$(RUN) tests/audit/reviewed.py --accept

bench: setup
	$(RUN) tools/bench.py

test-newest test-lowest: setup
	$(BIN)/uv venv --quiet --seed --clear --python .venv .venv-$@
	$(BIN)/uv pip install --quiet --python .venv-$@ -r build.in -e '.[test]' \
	  --resolution $(if $(filter %lowest,$@),lowest-direct,highest)
	.venv-$@/$(PROGRAMS)/python -m pytest -n auto --maxprocesses 4 --dist loadfile \
	  --deselect tests/test_setup.py::test_installed_packages_are_the_locked_ones \
	  --deselect tests/test_setup.py::test_pip_takes_the_lock_as_it_stands

crosscheck:
	@command -v Rscript > /dev/null || { echo "skipped: R is not on this machine (on Debian:" \
	  "r-base-core r-cran-survival r-cran-cmprsk r-cran-metafor r-cran-jsonlite)"; exit 0; }; \
	  Rscript tests/r/lessons.R

data: setup
	$(RUN) data/build/build.py --check
