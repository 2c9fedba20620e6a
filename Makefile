# The front door of Coil OS: every target sets up what it needs, then calls `coil`.
#
#   make run                       BOARD=mps2|host  APP=folder  ARGS="options for the command"

PYTHON ?= python3
BOARD = mps2
APP =
ARGS =

SETUP = $(PYTHON) tools/bootstrap.py
BIN = .venv/bin

KNOWN = BOARD APP ARGS PYTHON MICROPYTHON_DIR COIL_MICROPYTHON COIL_BUILD COIL_CACHE
GIVEN = $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name)))
ifneq ($(filter-out $(KNOWN),$(GIVEN)),)
$(error nothing is called $(filter-out $(KNOWN),$(GIVEN)) here; make takes $(KNOWN))
endif

# The firmware's makefiles have variables of these names, too, and must not inherit ours.
unexport BOARD APP ARGS PYTHON MAKEFLAGS MFLAGS

.DEFAULT_GOAL = help
.PHONY: help setup run repl build size bench test soak lint doctor lock clean distclean

help:
	@echo 'make run          boot Coil OS on an emulated Cortex-M board, with a live REPL'
	@echo 'make test         run every test; ARGS="-k console -x" goes to pytest'
	@echo 'make soak         the tests that take minutes, at full size; results in docs/soak.md'
	@echo 'make repl         a prompt on the board that runs already'
	@echo 'make build        build the firmware; APP=examples/blinky for an application'
	@echo 'make size         flash and RAM of the firmware, module by module'
	@echo 'make bench        count instructions; compare with the previous run'
	@echo 'make doctor       check this machine and say how to mend what is wrong'
	@echo 'make lint         style and likely mistakes, as the tests want them'
	@echo 'make lock         pin the newest Python packages that pyproject.toml allows'
	@echo 'make clean        remove build/, and with it the file systems of the boards'
	@echo 'make distclean    remove .venv, too'
	@echo 'with BOARD=host for a board that is a process of this machine; boards: coil boards'

setup:
	@$(SETUP)

run build: setup
	@$(BIN)/coil $@ --board $(BOARD) $(if $(APP),"$(APP)") $(ARGS)

size: setup
	@$(BIN)/coil size --board $(BOARD) $(if $(APP),--app "$(APP)") $(ARGS)

bench: setup
	@$(BIN)/coil bench --board $(BOARD) $(ARGS)

repl: setup
	@$(BIN)/coil repl $(ARGS)

test: setup
	@$(BIN)/pytest -n auto --dist loadfile --rerun-show-tracebacks --max-suite-reruns 3 $(ARGS)

# What make test does with less, such as 200 power cuts instead of 20. Results: docs/soak.md.
soak: setup
	@COIL_SOAK=1 $(BIN)/pytest -m soak $(ARGS)

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check

# Leaves the system's packages alone: to say what lacks is what the doctor is for.
doctor:
	@$(SETUP) --no-packages
	@$(BIN)/coil doctor $(ARGS)

# uv resolves for all systems and Python versions at once, which pip cannot.
lock: setup
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install -q uv
	echo setuptools | build/lock/bin/uv pip compile -q --universal --python-version 3.11 \
	    --upgrade --extra test --generate-hashes --no-header --no-annotate --no-emit-index-url \
	    pyproject.toml - -o build/lock/pins
	{ echo '# Every Python package that a set-up installs, for Python 3.11 to 3.13.'; \
	  echo '# Made by "make lock" from pyproject.toml; tools/bootstrap.py installs it.'; \
	  cat build/lock/pins; } > requirements.lock

clean:
	rm -rf build

distclean: clean
	rm -rf .venv tools/coiltools.egg-info .pytest_cache .ruff_cache
